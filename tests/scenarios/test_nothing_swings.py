"""A site on which nothing happens comes to rest: no set-point is written for the sake of writing."""

from __future__ import annotations

from agent import record
from tests.scenarios.worlds import small_site
from tools.simulate.rules import all_rules
from tools.simulate.rules.base import Rule
from tools.simulate.signer import Keys
from tools.simulate.world import World

RUN_MS = 1_200_000
WRITES_MAX = 20  # at boot, and when a load that was held down rises: it was a hundred when set-points swung


class Writes(Rule):
    """Remembers the set-points that devices took once the site could have come to rest."""

    name = "writes"

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[object]]] = []

    def told(self, world: World, fact: list[object]) -> None:
        if fact[0] == record.WRITE and fact[-1] != "shutdown":
            self.seen.append((world.now_ms, fact))


def test_a_site_on_which_nothing_happens_comes_to_rest():
    keys, writes = Keys(1, real=False), Writes()
    World(small_site(keys), [], keys, [*all_rules(), writes]).run(RUN_MS)
    assert len(writes.seen) <= WRITES_MAX
