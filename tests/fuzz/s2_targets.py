"""What a CEM says to each kind of device, message by message: refused with a reason, or in bounds."""

from __future__ import annotations

import json

from boards.cpython.s2.book import ORDERS_MAX
from boards.cpython.s2.session import Ended
from tests.s2.play import BATTERY, CHARGER, Play

_NOW_MS = 1700049600000


def cem(raw: bytes) -> None:
    """Whatever comes in its lines, what is asked of the devices stays in their bounds, and every refusal says why."""
    for index in (BATTERY, CHARGER):
        play = Play(index)
        play.begin()
        try:
            for line in raw.split(b"\n")[:20]:
                play.hear_raw(line)
            play.session.tick(_NOW_MS + 1000, {})
        except Ended:
            pass
        assert len(play.book.taken) <= ORDERS_MAX
        assert all(play.unit.allows(step.amount) for step in play.book.steps())
        answers = [each for each in play.out if each["message_type"] == "ReceptionStatus" and each["status"] != "OK"]
        assert all(each["diagnostic_label"] for each in answers)


def cem_seeds() -> list[bytes]:
    """Return conversations with instructions for a battery and a charger."""
    found = []
    for index, kind in ((BATTERY, "FRBC.Instruction"), (CHARGER, "PEBC.Instruction")):
        play = Play(index)
        play.begin()
        fields = {"id": "order-1", "execution_time": "2023-11-15T12:00:00Z", "abnormal_condition": False}
        if index == BATTERY:
            fields |= {"actuator_id": play.resource.name("actuator"), "operation_mode": play.mode("charge")}
            fields |= {"operation_mode_factor": 0.5}
        else:
            element = {"duration": 900000, "upper_limit": 6900, "lower_limit": 0}
            quantity = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"
            envelope = {"id": "en", "commodity_quantity": quantity, "power_envelope_elements": [element]}
            fields |= {"power_constraints_id": play.resource.name("constraints"), "power_envelopes": [envelope]}
        order = {"message_type": kind, "message_id": "m-1", **fields}
        revoke = {"message_type": "RevokeObject", "message_id": "m-2", "object_type": kind, "object_id": "order-1"}
        found.append(b"\n".join(json.dumps(each).encode() for each in (order, revoke, order | {"id": "order-2"})))
    return found
