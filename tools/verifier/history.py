"""What an agent's records say one after another: devices, energy, readings, commands.

Energy is followed per device id, not per index, because the list of devices may change at a boot.
A gap record "meter exchanged" names no device, so it lets every device begin anew once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tools.verifier import records as r
from tools.verifier.faults import Fault
from tools.verifier.page import Page
from tools.verifier.records import Record

OPEN_COMMANDS_MAX = 256  # accepted commands remembered; agents queue a few dozen
ROUNDING_S = 1
NOTES_MAX = 1024  # different ones


@dataclass(slots=True)
class Meter:
    """What was last seen of one device id."""

    model: str
    registers: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    may_begin_anew: bool = False


@dataclass(slots=True)
class History:
    """State after the pages so far; all of it fits JSON."""

    epoch: int = -1
    complete: bool = True  # the chain was seen from its start and without a hole
    devices: list[list[str]] | None = None  # of this epoch's boot record
    boot_due: bool = False  # this epoch's first page was seen and had to hold the boot record
    meters: dict[str, Meter] = field(default_factory=dict)
    reading_ends_s: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)  # what befell which device, in words

    def begin_epoch(self, epoch: int, *, whole: bool) -> None:
        """Forget the device list; `whole` says that the epoch's first page comes now."""
        self.epoch = epoch
        self.devices = None
        self.boot_due = whole
        self.reading_ends_s = {}

    def hole(self) -> None:
        """Be told that records are missing here: what they said is unknown."""
        self.complete = False
        self.boot_due = False

    def take(self, page: Page) -> list[Fault]:
        """Judge the records of the next page."""
        faults = []
        for record in page.records:
            self.kinds[record.kind] += 1
            for name, detail in self._record(record, page.base_s):
                faults.append(Fault(name, detail, page.agent, record.seq))
        return faults

    def as_json(self) -> dict[str, Any]:
        """Return the state for keeping."""
        return {
            "epoch": self.epoch,
            "complete": self.complete,
            "devices": self.devices,
            "boot_due": self.boot_due,
            "meters": {
                name: [meter.model, meter.registers, meter.first, meter.may_begin_anew]
                for name, meter in self.meters.items()
            },
            "reading_ends_s": self.reading_ends_s,
            "counters": self.counters,
            "commands": self.commands,
            "kinds": self.kinds,
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> History:
        """Return the state that `as_json` gave."""
        meters = {name: Meter(*fields) for name, fields in kept["meters"].items()}
        counters = {"kinds": Counter(kept["kinds"]), "notes": Counter(kept.get("notes", {}))}
        return cls(**{**kept, "meters": meters, **counters})

    def _record(self, record: Record, base_s: int) -> list[tuple[str, str]]:
        fields = record.fields
        if record.kind == "boot":
            return self._boot(fields)
        if record.kind == "gap" and fields["cause"] == r.GAP_METER_EXCHANGED:
            for meter in self.meters.values():
                meter.may_begin_anew = True
        if record.kind == "decision" and fields["reason"] == r.ACCEPTED:
            return self._accepted(fields)
        if record.kind == "event":
            return self._event(fields)
        index = fields.get("device", fields.get("scope"))
        if index is None:
            return []
        if self.devices is None:
            missing = [("boot_missing", f"{record.kind} of device {index} before any boot record")]
            found, self.boot_due = (missing if self.boot_due else []), False
        elif index >= len(self.devices):
            return [("unknown_device", f"{record.kind} of device {index}; the boot record lists {len(self.devices)}")]
        else:
            found = []
            self._note(record, self.devices[index][0])
        return found + (self._reading(fields, base_s) if record.kind == "reading" else [])

    def _note(self, record: Record, device: str) -> None:
        if record.kind == "device_state":
            note = f"{device} {r.STATES[record.fields['state']]}"
        elif record.kind == "delay":
            note = f"{device} was put off by its protection: {r.PROTECTIONS[record.fields['source']]}"
        else:
            return
        if note in self.notes or len(self.notes) < NOTES_MAX:
            self.notes[note] += 1

    def _boot(self, fields: dict[str, Any]) -> list[tuple[str, str]]:
        repeated = self.devices is not None
        self.devices = fields["devices"]
        self.boot_due = False
        return [("boot_repeated", f"in epoch {self.epoch}")] if repeated else []

    def _reading(self, fields: dict[str, Any], base_s: int) -> list[tuple[str, str]]:
        if self.devices is None:
            device, model = f"#{fields['device']} of epoch {self.epoch}", ""
        else:
            device, model = self.devices[fields["device"]]
        return self._interval(device, fields, base_s) + self._energy(device, model, fields)

    def _interval(self, device: str, fields: dict[str, Any], base_s: int) -> list[tuple[str, str]]:
        end_s = base_s + fields["end_s"]
        start_s = end_s - fields["span_s"]
        last_s = self.reading_ends_s.get(device, 0)
        self.reading_ends_s[device] = max(end_s, last_s)
        if start_s < -ROUNDING_S:
            return [("clock_absurd", f"a reading of {device} began {-start_s} s before the boot")]
        if start_s < last_s - ROUNDING_S or end_s < last_s:
            return [("readings_overlap", f"{device}: {start_s}..{end_s} s after one that ended at {last_s} s")]
        return []

    def _energy(self, device: str, model: str, fields: dict[str, Any]) -> list[tuple[str, str]]:
        told = {name: fields["values"][q] for q, name in r.ENERGY_REGISTERS.items() if q in fields["values"]}
        if not told or fields["quality"] == r.QUALITY_BAD:
            return []
        meter = self.meters.setdefault(device, Meter(model))
        found = []
        if meter.may_begin_anew:
            meter.registers, meter.may_begin_anew = {}, False
        elif meter.model != model:
            found.append(("device_swapped", f"{device} was {meter.model} and is {model}"))
            meter.registers = {}
        meter.model = model
        for name, now_wh in told.items():
            last_wh = meter.registers.get(name, 0)
            if now_wh < last_wh:
                found.append(("energy_fell", f"{device} {name} from {last_wh} to {now_wh}"))
            meter.registers[name] = now_wh
            meter.first.setdefault(name, now_wh)
        return found

    def _accepted(self, fields: dict[str, Any]) -> list[tuple[str, str]]:
        self.commands = [*self.commands, fields["command"].hex()][-OPEN_COMMANDS_MAX:]
        if fields["kid"] is None or fields["counter"] is None:
            return [("decision_unattributed", f"command {fields['command'].hex()[:16]}")]
        kid, counter = fields["kid"].hex(), fields["counter"]
        last = self.counters.get(kid, -1)
        self.counters[kid] = max(counter, last)
        if counter <= last:
            return [("command_replayed", f"counter {counter} of key {kid} after {last}")]
        return []

    def _event(self, fields: dict[str, Any]) -> list[tuple[str, str]]:
        forgotten = not self.complete or len(self.commands) == OPEN_COMMANDS_MAX
        if forgotten or fields["command"].hex() in self.commands:
            return []
        return [("command_unproven", f"status {fields['status']} of command {fields['command'].hex()[:16]}")]
