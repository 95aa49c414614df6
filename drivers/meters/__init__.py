"""Meters measure and have nothing to set."""
