"""The second verifier: one HTML page in plain JavaScript that judges evidence in a browser, offline.

`source/` holds its modules, its frame and its style; `assemble.py` makes one file of them whenever it is given away.
"""
