"""What a VTN lists, as far as the controls that it becomes: nonsense has a reason, and what comes out is in bounds."""

from __future__ import annotations

import json

from agent.command import Authority
from boards.cpython.openadr.agenda import Agenda
from boards.cpython.openadr.known import Known, merged
from boards.cpython.openadr.marks import Marks
from boards.cpython.openadr.notices import deleted_event
from boards.cpython.openadr.plan import steps
from boards.cpython.openadr.reports import Reports
from boards.cpython.openadr.signals import Places
from boards.cpython.steps import STEPS_MAX
from boards.cpython.strict_json import Malformed, as_list, parsed
from tests.shared.house import House

_NOW_MS = 1700049600000


def events(raw: bytes) -> None:
    """Whatever is listed, the good event stays, and every step is one that the site can take."""
    deleted_event(raw)
    targets = {"car": "charger", "store": "battery"}
    agenda = Agenda(Places(House().state, Authority("vtn", b"vtn", "utility", 20000), targets), b"agent-01")
    good = parsed(json.dumps(_GOOD).encode())
    agenda.take([good], _NOW_MS)
    try:
        listed = as_list("events", parsed(raw), 1000)
    except Malformed:
        return
    agenda.take(merged([listed, [good]]), _NOW_MS)
    found = steps(agenda.wishes(_NOW_MS), _NOW_MS)
    assert len(found) <= STEPS_MAX and "good" in {step.event for step in found}
    assert all(abs(step.amount) <= 32000 and (step.end_ms is None or step.end_ms > step.start_ms) for step in found)
    known: list[Known] = list(agenda.events.known.values())
    Reports(Marks(None, []), "house").due(known, lambda event: [], _NOW_MS, b"agent-01")  # type: ignore[arg-type] # no loop


def events_seeds() -> list[bytes]:
    """Return lists with events of each kind that is served."""
    now = {"start": "0001-01-01", "duration": "PT1H", "randomizeStart": "PT5M"}
    units = [{"payloadType": kind, "units": "KW"} for kind in ("DISPATCH_SETPOINT", "IMPORT_CAPACITY_LIMIT")]
    dispatch = {
        "id": "e1",
        "programID": "p1",
        "priority": 3,
        "targets": ["car"],
        "intervalPeriod": now,
        "duration": "P9999Y",
        "payloadDescriptors": units,
        "reportDescriptors": [{"payloadType": "USAGE", "numIntervals": 1, "repeat": -1, "frequency": 1}],
        "intervals": [{"id": 0, "payloads": [{"type": "DISPATCH_SETPOINT", "values": [2.5]}]}],
    }
    limit = {
        "id": "e2",
        "programID": "p1",
        "priority": 0,
        "modificationDateTime": "2023-11-15T11:00:00Z",
        "payloadDescriptors": units,
        "intervals": [
            {"id": 0, "intervalPeriod": now, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [6]}]},
            {"id": 1, "payloads": [{"type": "ALERT_BLACK_START", "values": ["words"]}]},
        ],
    }
    return [b"[]", json.dumps([dispatch]).encode(), json.dumps([limit, dispatch]).encode()]


_GOOD = {
    "id": "good",
    "programID": "p1",
    "intervalPeriod": {"start": "2023-11-15T12:00:00Z", "duration": "PT2H"},
    "payloadDescriptors": [{"payloadType": "EXPORT_CAPACITY_LIMIT", "units": "KW"}],
    "intervals": [{"id": 0, "payloads": [{"type": "EXPORT_CAPACITY_LIMIT", "values": [4]}]}],
}
