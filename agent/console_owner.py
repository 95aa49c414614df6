"""The owner's words at the console: each is a command of kind 8; what is in force is told to whoever may look.

Source: docs/format.md, `word_body`; docs/owner.md. Loaded when asked.
"""

from __future__ import annotations

from agent import record, told
from agent.console_lines import Declined, text, whole
from agent.owner import AWAY, BOOST, COMFORT, DEPARTURE, ENERGY_WH_MAX, FOR_S_MAX, OPT_OUT
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console
    from agent.state import State

    Told = dict[str, Any]

_WORD = const(8)
_NUMBER_MAX = const(1000000)
_MOMENT_MAX = const(1 << 40)
NAMES = "boost|opt-out|opt-in|away|back|departure|comfort"  # in the order of their numbers


async def answer(console: Console, request: Told, line: bytes) -> Told:
    """Answer words or owner. Raises: Declined."""
    desk = console.desk
    state = desk.loop.state
    if state.owner is None:
        raise Declined("refused", "this site has no [[source]] of kind owner", 0)
    if request["cmd"] == "words":
        return words(state, desk.loop.clock.now_ms())
    body = _body(request)
    reason = await desk.order(line, _WORD, body)
    if reason != record.ACCEPTED:
        raise Declined("refused", "%s %s: %s" % (request["word"], body[1], desk.host.word(reason)), 0)
    return words(state, desk.loop.clock.now_ms())


def words(state: State, now_ms: int) -> Told:
    """Return what the owner has said that is in force, and what each device named in it is to do."""
    owner = state.owner
    assert owner is not None
    claims = [each for each in state.claims if each.source == owner.name]
    said = []
    for each in claims:
        one = told.claim(state, each, now_ms)
        one["scope"], one["away"] = state.name_of(each.scope), each.command == state.away
        said.append(one)
    return {
        "owner": owner.name,
        "claims": said,
        "comforts": {name: list(state.comforts[name]) for name in sorted(state.comforts)},
        "departures": {name: list(state.departure_of(name) or ()) for name in sorted(state.departures)},
        "devices": [
            [unit.id, unit.contract.control, unit.setpoint, unit.source, list(unit.comfort)]
            for unit in state.units
            if unit.contract.control
        ],
        "away": sorted(owner.away),
    }


def _body(request: Told) -> list[Any]:
    """Return the body of a word. Raises: Declined."""
    names = NAMES.split("|")
    said = text(request, "word")
    if said not in names:
        raise Declined("malformed", "word: expected one of " + ", ".join(names), 0)
    word = names.index(said) + 1
    body: list[Any] = [word, text(request, "device") if "device" in request else ""]
    if word == DEPARTURE:
        energy_wh = whole(request, "energy_wh", 0, ENERGY_WH_MAX)
        return body + [whole(request, "at_s", 0, _MOMENT_MAX, 0), energy_wh]
    if word == COMFORT:
        return body + [_bound(request, "lowest"), _bound(request, "highest")]
    if word in (BOOST, OPT_OUT, AWAY):
        return body + [whole(request, "for_s", 1, FOR_S_MAX)]
    return body


def _bound(request: Told, key: str) -> int | None:
    return None if request.get(key) is None else whole(request, key, -_NUMBER_MAX, _NUMBER_MAX)
