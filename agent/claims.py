"""What somebody wants: per device and mode the lowest primacy wins, a tie goes to the later created.

A loser keeps the modes that the winner does not set. A claim without an end is a default control: whatever has an
end goes before it, and it is there again afterwards, also after the power was off.

Source: IEEE 2030.5-2018 section 10.10.4 (DERControl primacy, superseding, DefaultDERControl), as cited in the
design notes.
"""

from __future__ import annotations

from hal.compat import const

CLAIMS_MAX = const(32)  # of all devices together, each held in memory and in the kept state

# Modes. A change and a target want the same thing of one scope, in two ways: they compete.
SETPOINT = const(0)  # a device, in the unit of its control quantity
CEILING = const(1)  # a device, the same unit: at most
TARGET = const(2)  # the site or a circuit, W at its meter
CHANGE = const(3)  # the site or a circuit, W against what its meter showed before


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
        self.from_ms = 0
        self.from_civil_ms = 0  # the same on the civil clock, 0 while that was unknown
        self.until_civil_ms = 0
        self.ends_as = 0  # what is said at its end; 0: what its time says
        self.drawn = False  # chance moved its start
        self.ramp_ms = 0  # how long it takes from what was to what is wanted
        self.due = True  # its time has come; False: it waits for it
        self.started = False
        self.started_ms = 0  # when its ramp began
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
        same = self.scope == before.scope and self.mode == before.mode
        if self.due and before.started and same and self.value == before.value and self.ramp_ms == before.ramp_ms:
            self.base, self.origin, self.started_ms = before.base, before.origin, before.started_ms


def slot(mode: int) -> int:
    """Return what a mode competes for."""
    return TARGET if mode == CHANGE else mode


def winner(claims: list[Claim], scope: int, mode: int = SETPOINT) -> Claim | None:
    """Return the due claim that decides a mode's slot for `scope`, None where nobody wants anything."""
    found: Claim | None = None
    for claim in claims:
        if claim.scope == scope and claim.due and slot(claim.mode) == mode and (found is None or claim.beats(found)):
            found = claim
    return found
