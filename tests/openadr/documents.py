"""Events as a VTN's documents, in short."""

from __future__ import annotations

import json

from boards.cpython.openadr.events import event_of
from boards.cpython.strict_json import parsed

HOUR_MS, DAY_MS = 3600000, 86400000
NOON_MS = 1700049600000  # 2023-11-15T12:00:00Z
NOON = "2023-11-15T12:00:00Z"
AGENT = b"agent-01"


def read(document):
    """Return a document as it comes from the wire."""
    return parsed(json.dumps(document).encode())


def event(*payloads, start=NOON, duration="PT1H", event_id="e1", **keys):
    """Return an event's document: one interval for each payload (type, value)."""
    document = {
        "id": event_id,
        "programID": "p1",
        "intervalPeriod": {"start": start, "duration": duration},
        "payloadDescriptors": [{"payloadType": kind, "units": "KW"} for kind in sorted({kind for kind, _ in payloads})],
        "intervals": [
            {"id": at, "payloads": [{"type": kind, "values": [entry]}]} for at, (kind, entry) in enumerate(payloads)
        ],
    }
    document.update(keys)
    return document


def checked(document):
    """Return the event that a document is."""
    return event_of(read(document))
