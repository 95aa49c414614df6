"""Drivers and Modbus against what nobody here wrote: pymodbus, struct, recordings, simulated products."""
