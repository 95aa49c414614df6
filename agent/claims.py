"""What somebody wants: per device and mode the lowest primacy wins, a tie goes to the later created.

A loser keeps the modes that the winner does not set. A claim without an end is a default control: whatever has an
end goes before it, and it is there again afterwards, also after the power was off. While an owner stands aside, only
owners' claims count.

Source: IEEE 2030.5-2018 section 10.10.4 (DERControl primacy, superseding, DefaultDERControl), as cited in the
design notes.
"""

from __future__ import annotations

from agent.limits import SITE
from hal.compat import const

CLAIMS_MAX = const(32)  # of all devices together, each held in memory and in the kept state

# Modes. A change and a target want the same thing of one scope, in two ways: they compete.
SETPOINT = const(0)  # a device, in the unit of its control quantity
CEILING = const(1)  # a device, the same unit: at most
TARGET = const(2)  # the site or a circuit, W at its meter
CHANGE = const(3)  # the site or a circuit, W against what its meter showed before
# An owner's words (agent/owner.py), which take every matter of a scope.
ASIDE = const(4)  # a device, or all on a circuit or the site: it does what it does when nobody asks
OWN = const(5)  # a device: as SETPOINT, and no ceiling holds
# What a target may be met by, if not by everything: batteries alone, which do one of these or both.
CHARGES = const(1)
GIVES_POWER = const(2)


class Claim:
    """A wish for one device, a circuit or the site, until `until_ms`; 0 never ends."""

    def __init__(
        self, scope: int, wanted: int, primacy: int, created: int, source: str, until_ms: int, command: bytes,
        mode: int = SETPOINT,
    ) -> None:  # fmt: skip
        self.scope = scope
        self.value = wanted
        self.primacy = primacy
        self.created = created  # order of admission, rising for ever
        self.source = source
        self.name = "claim " + source
        self.until_ms = until_ms
        self.command = command
        self.mode = mode
        self.batteries = 0  # of a target: what it may be met by; 0: by everything
        self.from_ms = 0
        self.from_civil_ms = 0  # the same on the civil clock, 0 while that was unknown
        self.until_civil_ms = 0
        self.ends_as = 0  # what is said at its end; 0: what its time says
        self.drawn = False  # chance moved its start
        self.ramp_ms = 0  # how long it takes from what was to what is wanted
        self.due = True  # its time has come; False: it waits for it
        self.started = False
        self.out = False  # its owner opted out of it while it was in force
        self.started_ms = 0  # when its ramp began
        self.takes: list[int] = []  # scopes of which an owner's word takes every matter
        self.owners = False  # an owner said it; not known of what was kept over a reboot, as sources speak anew
        self.base: int | None = None  # what a change counts from; None: not known yet
        self.origin: int | None = None  # what a ramp begins at; None: there is none

    def beats(self, other: Claim) -> bool:
        """Tell whether this claim goes before `other` on the same matter."""
        if (self.until_ms == 0) is not (other.until_ms == 0):
            return other.until_ms == 0
        if self.primacy != other.primacy:
            return self.primacy < other.primacy
        return self.created > other.created

    def value_at(self, now_ms: int) -> int:
        """Return what is wanted now: on its way from `origin` while a ramp lasts."""
        wanted, gone_ms = self.value + (self.base or 0), now_ms - self.started_ms
        if self.origin is None or gone_ms >= self.ramp_ms:
            return wanted
        return self.origin + (wanted - self.origin) * gone_ms // self.ramp_ms

    def goes_on(self, before: Claim) -> None:
        """Take over where `before` is, if that was at it and wanted the same: its ramp, and what it counts from."""
        same = self.scope == before.scope and self.mode == before.mode and self.batteries == before.batteries
        if self.due and before.started and same and self.value == before.value and self.ramp_ms == before.ramp_ms:
            self.base, self.origin, self.started_ms = before.base, before.origin, before.started_ms


def places(claims: list[Claim]) -> int:
    """Return how many places claims take besides the one that only an opt-out of the whole site takes."""
    return len([each for each in claims if each.mode != ASIDE or each.scope != SITE])


def slot(mode: int) -> int:
    """Return what a mode competes for."""
    return TARGET if mode == CHANGE else SETPOINT if mode >= ASIDE else mode


def aside(claims: list[Claim], scope: int) -> Claim | None:
    """Return the newest word by which a scope's owner stands aside from what others want, None where there is none."""
    found: Claim | None = None
    for claim in claims:
        if claim.mode == ASIDE and claim.due and scope in claim.takes and (found is None or claim.beats(found)):
            found = claim
    return found


def is_out(claims: list[Claim], claim: Claim, first: Claim | None) -> bool:
    """Tell whether an owner's word keeps a claim from its turn, which comes again; `first` is the one that decides."""
    return (first is not None and first.mode >= ASIDE) or aside(claims, claim.scope) is not None


def winner(claims: list[Claim], scope: int, mode: int = SETPOINT) -> Claim | None:
    """Return the due claim that decides a mode's slot for `scope`, None where nobody wants anything."""
    found: Claim | None = None
    for claim in claims:
        if claim.due and ((claim.scope == scope and slot(claim.mode) == mode) or scope in claim.takes):
            if claim.mode == ASIDE:
                return _owners(claims, scope, mode)
            if found is None or claim.beats(found):
                found = claim
    return found


def _owners(claims: list[Claim], scope: int, mode: int) -> Claim | None:
    """Return an owner's claim that decides, else the word by which the owner stands aside."""
    owners = [each for each in claims if each.owners and each.mode != ASIDE]
    found = winner(owners, scope, mode)
    return aside(claims, scope) if found is None else found
