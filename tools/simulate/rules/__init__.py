"""What must hold at every look of every run. One small class a rule."""

from __future__ import annotations

from tools.simulate.rules.base import Broken, Rule
from tools.simulate.rules.bounds import Bounded
from tools.simulate.rules.care import ChargeKept, ComfortKept, TimersKept
from tools.simulate.rules.electric import CircuitFusesHeld, ExportHeld, FusesHeld, ImportHeld, SocBounded
from tools.simulate.rules.evidence import Acknowledged, CountersRise, PagesVerify, PrefixKept
from tools.simulate.rules.failsafe import FailsafeEntered, FailsafeLeft, FallbackKept
from tools.simulate.rules.leases import Leased
from tools.simulate.rules.markets import OneProgramme
from tools.simulate.rules.peers import PeersGoOn, RefusalsExplained, SetsMakeSense, SourceHeld
from tools.simulate.rules.wear import WearBudget

RULES: tuple[type[Rule], ...] = (
    ImportHeld, FusesHeld, CircuitFusesHeld, ExportHeld, SocBounded, TimersKept, ChargeKept, ComfortKept,
    Leased, FailsafeEntered, FallbackKept, FailsafeLeft,
    Bounded, WearBudget, OneProgramme,
    PeersGoOn, RefusalsExplained, SourceHeld, SetsMakeSense,
    PrefixKept, Acknowledged, CountersRise, PagesVerify,
)  # fmt: skip


def all_rules() -> list[Rule]:
    """Return every rule, each new."""
    return [rule() for rule in RULES]


__all__ = ("RULES", "Broken", "Rule", "all_rules")
