"""The end of an agent's life at the console: it starts anew, or is taken off its machine and starts with nothing."""

from __future__ import annotations

from agent.console_lines import MALFORMED, Declined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console

    Told = dict[str, Any]


async def answer(console: Console, request: Told, line: bytes) -> Told:
    """Answer reboot or erase: it is put on record, answered, and then done. Raises: Declined."""
    desk, erase = console.desk, request["cmd"] == "erase"
    if erase and request.get("agent") != desk.loop.state.agent_id.hex():
        raise Declined(MALFORMED, "agent: expected this agent's id, as identify tells it", 0)
    why_not = desk.host.may_erase() if erase else ""
    if why_not:
        raise Declined("refused", why_not, 0)
    await desk.put_on_record(line)
    console.afterwards(lambda: desk.host.leave(erase))
    return {"restarts": True}
