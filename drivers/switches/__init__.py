"""Contacts that switch a load."""
