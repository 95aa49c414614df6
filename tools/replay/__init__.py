"""Plays a flight recorder's tape again, on either runtime, and makes a test of an incident."""
