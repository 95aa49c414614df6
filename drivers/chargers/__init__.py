"""Charging points for electric vehicles."""
