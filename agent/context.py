"""What settlement asks of a reading beside what was measured: who set the device, and whether its owner stood aside.

Source: docs/format.md, `context`. The states of vehicle and charge and temperatures are quantities of the reading.
"""

from __future__ import annotations

from agent import record
from agent.claims import CEILING, SETPOINT, aside, winner
from agent.orders import OWNER_PRIMACY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.state import State
    from agent.unit import Unit


def context_of(state: State, unit: Unit) -> dict[int, object]:
    """Return the context of a reading that ends now; empty for what cannot be set or was not yet."""
    if not unit.source:
        return {}
    context: dict[int, object] = {record.SETPOINT: unit.setpoint, record.SOURCE: unit.source}
    found = [winner(state.claims, unit.index, mode) for mode in (SETPOINT, CEILING)]
    for claim in found + [aside(state.claims, unit.index)]:
        if claim is not None and claim.primacy == OWNER_PRIMACY:
            context[record.OPTED_OUT] = True
    return context
