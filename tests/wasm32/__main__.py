"""`make wasm32`: every shared test in the 32-bit MicroPython, also those that take long; ARGS names some files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.wasm32 import fetch, plan
from tests.wasm32.node import image_of_tests, run_jobs


def main(asked: list[str]) -> int:
    """Run the files, print a line for each and what failed."""
    if not fetch.is_here():
        fetch.fetch()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        image = image_of_tests(Path(folder) / "tests.romfs")
        for file in asked or plan.files():
            ran = run_jobs(plan.jobs_of(file), image)
            print(f"{file:40} {len(ran):3} tests {sum(each.cpu_s for each in ran):6.1f} s CPU", flush=True)
            for each in ran:
                if not each.passed:
                    failed += 1
                    print(f"{each.test}:\n{each.said}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
