"""What every adapter of a port promises, as plain functions that run on both runtimes.

Each takes a bench, which holds the adapter under test and what is needed to put it into a situation.
"""
