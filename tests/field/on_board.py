"""Call one function inside MicroPython; started by the programs beside this one.

micropython on_board.py FOLDER[:FOLDER...] MODULE FUNCTION ARGUMENT...
"""

import sys


def main(folders, module, name, *arguments):
    # Only what a board would have: never this machine's packages.
    sys.path[:] = folders.split(":") + [".frozen"]  # noqa: RUF005
    getattr(__import__(module, None, None, (name,)), name)(*arguments)


main(*sys.argv[1:])
