"""An owner who says anything at any time, beside everybody else, from a seed: the rules of the whole core hold."""

from __future__ import annotations

from agent import snapshot
from agent.claims import ASIDE
from agent.kept import dump, load
from agent.owner import AWAY, BOOST, COMFORT, DEPARTURE, OPT_OUT, Owner
from agent.state import State
from tests.shared.house import AGENT_ID
from tests.shared.seeded import Senders
from tests.shared.test_core_seeded import Run, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TICKS = 700
WORD = 8


class Speaking(Senders):
    """Says words as often as everything else."""

    def _body(self, now_s: int) -> tuple[int, list[Any]]:
        lcg = self.lcg
        if lcg.chance(2):
            return Senders._body(self, now_s)
        word = lcg.below(9)
        body = [word, lcg.pick(["", "", "charger", "heatpump", "battery", "sgready", "nobody"])]
        if word in (BOOST, OPT_OUT, AWAY):
            body.append(1 + lcg.below(200))
        elif word == DEPARTURE:
            body += [1700000000 + lcg.below(2000), lcg.pick([0, 5000])]
        elif word == COMFORT:
            body += [lcg.pick([None, 500, 6000]), lcg.pick([None, 3000, 16000])]
        if lcg.chance(12):
            body[lcg.below(len(body))] = self._garbage()
        return WORD, body


class Home(Run):
    """A site whose owner may speak in words."""

    opted_out = 0

    def boot(self) -> None:
        """Begin an epoch; the owner is there as after every start."""
        if not isinstance(self.senders, Speaking):
            self.senders = Speaking(self.lcg)
        Run.boot(self)
        state = self.plant.state
        state.owner = Owner("home", 20000, {"heatpump": 500, "charger": 0}, {"heatpump": 4000})
        state.owner.settle(state)

    def tick(self) -> list[list[Any]]:
        """Let a second pass; while the owner stands aside nothing that others want is done."""
        facts = Run.tick(self)
        state = self.plant.state
        for claim in state.claims:
            for index in claim.takes if claim.mode == ASIDE and claim.started else []:
                self.opted_out += 1
                assert index < 0 or state.units[index].wanted_source not in ("claim agg", "claim console")
        return facts


def holds(seed: int) -> bool:
    """Run one site, then keep and copy what is left of it."""
    home = Home(seed)
    try:
        for _ in range(TICKS):
            home.tick()
        home.check_journal()
        state = home.plant.state
        assert snapshot.pack(snapshot.unpack(snapshot.pack(state))) == snapshot.pack(state)
        again = State(state.site, units(), AGENT_ID, state.epoch + 1, 60, 10000)
        load(again, dump(state), home.plant.civil_ms)
        assert (again.away, again.comforts) == (state.away, state.comforts)
    except Exception:
        print("seed", seed, "tick", len(home.plant.seen_w))
        raise
    return home.opted_out > 100


def test_what_an_owner_says_breaks_no_rule_of_the_core():
    assert all(holds(seed) for seed in (5, 10))
