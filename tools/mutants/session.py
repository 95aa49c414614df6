"""One module's mutations and what became of them, kept between runs in cosmic-ray's own session file.

While the module stays as it is, a killed mutant stays killed; survivors get another chance as soon as any other
file has changed, because a new test may kill them. A changed module begins anew.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import shlex
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import attrs
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tools.mutants.mutations import Sieve, function_at, mutated
from tools.mutants.tree import MutantsError, Test, command

TIMEOUT_S_MIN = 5
TIMEOUT_FACTOR = 4  # of what the tests took in the survey, which slows them already


@dataclass(frozen=True)
class Survivor:
    """A mutation that no test noticed."""

    line: int
    before: str
    after: str


@dataclass
class Score:
    """What became of one module's mutations."""

    module: str
    killed: int
    survivors: list[Survivor]
    left_out: dict[str, int]

    @property
    def killed_pm(self) -> int:
        """Per mille of the mutations that were put to the tests; 1000 where there are none."""
        tried = self.killed + len(self.survivors)
        return self.killed * 1000 // tried if tried else 1000


class Session:
    """The mutations of one module of a copied tree."""

    def __init__(self, folder: Path, tree: Path, module: str) -> None:
        self.module = module
        self.source = (tree / module).read_text(encoding="utf-8")
        self._path = tree / module
        self._file = folder / (module.replace("/", "-").removesuffix(".py") + ".sqlite")
        self._stamp = self._file.with_suffix(".json")

    @contextlib.contextmanager
    def _database(self) -> Iterator[WorkDB]:
        with use_db(str(self._file), WorkDB.Mode.create) as database:
            yield database

    def prepare(self, tree_print: str, fresh: bool) -> None:
        """Begin anew where the module changed, forget survivors where anything else did."""
        stamp = {"module": hashlib.sha256(self.source.encode()).hexdigest(), "tree": tree_print}
        known = json.loads(self._stamp.read_text()) if self._stamp.exists() else {}
        if fresh or known.get("module") != stamp["module"]:
            self._stamp.unlink(missing_ok=True)
            self._file.unlink(missing_ok=True)
            self._begin()
        elif known != stamp:
            with sqlite3.connect(self._file) as file:
                file.execute("DELETE FROM work_results WHERE test_outcome = ?", (TestOutcome.SURVIVED.name,))
        self._stamp.write_text(json.dumps(stamp))

    def _begin(self) -> None:
        sieve = Sieve(self.source)
        with self._database() as database:
            init([self._path], database, {})
            for item in sorted(database.work_items, key=_place):
                why = sieve.left_out(item.mutations[0])
                if why:
                    database.set_result(item.job_id, WorkResult(WorkerOutcome.SKIPPED, output=why))

    def pending(self) -> list[WorkItem]:
        """Return what is still to be put to the tests, from the first line to the last."""
        with self._database() as database:
            return sorted(database.pending_work_items, key=_place)

    def keep(self, item: WorkItem, result: WorkResult) -> None:
        """Note what became of a mutation. Raises: MutantsError, if it could not even be tried."""
        if result.worker_outcome != WorkerOutcome.NORMAL:
            raise MutantsError(f"{self.module}: {result.output}")
        with self._database() as database:
            database.set_result(item.job_id, result)

    def tests_for(self, item: WorkItem, tests: list[Test]) -> list[Test]:
        """Return the tests that enter the mutated function, or for a line outside any, those that enter the module."""
        function = function_at(self.source, item.mutations[0].start_pos[0])
        if function is not None:
            return [test for test in tests if (self.module, function) in test.entered]
        return [test for test in tests if any(file == self.module for file, _ in test.entered)]

    def score(self) -> Score:
        """Return what became of all mutations so far."""
        killed, survivors, left_out = 0, [], Counter[str]()
        with self._database() as database:
            done = database.completed_work_items
        for item, result in sorted(done, key=lambda pair: _place(pair[0])):
            if result.worker_outcome == WorkerOutcome.SKIPPED:
                left_out[result.output or ""] += 1
            elif result.is_killed:
                killed += 1
            else:
                survivors.append(self._survivor(item))
        return Score(self.module, killed, survivors, dict(left_out))

    def _survivor(self, item: WorkItem) -> Survivor:
        after = mutated(self.source, item.mutations[0]).splitlines()
        changes = list(difflib.unified_diff(self.source.splitlines(), after, n=0, lineterm=""))[3:]
        before = " ".join(line[1:].strip() for line in changes if line.startswith("-"))
        return Survivor(
            item.mutations[0].start_pos[0], before, " ".join(line[1:].strip() for line in changes if line[0] == "+")
        )


def put_to_the_tests(tree: Path, module: str, item: WorkItem, tests: list[Test]) -> WorkResult:
    """Mutate a module in one copy, run the tests, put it back. Nothing kills what no test enters."""
    if not tests:
        return WorkResult(WorkerOutcome.NORMAL, output="entered by no test", test_outcome=TestOutcome.SURVIVED)
    here = [attrs.evolve(mutation, module_path=tree / module) for mutation in item.mutations]
    timeout_s = TIMEOUT_S_MIN + TIMEOUT_FACTOR * sum(test.took_ms for test in tests) // 1000
    return mutate_and_test(here, shlex.join(command(tree, *[test.name for test in tests])), timeout_s)


def _place(item: WorkItem) -> tuple[tuple[int, int], str, int]:
    mutation = item.mutations[0]
    return tuple(mutation.start_pos), mutation.operator_name, mutation.occurrence
