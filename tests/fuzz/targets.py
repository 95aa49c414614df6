"""What is fuzzed: a name, a function that any bytes may be given to, and bytes that are right to begin with.

A target raises for everything that is not the decoder's documented answer to hostile bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import kept_targets, link_targets, tool_targets, wire_targets

Target = tuple[Callable[[bytes], None], Callable[[], list[bytes]]]

TARGETS: dict[str, Target] = {
    "cbor": (wire_targets.cbor_item, wire_targets.cbor_seeds),
    "envelope": (wire_targets.envelope, wire_targets.envelope_seeds),
    "command": (wire_targets.command, wire_targets.command_seeds),
    "mqtt": (wire_targets.mqtt, wire_targets.mqtt_seeds),
    "broker": (link_targets.broker, link_targets.broker_seeds),
    "modbus": (wire_targets.modbus, wire_targets.modbus_seeds),
    "driver": (wire_targets.driver, wire_targets.driver_seeds),
    "kept": (kept_targets.kept_state, kept_targets.kept_seeds),
    "journal": (kept_targets.journal_frames, kept_targets.journal_seeds),
    "ledger": (kept_targets.ledger, kept_targets.ledger_seeds),
    "tape": (kept_targets.tape_segment, kept_targets.tape_seeds),
    "config": (kept_targets.configuration, kept_targets.configuration_seeds),
    "pages": (tool_targets.page_file, tool_targets.page_seeds),
    "session": (tool_targets.session, tool_targets.session_seeds),
}
