"""Run contracts inside MicroPython over one of its adapters; started by tests/ports/board.py.

    micropython on_board.py FOLDER[:FOLDER...] CONTRACTS TEST BENCH ARGUMENT...

Ends with 0 when the contract holds, else with MicroPython's traceback.
"""

import asyncio
import sys


def main(folders, contracts, name, bench, *arguments):
    # Only what a board would have: never this machine's packages.
    sys.path[:] = folders.split(":") + [".frozen"]  # noqa: RUF005 - MicroPython has no [*a]
    module, _, bench = bench.rpartition(".")
    benches = __import__(module or "tests.ports.board_benches", None, None, (bench,))
    contract = getattr(__import__(contracts, None, None, (name,)), name)
    outcome = contract(getattr(benches, bench)(*arguments))
    if hasattr(outcome, "send"):
        asyncio.run(outcome)


main(*sys.argv[1:])
