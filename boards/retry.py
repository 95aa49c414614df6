"""When to try the uplink again.

Full jitter under a ceiling that is an eighth of the outage so far, 1 s at least and 300 s at most: a broker that was
away for seconds is found again within one, a fleet whose broker was away for hours comes back spread over minutes.
The randomness is the system's: boards that lost power together must not draw alike.
"""

from __future__ import annotations

import os

CEILING_MS_MIN = 1000
CEILING_MS_MAX = 300000
FLOOR_MS = 50
STEADY_MS = 10000  # a link that lasted less does not end an outage


def ceiling_ms(outage_ms: int) -> int:
    """Return the longest wait after the link has been down for `outage_ms`."""
    return min(max(outage_ms >> 3, CEILING_MS_MIN), CEILING_MS_MAX)


def retry_ms(outage_ms: int) -> int:
    """Return how long to wait before the next attempt."""
    return FLOOR_MS + int.from_bytes(os.urandom(4), "big") % ceiling_ms(outage_ms)
