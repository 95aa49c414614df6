"""`make linked`: every shared test on the linked agent, of which `make test` runs some files; ARGS names some."""

from __future__ import annotations

import sys

from tests.footprint.linked import made, said_by
from tests.needs import ROOT


def main(asked: list[str]) -> int:
    """Run the files, print a line for each and what failed."""
    made({})
    failed = 0
    for suite in asked or sorted(file.stem for file in (ROOT / "tests" / "shared").glob("test_*.py")):
        said = said_by(suite)
        print(f"{suite:40} {len(said):3} tests", flush=True)
        for test, what in said.items():
            if what != "ok":
                failed += 1
                print(f"{test}:\n{what}")
    print("all passed" if not failed else f"{failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
