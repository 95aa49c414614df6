"""Room thermostats."""
