"""What somebody wants: per device the lowest primacy wins, a tie goes to the later created.

Source: IEEE 2030.5-2018 section 10.10.4 (DERControl primacy and superseding), as cited in the design notes.
"""

from __future__ import annotations

from hal.compat import const

CLAIMS_MAX = const(32)  # of all devices together, each held in memory and in the kept state


class Claim:
    """A set-point for one device, in the unit of its control quantity, until `until_ms`."""

    def __init__(
        self, device: int, setpoint: int, primacy: int, created: int, source: str, until_ms: int, command: bytes
    ) -> None:
        self.device = device
        self.setpoint = setpoint
        self.primacy = primacy
        self.created = created  # order of admission, rising for ever
        self.source = source
        self.until_ms = until_ms
        self.command = command
        self.until_civil_ms = 0
        self.started = False

    def beats(self, other: Claim) -> bool:
        """Tell whether this claim goes before `other` on the same device."""
        return (self.primacy, -self.created) < (other.primacy, -other.created)


def winner(claims: list[Claim], device: int) -> Claim | None:
    """Return the claim that decides for `device`, None where nobody wants anything."""
    found: Claim | None = None
    for claim in claims:
        if claim.device == device and (found is None or claim.beats(found)):
            found = claim
    return found
