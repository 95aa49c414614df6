"""Records in words, as an auditor reads them who has never seen the format.

Source: docs/format.md, "Records" and the table of numbers; hal/quantities.py for names and units.
"""

from __future__ import annotations

from typing import Any

from tools import wire
from tools.verifier import records as r
from tools.verifier.records import Record

QUANTITIES = {
    1: "power {} W", 2: "power L1 {} W", 3: "power L2 {} W", 4: "power L3 {} W",
    5: "current L1 {} mA", 6: "current L2 {} mA", 7: "current L3 {} mA",
    8: "voltage L1 {} mV", 9: "voltage L2 {} mV", 10: "voltage L3 {} mV", 11: "frequency {} mHz",
    12: "imported {} Wh", 13: "exported {} Wh", 14: "charging limit {} mA", 15: "vehicle state {}",
    16: "state of charge {} per mille", 17: "set-point {} W", 18: "limit {} W", 19: "mode {}",
    20: "room {} m°C", 21: "target {} m°C", 22: "tank {} m°C", 23: "outside {} m°C", 24: "switched {}",
    25: "fault code {}", 26: "limit valid for {} ms", 27: "PV {} W", 28: "phases {}",
}  # fmt: skip
QUALITIES = ("", " (missing)", " (estimated)", " (bad)")
OUTCOMES = ("done", "rejected by the device", "failed", "left to its default")
EVIDENCE = ("nothing confirms it", "the device confirmed it", "read back {}", "metered")
STATUSES = {
    1: "was received", 2: "started", 3: "completed", 4: "waits, as the owner opted out of it",
    5: "goes on, as the owner opted in again", 6: "was cancelled", 7: "was superseded",
    16: "expired before its turn",
}  # fmt: skip
GAPS = ("", "the power was off", "the journal was full", "the meter was exchanged", "records were damaged",
    "readings are thinned from here", "readings are no longer thinned")  # fmt: skip
FAILSAFES = ("", "the meter was never seen", "the meter is stale", "the meter is absurd", "the device is silent",
    "the agent ends")  # fmt: skip
CLOCKS = ("unknown", "informative", "synchronised", "relative")


def told(record: Record, devices: list[list[str]] | None) -> str:
    """Return one record as a sentence; `devices` is the list of its epoch's boot record, if that is known."""
    fields = record.fields
    index = fields.get("device", fields.get("scope"))
    device = "the connection" if index is None else _device(index, devices)
    return _SENTENCES[record.kind](fields, device)


def _device(index: int, devices: list[list[str]] | None) -> str:
    return devices[index][0] if devices is not None and index < len(devices) else f"device {index}"


def _reading(fields: dict[str, Any], device: str) -> str:
    values = [QUANTITIES.get(number, f"quantity {number} {{}}").format(now) for number, now in fields["values"].items()]
    context = fields["context"]
    said = [f"set-point {'default' if context[1] is None else context[1]}"] if 1 in context else []
    said += [f"by {context[2]}"] if 2 in context else []
    said += ["the owner has opted out"] if 3 in context else []
    told_values = ", ".join(values) or "nothing"
    about = f"; {' '.join(said)}" if said else ""
    return f"{device} read over {fields['span_s']} s{QUALITIES[fields['quality']]}: {told_values}{about}"


def _boot(fields: dict[str, Any], _device: str) -> str:
    listed = ", ".join(f"{device} ({model})" for device, model in fields["devices"])
    software = f"version {fields['version']} on {fields['runtime']}, firmware {fields['firmware'].hex()[:16]}"
    return f"the agent began: {software}, configuration {fields['config'].hex()[:16]}, devices {listed or 'none'}"


def _decision(fields: dict[str, Any], _device: str) -> str:
    whose = "" if fields["kid"] is None else f" of key {fields['kid'].hex()}, counter {fields['counter']}"
    reason = fields["reason"]
    verdict = wire.REASONS[0] if reason == 0 else f"refused: {wire.REASONS[reason]}"
    return f"command {fields['command'].hex()[:16]}{whose} {verdict}"


def _write(fields: dict[str, Any], device: str) -> str:
    evidence = EVIDENCE[fields["evidence"]].format(fields["kept"])
    set_to = f"{device} set to {_set_point(fields['set_point'])} by {fields['source']}"
    return f"{set_to}: {OUTCOMES[fields['outcome']]}, {evidence}"


def _failsafe(fields: dict[str, Any], device: str) -> str:
    verb = "enters" if fields["entered"] else "leaves"
    return f"{device} {verb} its failsafe: {FAILSAFES[fields['cause']]}"


def _gap(fields: dict[str, Any], device: str) -> str:
    lost = f", {fields['lost']} records lost in all" if fields["lost"] else ""
    return f"gap: {GAPS[fields['cause']]}{'' if fields['device'] is None else f' of {device}'}{lost}"


def _delay(fields: dict[str, Any], device: str) -> str:
    wait = "" if fields["wait_ms"] is None else f" for {fields['wait_ms'] // 1000} s"
    return f"{device} is put off{wait} by its protection: {r.PROTECTIONS[fields['source']]}"


def _enrolment(fields: dict[str, Any], device: str) -> str:
    until = f"until {fields['until_s']}" if fields["until_s"] else "without end"
    whose = f"asset {fields['asset'].hex()[:16]} as {device}"
    return f"{whose} is sold under {fields['programme']} from {fields['from_s']} {until}"


def _reservation(fields: dict[str, Any], _device: str) -> str:
    where = f"'{fields['place']}'" if fields["place"] else "the connection"
    what = f"{fields['power_w']} W of {'export' if fields['direction'] else 'import'}"
    wait, left = fields["wait_ms"] // 1000, fields["left_ms"] // 1000
    if not fields["left_ms"]:
        return f"{where} is reserved for {fields['source']} no longer: {what}"
    return f"{where} is reserved for {fields['source']} in {wait} s for {left - wait} s: {what}"


def _not_before(fields: dict[str, Any], _device: str) -> str:
    return f"command {fields['command'].hex()[:16]} is not served: that is reserved for {fields['left_ms'] // 1000} s"


def _key_change(fields: dict[str, Any], _device: str) -> str:
    return f"key {wire.key_id(fields['key']).hex()} {'begins' if fields['action'] == 1 else 'ends'}"


def _set_point(number: int | None) -> str:
    return "default" if number is None else str(number)


_SENTENCES = {
    "reading": _reading,
    "boot": _boot,
    "decision": _decision,
    "write": _write,
    "binding": lambda fields, device: (
        f"{device} may have {_set_point(fields['granted'])}: decided by {fields['source']}"
    ),
    "event": lambda fields, _: f"command {fields['command'].hex()[:16]} {STATUSES[fields['status']]}",
    "device_state": lambda fields, device: f"{device} {r.STATES[fields['state']]}",
    "clock": lambda fields, _: f"the clock is set, {CLOCKS[fields['quality']]}, within {fields['error_ms']} ms",
    "gap": _gap,
    "failsafe": _failsafe,
    "refused_many": lambda fields, _: f"{fields['count']} more commands refused",
    "delay": _delay,
    "enrolment": _enrolment,
    "key_change": _key_change,
    "reservation": _reservation,
    "not_before": _not_before,
}
