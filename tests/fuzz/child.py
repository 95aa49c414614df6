"""Fuzzes one target, guided by coverage: started by tests/fuzz/__main__.py.

    python -m tests.fuzz.child TARGET LIBFUZZER-OPTION...

Source: atheris, libFuzzer. Only our own rooms are instrumented, and only what is imported inside the block.
"""

from __future__ import annotations

import logging
import sys

import atheris

ROOMS = ["agent", "boards", "drivers", "hal", "tools"]

with atheris.instrument_imports(include=ROOMS, enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main(name: str, options: list[str]) -> None:
    """Fuzz until an option ends it."""
    run = TARGETS[name][0]
    logging.disable()  # a refusal each time, thousands a second
    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


main(sys.argv[1], sys.argv[2:])
