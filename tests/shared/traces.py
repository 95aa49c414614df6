"""What the core grants and says in every tick of a seed's run, as one hash: equal on every runtime.

tests/test_same_traces.py compares them.
"""

from __future__ import annotations

import hashlib

from agent import cbor
from tests.shared.test_core_seeded import Run


def trace(seed: int, ticks: int) -> str:
    """Return the SHA-256 of all grants and records of a run, in hex."""
    run = Run(seed)
    digest = bytes(32)
    for _ in range(ticks):
        facts = run.tick()
        grants = [list(grant) for grant in run.plant.state.grants]
        digest = hashlib.sha256(digest + cbor.encode([run.plant.now_ms, grants, facts])).digest()
    return digest.hex()
