"""Whether what a site's devices have to keep over a reboot fits into one frame of the journal, of 65 535 bytes.

Limits, claims, reservations, prices, an owner's words and what sources keep are bounded each, together below 28 400;
what is left beside both is for the counters of keys that were replaced.
"""

from __future__ import annotations

from agent.unit import Unit
from boards.startup import StartError

_BYTES_MAX = 36500
_DEVICE_BYTES = 31  # an id, writes, tokens, whether it rests
_START_BYTES = 3  # of each start of the last hour


def check_room(units: list[Unit]) -> None:
    """Raises: StartError: one sentence with the figure that exceeds."""
    moved = [unit for unit in units if unit.contract.control]
    needed = sum(_DEVICE_BYTES + _START_BYTES * unit.guard.starts_per_h for unit in moved)
    if needed > _BYTES_MAX:
        raise StartError(
            f"starts_per_h: the starts of {len(moved)} devices are {needed} bytes to keep over a reboot,"
            f" and {_BYTES_MAX} have room: lower some, or make it two sites"
        )
