"""Batteries behind their inverters."""
