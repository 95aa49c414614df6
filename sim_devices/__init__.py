"""Simulated homes: physics behind, the real protocols in front, on a real socket or pseudo-terminal.

Imports nothing of Siteward. Every register fact was transcribed here a second time from the maker's
document or the source that each product's module names, so a wrong address cannot agree with itself.
Nothing here was ever compared with hardware: see docs/simulators.md.
"""
