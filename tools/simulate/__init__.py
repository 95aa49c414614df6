"""A whole site from one seed: the real agent on a virtual clock, simulated products behind in-memory lines.

Nothing here looks at a wall clock, opens a socket or a file: the same seed gives the same journal, byte for byte.
premises and events say what there is and what happens; world lets it happen; rules judge every second of it.
"""
