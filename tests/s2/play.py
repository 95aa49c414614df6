"""A device's session with a CEM that a test plays, without a wire: behind the desk, which takes all, stands a house."""

from __future__ import annotations

import json
from types import SimpleNamespace

from agent.command import Authority
from agent.image import Image, Sample
from agent.unit import Contract, Unit
from boards.cpython.s2.book import Book
from boards.cpython.s2.offers import resource_of
from boards.cpython.s2.session import Session
from boards.cpython.s2.storages import Plugged
from hal import capabilities
from hal import quantities as q
from tests.openadr.documents import NOON_MS
from tests.shared.house import House, row

CHARGER, PUMP, BATTERY = 1, 2, 3
OK = ("ReceptionStatus", "OK")
CONTENT = ("ReceptionStatus", "INVALID_CONTENT")
SG = (capabilities.SG_READY, (1, 4, 1))
CONTACT = (capabilities.SWITCH, (0, 1, 1))
HEAT_PUMP = (capabilities.HEAT_PUMP, (500, 6000, 100), 0)
INVERTER = (capabilities.INVERTER, (-100000, 0, 400))
LEAVES_MS = NOON_MS + 4 * 3600000


class Play:
    """One session; `out` is what the device said."""

    def __init__(self, index, power_max_w=20000, house=None):
        house = house or House()
        loop = SimpleNamespace(state=house.state, image=house.measure)
        self.desk = SimpleNamespace(loop=loop, authority=Authority("cem", b"cem", "aggregator", power_max_w))
        self.unit = house.state.units[index]
        self.plugged = Plugged()
        self.resource = resource_of(self.desk, self.unit, 10000, self.plugged)
        self.out = []
        self.book = Book()
        self.refusal = ""
        self.session = Session(self.resource, self.book, self.out.append, lambda piece: self.refusal)
        self.count = 0

    def hear(self, kind, now_ms=NOON_MS, **fields):
        """Let the CEM say something; return what the device answers."""
        self.count += 1
        message = {"message_type": kind, "message_id": f"cem-{self.count}", **fields}
        return self.hear_raw(json.dumps(message), now_ms)

    def hear_raw(self, raw, now_ms=NOON_MS):
        """Let the CEM say anything."""
        before = len(self.out)
        self.session.take(raw, now_ms)
        return self.out[before:]

    def begin(self):
        """Come as far as a selected control type; return what the device says to that."""
        self.hear("Handshake", role="CEM")
        self.hear("HandshakeResponse", selected_protocol_version="0.0.2-beta")
        return self.hear("SelectControlType", control_type=self.resource.control_type)

    def mode(self, name):
        """Return a mode's id as the device told it."""
        description = next(each for each in self.out if each["message_type"].endswith("SystemDescription"))
        holder = description["actuators"][0] if "actuators" in description else description
        return next(each["id"] for each in holder["operation_modes"] if each["diagnostic_label"] == name)

    def instruct(self, mode, factor=0, order_id="order-1", time="2023-11-15T12:00:00Z", **more):
        """Let the CEM instruct an operation mode."""
        fields = {"id": order_id, "execution_time": time, "operation_mode_factor": factor, "abnormal_condition": False}
        if self.resource.control_type.startswith("FILL"):
            fields |= {"actuator_id": self.resource.name("actuator"), "operation_mode": mode}
            return self.hear("FRBC.Instruction", **fields | more)
        return self.hear("OMBC.Instruction", operation_mode_id=mode, **fields | more)

    def envelope(self, *elements, order_id="order-1", quantity="ELECTRIC.POWER.3_PHASE_SYMMETRIC", **more):
        """Let the CEM instruct an envelope of (seconds, W), above 0 its upper limit and below it the lower one."""
        listed = [
            {"duration": seconds * 1000, "upper_limit": max(power_w, 0), "lower_limit": min(power_w, 0)}
            for seconds, power_w in elements
        ]
        envelope = {"id": "envelope-1", "commodity_quantity": quantity, "power_envelope_elements": listed}
        fields = {"id": order_id, "execution_time": "2023-11-15T12:00:00Z", "abnormal_condition": False}
        fields |= {"power_constraints_id": self.resource.name("constraints"), "power_envelopes": [envelope]}
        return self.hear("PEBC.Instruction", **fields | more)

    def steps(self):
        """Return mode, amount, start and end in seconds from noon of what is asked for."""
        return [
            (
                step.mode,
                step.amount,
                (step.start_ms - NOON_MS) // 1000,
                None if step.end_ms is None else (step.end_ms - NOON_MS) // 1000,
            )
            for step in self.book.steps()
        ]


def kinds(messages):
    """Return type and status of messages."""
    return [
        (each["message_type"], each.get("status") or each.get("status_type"))
        if each["message_type"] in ("ReceptionStatus", "InstructionStatusUpdate")
        else each["message_type"]
        for each in messages
    ]


def update(status):
    return ("InstructionStatusUpdate", status)


def stateful(kind, bounds, off=None):
    """Return a play with a device of states in the heat pump's place."""
    house = House()
    control = q.MODE if kind == capabilities.SG_READY else q.ON if kind == capabilities.SWITCH else q.LIMIT_W
    house.state.units[PUMP] = Unit(
        PUMP, row("pump", power_max_w=5000), Contract(kind, control, bounds, off, False, 10000)
    )
    return Play(PUMP, house=house)


def with_car(given_wh=5000):
    """Return a play with a charger whose owner needs 20 kWh by four; so much has it given since the car came."""
    house = House()
    house.state.civil_ms, house.state.departures["charger"] = NOON_MS, (LEAVES_MS, 20000)
    play = Play(CHARGER, house=house)
    reading = {q.POWER_W: 0, q.EV_STATE: q.EV_C, q.ENERGY_IMPORT_WH: 70000}
    play.plugged.look(reading)
    play.desk.loop.image = lambda: Image([None, Sample(0, reading | {q.ENERGY_IMPORT_WH: 70000 + given_wh})], 0, 0, 0)
    return play
