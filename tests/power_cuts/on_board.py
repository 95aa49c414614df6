"""Run one sweep inside MicroPython; started by tests/power_cuts/__main__.py.

    micropython on_board.py FOLDER[:FOLDER...] MODULE EVERY OFFSET

Prints the number of points, or MicroPython's traceback and ends with 1.
"""

import sys


def main(folders, module, every, offset):
    # Only what a board would have: never this machine's packages.
    sys.path[:] = folders.split(":") + [".frozen"]  # noqa: RUF005 - MicroPython has no [*a]
    print(__import__(module, None, None, ("sweep",)).sweep(int(every), int(offset)))


main(*sys.argv[1:])
