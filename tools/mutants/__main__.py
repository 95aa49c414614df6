"""`make mutants`: change the safety core token by token and see whether the shared tests notice.

Exit code 0 when every module kills at least 90 % of its mutants, 1 when one kills less, 2 when the tests fail
without any mutation or cannot be run, 130 for Ctrl-C: what was done by then is kept, the next run goes on from there.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from cosmic_ray.work_item import WorkItem, WorkResult

from tools.mutants import operators, report
from tools.mutants.session import Score, Session, put_to_the_tests
from tools.mutants.tree import ROOT, MutantsError, Test, compiled_but, copy_to, survey

MODULES = (
    "agent/limits.py",
    "agent/claims.py",
    "agent/protection.py",
    "agent/circuits.py",
    "agent/target.py",
    "agent/fair.py",
    "agent/schedule.py",
    "agent/orders.py",
    "agent/kept.py",
    "agent/phases.py",
    "agent/allocate.py",
    "agent/cover.py",
    "agent/curtail.py",
    "agent/delay.py",
    "agent/failsafe.py",
    "agent/unit.py",
    "agent/actuator.py",
    "agent/reserve.py",
    "agent/prices.py",
    "agent/owner.py",
)
KILLED_PM_MIN = 900
JOBS = 2
FOLDER = ROOT / "build" / "mutants"
GOOD, TOO_FEW, UNTESTED, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Put the mutants of some modules, or of all, to the tests."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as in agent/limits.py; default: the safety core")
    parser.add_argument(
        "--tests",
        action="append",
        default=[],
        metavar="NAME",
        help="only this file, as in test_limits; may be repeated",
    )
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"mutants at once (default: {JOBS})")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="for copies and what was found; one run at a time in each"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(argv)
    modules = tuple(asked.modules) or MODULES
    missing = [module for module in modules if not (ROOT / module).is_file()]
    if missing:
        parser.error(f"no such module: {', '.join(missing)}")
    if asked.jobs < 1:
        parser.error("--jobs is at least 1")
    tests = tuple(name.removesuffix(".py").rpartition("/")[2] for name in asked.tests)
    operators.register()
    try:
        with alone(asked.folder.resolve()) as folder:
            scores = measure(folder, modules, tests, asked.fresh, asked.jobs)
    except KeyboardInterrupt:
        return INTERRUPTED
    except MutantsError as error:
        print(f"siteward: {error}", file=sys.stderr)
        return UNTESTED
    print(json.dumps(report.as_json(scores), indent=1) if asked.json else report.as_text(scores))
    return GOOD if all(score.killed_pm >= KILLED_PM_MIN for score in scores) else TOO_FEW


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """Keep others out of a folder meanwhile. Raises: MutantsError, if somebody is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MutantsError(f"another run is at work in {folder}: wait, or take another --folder") from None
        yield folder


def measure(folder: Path, modules: tuple[str, ...], files: tuple[str, ...], fresh: bool, jobs: int) -> list[Score]:
    """Return what became of the mutants of each module before the tests of some files, or all. Raises: MutantsError."""
    trees = [folder / f"tree-{number}" for number in range(jobs)]
    tree_print = copy_to(trees[0])
    for tree in trees[1:]:
        if copy_to(tree) != tree_print:
            raise MutantsError("files changed while they were copied: try again")
    tests = survey(trees[0], files)
    for tree in trees:
        compiled_but(tree, modules)
    scores = []
    for module in modules:
        session = Session(folder, trees[0], module)
        session.prepare(" ".join([tree_print, *sorted(files)]), fresh)
        pending = session.pending()
        with _workers(trees) as workers:
            _work_off(session, pending, tests, workers)
        scores.append(session.score())
    return scores


class Workers:
    """As many threads as there are copies; each mutant has a copy of its own while it is tested."""

    def __init__(self, pool: ThreadPoolExecutor, trees: list[Path]) -> None:
        self._pool = pool
        self._free: SimpleQueue[Path] = SimpleQueue()
        for tree in trees:
            self._free.put(tree)

    def submit(self, module: str, item: WorkItem, tests: list[Test]) -> Future[WorkResult]:
        """Test a mutant as soon as a copy is free."""
        return self._pool.submit(self._run, module, item, tests)

    def _run(self, module: str, item: WorkItem, tests: list[Test]) -> WorkResult:
        tree = self._free.get()
        try:
            return put_to_the_tests(tree, module, item, tests)
        finally:
            self._free.put(tree)


@contextmanager
def _workers(trees: list[Path]) -> Iterator[Workers]:
    pool = ThreadPoolExecutor(len(trees))
    try:
        yield Workers(pool, trees)
    finally:
        pool.shutdown(cancel_futures=True)


def _work_off(session: Session, pending: list[WorkItem], tests: list[Test], workers: Workers) -> None:
    running = {workers.submit(session.module, item, session.tests_for(item, tests)): item for item in pending}
    survived = 0
    for done, future in enumerate(as_completed(running), start=1):
        result = future.result()
        session.keep(running[future], result)
        survived += not result.is_killed
        if done % 20 == 0 or done == len(running):
            print(f"{session.module}: {done} of {len(running)}, {survived} survive", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
