"""Which key signs, and how far another is that follows: what the console and `siteward key rotate` tell."""

from __future__ import annotations

from agent.rotation import BEGUN, is_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console
    from agent.ledger import Ledger
    from agent.rotation import Rotation
    from hal.ports import Signer

STEPS = ("waiting", "begun", "switched", "ended")


async def answer(console: Console, _request: dict[str, Any], _line: bytes) -> dict[str, Any]:
    """Answer keys."""
    loop = console.desk.loop
    return {"keys": keys_of(loop.ledger, loop.signer, loop.session.rotation)}


def keys_of(ledger: Ledger, signer: Signer, rotation: Rotation | None) -> dict[str, Any]:
    """Return which key signs and how far the next one is; `seq` is what agent/rotation.py keeps with a step."""
    found: dict[str, Any] = {"agent": ledger.agent_id.hex(), "key": signer.key_id.hex()}
    if rotation is None:
        found.update({"next_key": None, "step": None, "seq": None, "lost": False, "over": False})
        return found
    found.update({
        "next_key": rotation.new.key_id.hex(),
        "step": STEPS[rotation.step],
        "seq": rotation.seq,
        "lost": rotation.step == BEGUN and rotation.seq < ledger.released_seq,
        "over": is_over(ledger, rotation.step, rotation.seq),
    })  # fmt: skip
    return found
