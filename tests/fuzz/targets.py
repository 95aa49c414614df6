"""What is fuzzed: a name, a function that any bytes may be given to, and bytes that are right to begin with.

A target raises for everything that is not the decoder's documented answer to hostile bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import (
    board_targets,
    console_targets,
    door_targets,
    evidence_targets,
    file_targets,
    kept_targets,
    link_targets,
    name_targets,
    openadr_targets,
    receipt_targets,
    s2_targets,
    tool_targets,
    utility_targets,
    wire_targets,
)

Target = tuple[Callable[[bytes], None], Callable[[], list[bytes]]]

TARGETS: dict[str, Target] = {
    "cbor": (wire_targets.cbor_item, wire_targets.cbor_seeds),
    "envelope": (wire_targets.envelope, wire_targets.envelope_seeds),
    "command": (wire_targets.command, wire_targets.command_seeds),
    "receipt": (receipt_targets.receipts, receipt_targets.receipt_seeds),
    "signature": (evidence_targets.signature, evidence_targets.signature_seeds),
    "mqtt": (wire_targets.mqtt, wire_targets.mqtt_seeds),
    "broker": (link_targets.broker, link_targets.broker_seeds),
    "names": (name_targets.name_answer, name_targets.name_answer_seeds),
    "board": (board_targets.board_broker, board_targets.board_broker_seeds),
    "modbus": (wire_targets.modbus, wire_targets.modbus_seeds),
    "driver": (wire_targets.driver, wire_targets.driver_seeds),
    "kept": (kept_targets.kept_state, kept_targets.kept_seeds),
    "journal": (kept_targets.journal_frames, kept_targets.journal_seeds),
    "ledger": (kept_targets.ledger, kept_targets.ledger_seeds),
    "ring": (board_targets.ring, board_targets.ring_seeds),
    "tape": (kept_targets.tape_segment, kept_targets.tape_seeds),
    "console": (console_targets.console, console_targets.console_seeds),
    "config": (kept_targets.configuration, kept_targets.configuration_seeds),
    "key": (file_targets.key_file, file_targets.key_file_seeds),
    "token": (file_targets.token_uri, file_targets.token_uri_seeds),
    "pages": (tool_targets.page_file, tool_targets.page_seeds),
    "session": (tool_targets.session, tool_targets.session_seeds),
    "disclosure": (evidence_targets.disclosure, evidence_targets.disclosure_seeds),
    "intake": (evidence_targets.intake, evidence_targets.intake_seeds),
    "utility": (utility_targets.served, utility_targets.served_seeds),
    "schedule": (utility_targets.schedule, utility_targets.schedule_seeds),
    "openadr": (openadr_targets.events, openadr_targets.events_seeds),
    "s2": (s2_targets.cem, s2_targets.cem_seeds),
    "orders": (door_targets.orders, door_targets.order_seeds),
    "headend": (file_targets.head_end_config, file_targets.head_end_config_seeds),
}
