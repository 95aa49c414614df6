"""What draws, makes, stores and measures power in a home, in plain numbers stepped by `step(dt_s)`.

No clock, no socket, no randomness: the same steps give the same home. Positive power flows from
the grid into the site, or from the site into the part (consumption).
"""
