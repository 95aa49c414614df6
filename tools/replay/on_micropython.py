"""Play a tape inside MicroPython; started by tools/replay/play.py.

    micropython on_micropython.py LIBRARY LISTING

LISTING names the segments, oldest first, one a line. Prints one event a line as JSON.
"""

import json
import sys


def main(library: str, listing: str) -> None:
    # Only what a board would have: never this machine's packages.
    sys.path[:] = [library, ".frozen"]
    from agent.replay import Replay

    replay = Replay(lambda event: print(json.dumps(event)))
    with open(listing) as names:  # noqa: PTH123  (there is no pathlib)
        paths = names.read().split("\n")
    for path in paths:
        with open(path, "rb") as segment:  # noqa: PTH123  (there is no pathlib)
            replay.play(path.split("/")[-1], segment.read())
    replay.end()


main(*sys.argv[1:])
