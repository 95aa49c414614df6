"""The control pilot between a charging point and a vehicle."""
