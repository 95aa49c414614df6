"""Say where a traceback of a board's image really points: `python -m tools.trace IMAGE.lines < traceback`.

An image's modules are joined and their names shortened (tools/link.py); what it prints names its own lines. Each
`File "module", line N` becomes the source's file, line and function; everything else passes as it is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

_PLACE = re.compile(r'File "([\w.]+)", line (\d+), in \S+')


def readable(text: str, lines: dict[str, list[tuple[int, str, int, str]]]) -> str:
    """Return a traceback with the places of the sources; `lines` as tools.image wrote them."""

    def source(found: re.Match[str]) -> str:
        name, number = found[1], int(found[2])
        before = [row for row in lines.get(name, []) if row[0] <= number]
        if not before:
            return found[0]
        _, module, line, function = before[-1]
        return f'File "{module.replace(".", "/")}.py", line {line}, in {function or "<module>"}'

    return _PLACE.sub(source, text)


def main(argv: list[str] | None = None) -> int:
    """Read a traceback from the standard input, print it readable."""
    parser = argparse.ArgumentParser(prog="python -m tools.trace", description=__doc__.splitlines()[0])
    parser.add_argument("lines", type=Path, help="what tools.image left beside the image")
    asked = parser.parse_args(argv)
    sys.stdout.write(readable(sys.stdin.read(), json.loads(asked.lines.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
