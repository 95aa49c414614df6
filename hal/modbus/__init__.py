"""Modbus as products speak it: frames, point tables, one queue per bus, checked writes."""
