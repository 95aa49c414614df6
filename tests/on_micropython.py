"""Run one file of tests inside MicroPython; started by tests/conftest.py, one process per file.

    micropython on_micropython.py FOLDER[:FOLDER...] MODULE TEST...

Prints `@@ TEST ok` or `@@ TEST failed` and the traceback. A process that dies leaves the rest unreported.
"""

import asyncio
import gc
import sys


def run(test):
    asyncio.new_event_loop()  # tasks outlive asyncio.run here: docs/architecture.md, "Two runtimes"
    outcome = test()
    if hasattr(outcome, "send"):
        asyncio.run(outcome)


def report(name, error):
    if error is None:
        print("@@", name, "ok")
    else:
        print("@@", name, "failed")
        sys.print_exception(error, sys.stdout)


def main(folders, module, *names):
    # Only what a board would have: never this machine's packages.
    sys.path[:] = folders.split(":") + [".frozen"]
    __import__(module)
    for name in names:
        gc.collect()
        error = None
        try:
            run(getattr(sys.modules[module], name))
        except BaseException as caught:  # noqa: BLE001  (a test may raise anything, SystemExit too)
            error = caught
        report(name, error)


main(*sys.argv[1:])
