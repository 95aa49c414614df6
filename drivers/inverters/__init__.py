"""Inverters that only feed in."""
