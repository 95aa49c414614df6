"""What an agent's records say one after another: devices, energy, readings, commands, enrolments."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tools.verifier import records as r
from tools.verifier.enrolments import Enrolments, absurd
from tools.verifier.faults import Fault
from tools.verifier.meters import Meter
from tools.verifier.page import Page
from tools.verifier.records import Record

OPEN_COMMANDS_MAX = 256  # accepted commands remembered; agents queue a few dozen
ROUNDING_S = 1
CLOCKS_TRUSTED = (2, 3)  # synchronised, relative: time over a boot is measured with them
NOTES_MAX = 1024  # different ones
# How an epoch begins: its boot record is due; earlier records are not here; other records came; all is known.
DUE, JOINED, SEEN, SETTLED = "due", "joined", "seen", "settled"
Found = tuple[str, str]  # name of a fault, what is wrong


@dataclass(slots=True)
class History:
    """State after the pages so far; all of it fits JSON."""

    epoch: int = -1
    complete: bool = True  # the chain was seen from its start and without a hole
    devices: list[list[str]] | None = None  # of this epoch's boot record
    fuse_ma: int = 0  # of this epoch's boot record, 0 before it
    opening: str = SETTLED  # how this epoch began
    meters: dict[str, Meter] = field(default_factory=dict)
    reading_ends_s: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)  # what befell which device, in words
    enrolments: Enrolments = field(default_factory=Enrolments)

    def begin_epoch(self, page: Page, *, whole: bool) -> None:
        """Forget the device list; `whole` says that the epoch's first records come now, with `page`."""
        self.epoch = page.epoch
        self.devices = None
        self.fuse_ma = 0
        readable = bool(page.records) and page.records[0].seq == page.first_seq  # else that is a fault already
        self.opening = JOINED if not whole else DUE if readable else SETTLED
        self.reading_ends_s = {}
        self.enrolments.boot(whole=whole)

    def hole(self) -> None:
        """Be told that records are missing here: what they said is unknown."""
        self.complete = False

    def take(self, page: Page) -> list[Fault]:
        """Judge the records of the next page."""
        faults = []
        for record in page.records:
            self.kinds[record.kind] += 1
            for name, detail in self._record(record, page):
                faults.append(Fault(name, detail, page.agent, record.seq))
        return faults

    def as_json(self) -> dict[str, Any]:
        """Return the state for keeping."""
        return {
            "epoch": self.epoch,
            "complete": self.complete,
            "devices": self.devices,
            "fuse_ma": self.fuse_ma,
            "opening": self.opening,
            "meters": {
                name: [meter.model, meter.registers, meter.first, meter.may_begin_anew, meter.moments]
                for name, meter in self.meters.items()
            },
            "reading_ends_s": self.reading_ends_s,
            "counters": self.counters,
            "commands": self.commands,
            "kinds": self.kinds,
            "notes": self.notes,
            "enrolments": self.enrolments.as_json(),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> History:
        """Return the state that `as_json` gave."""
        meters = {name: Meter(*fields) for name, fields in kept["meters"].items()}
        counters = {"kinds": Counter(kept["kinds"]), "notes": Counter(kept["notes"])}
        enrolments = Enrolments.from_json(kept["enrolments"])
        return cls(**{**kept, "meters": meters, "enrolments": enrolments, **counters})

    def _record(self, record: Record, page: Page) -> list[Found]:
        fields = record.fields
        if record.kind == "boot":
            return self._boot(fields)
        found: list[Found] = []
        if self.opening == DUE:
            found.append(("boot_not_first", f"epoch {self.epoch} begins with a {record.kind} record"))
            self.opening = SETTLED
        elif self.opening == JOINED:
            self.opening = SEEN
        if record.kind == "decision" and fields["reason"] == r.ACCEPTED:
            return found + self._accepted(fields)
        if record.kind == "event":
            return found + self._told_of(fields["command"], f"status {fields['status']}")
        if record.kind == "reservation":
            return found + self._told_of(fields["command"], "a reservation") + self._unlisted(fields["devices"])
        index = fields.get("device", fields.get("scope"))
        if index is None:
            return found
        if self.devices is None:
            device, model = f"#{index} of epoch {self.epoch}", ""
        elif index < len(self.devices):
            device, model = self.devices[index]
        else:
            listed = f"the boot record lists {len(self.devices)}"
            return [*found, ("unknown_device", f"{record.kind} of device {index}; {listed}")]
        if record.kind == "reading":
            return found + self._interval(device, fields, page.base_s) + self._energy(device, model, fields, page)
        return found + self._about(device, record, page)

    def _about(self, device: str, record: Record, page: Page) -> list[Found]:
        """Take what is said of a device besides its readings."""
        fields = record.fields
        if record.kind == "gap" and device in self.meters:
            self.meters[device].may_begin_anew = True
        elif record.kind == "enrolment":
            if absurd(fields):
                return [("enrolment_absurd", f"{device} from {fields['from_s']} s until {fields['until_s']} s")]
            stated_s = page.civil_s + record.end_ms // 1000 if page.civil_s else 0
            named = self.devices is not None
            self.enrolments.take(fields, device, record.seq, stated_s=stated_s, epoch=self.epoch, named=named)
        elif self.devices is not None:
            self._note(record, device)
        return []

    def _note(self, record: Record, device: str) -> None:
        if record.kind == "device_state":
            note = f"{device} {r.STATES[record.fields['state']]}"
        elif record.kind == "delay":
            note = f"{device} was put off by its protection: {r.PROTECTIONS[record.fields['source']]}"
        else:
            return
        if note in self.notes or len(self.notes) < NOTES_MAX:
            self.notes[note] += 1

    def _boot(self, fields: dict[str, Any]) -> list[Found]:
        found = []
        if self.devices is not None:
            found = [("boot_repeated", f"in epoch {self.epoch}")]
        elif self.opening == SEEN:
            found = [("boot_not_first", f"of epoch {self.epoch}, of which other records came before")]
        self.opening = SETTLED
        self.devices, self.fuse_ma = fields["devices"], fields["fuse_ma"]
        return found

    def _interval(self, device: str, fields: dict[str, Any], base_s: int) -> list[Found]:
        end_s = base_s + fields["end_s"]
        start_s = end_s - fields["span_s"]
        last_s = self.reading_ends_s.get(device, 0)
        self.reading_ends_s[device] = max(end_s, last_s)
        if start_s < -ROUNDING_S:
            return [("clock_absurd", f"a reading of {device} began {-start_s} s before the boot")]
        if start_s < last_s - ROUNDING_S or end_s < last_s:
            return [("readings_overlap", f"{device}: {start_s}..{end_s} s after one that ended at {last_s} s")]
        return []

    def _energy(self, device: str, model: str, fields: dict[str, Any], page: Page) -> list[Found]:
        if device not in self.meters:
            self.meters[device] = Meter(model)
        civil_s = page.civil_s + fields["end_s"] if page.clock_quality in CLOCKS_TRUSTED else 0
        now = [page.epoch, page.base_s + fields["end_s"], civil_s, page.clock_error_ms // 1000 + 1]
        return self.meters[device].take(device, model, fields, now, self.fuse_ma)

    def _accepted(self, fields: dict[str, Any]) -> list[Found]:
        self.commands = [*self.commands, fields["command"].hex()][-OPEN_COMMANDS_MAX:]
        if fields["kid"] is None or fields["counter"] is None:
            return [("decision_unattributed", f"command {fields['command'].hex()[:16]}")]
        kid, counter = fields["kid"].hex(), fields["counter"]
        last = self.counters.get(kid, -1)
        self.counters[kid] = max(counter, last)
        if counter <= last:
            return [("command_replayed", f"counter {counter} of key {kid} after {last}")]
        return []

    def _told_of(self, command: bytes, what: str) -> list[Found]:
        """Return what is wrong with something that only an accepted command leads to."""
        forgotten = not self.complete or len(self.commands) == OPEN_COMMANDS_MAX
        if forgotten or command.hex() in self.commands:
            return []
        return [("command_unproven", f"{what} of command {command.hex()[:16]}")]

    def _unlisted(self, devices: list[int]) -> list[Found]:
        """Return what is wrong with the devices of a reservation."""
        if self.devices is None or all(index < len(self.devices) for index in devices):
            return []
        return [("unknown_device", f"reservation of devices {devices}; the boot record lists {len(self.devices)}")]
