"""Which records somebody wants to show: by number, by device, or what belongs to one command.

A command's story is the decision, its events, and the set-points and writes that it led to: those that name the same
claim or limit as what changed when the command began. The readings around it are those of the devices concerned and of
the meters, which are the devices that nobody sets, from the last before it to the first after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.errors import UsageError
from tools.verifier.page import Header
from tools.verifier.records import Record

STARTED = 2
ENDS = (3, 6, 7, 16)  # completed, cancelled, superseded, expired
AUTHORITIES = ("claim ", "limit ")
FOLLOWS_MS = 5000  # within this time of its begin a command shows in what is written
AFTER_MS = 60_000  # a device lets go within this time of a command's end
Picks = dict[str, set[int]]  # agent -> record numbers


class Numbers:
    """Records by their numbers, of one agent."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = ranges
        self.picks: Picks = defaultdict(set)

    def take(self, header: Header, records: Iterable[Record]) -> None:
        """Look at one page."""
        for record in records:
            if any(first <= record.seq <= last for first, last in self._ranges):
                self.picks[header.agent].add(record.seq)

    def end(self) -> None:
        """Be told that there are no more pages. Raises: UsageError when it is not clear whose numbers are meant."""
        if len(self.picks) > 1:
            raise UsageError(f"several agents have these numbers: choose one with --agent, of {', '.join(self.picks)}")


class Device:
    """Everything that is said of a device, by its id."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._devices: dict[tuple[str, int], list[str]] = {}
        self.picks: Picks = defaultdict(set)

    def take(self, header: Header, records: Iterable[Record]) -> None:
        """Look at one page."""
        for record in records:
            epoch = (header.agent, header.epoch)
            if record.kind == "boot":
                self._devices[epoch] = [device for device, _ in record.fields["devices"]]
            index = record.fields.get("device", record.fields.get("scope"))
            listed = self._devices.get(epoch, [])
            if index is not None and index < len(listed) and listed[index] == self._device:
                self.picks[header.agent].add(record.seq)

    def end(self) -> None:
        """Be told that there are no more pages."""


@dataclass(slots=True)
class _Said:
    """What was said of one device at one moment."""

    seq: int
    device: int
    at_ms: int
    kind: str
    source: str = ""
    began_ms: int = 0  # of a reading


@dataclass(slots=True)
class Command:
    """The story of one command, in the epoch in which it was decided."""

    command: bytes
    picks: Picks = field(default_factory=lambda: defaultdict(set))
    _epoch: tuple[str, int] | None = None
    _began_ms: int = 0
    _ended_ms: int | None = None
    _said: list[_Said] = field(default_factory=list)
    _before: dict[tuple[str, int, int], int] = field(default_factory=dict)  # agent, epoch, device -> last reading
    _set: set[int] = field(default_factory=set)  # devices that somebody sets

    def take(self, header: Header, records: Iterable[Record]) -> None:
        """Look at one page."""
        for record in records:
            at_ms = header.base_s * 1000 + record.end_ms
            epoch = (header.agent, header.epoch)
            if record.fields.get("command") == self.command:
                self._decided(record, epoch, at_ms)
            device = record.fields.get("device")
            if record.kind in ("reading", "write", "binding") and device is not None:
                self._hear(record, epoch, device, at_ms)

    def _decided(self, record: Record, epoch: tuple[str, int], at_ms: int) -> None:
        """Take a decision or an event. What an agent does with the command in later epochs are events alone."""
        self.picks[epoch[0]].add(record.seq)
        if record.kind == "decision" and (self._epoch is None or record.fields["reason"] == 0):
            self._epoch, self._began_ms = epoch, at_ms
        elif record.kind == "event" and epoch == self._epoch:
            if record.fields["status"] == STARTED:
                self._began_ms = at_ms
            elif record.fields["status"] in ENDS:
                self._ended_ms = at_ms

    def _hear(self, record: Record, epoch: tuple[str, int], device: int, at_ms: int) -> None:
        if record.kind != "reading" and (self._epoch is None or epoch == self._epoch):
            self._set.add(device)
        if self._epoch is None:
            if record.kind == "reading":
                self._before[(*epoch, device)] = record.seq
        elif epoch == self._epoch and (self._ended_ms is None or at_ms <= self._ended_ms + 15 * AFTER_MS):
            source = record.fields.get("source", "")
            began_ms = at_ms - record.fields["span_s"] * 1000 if record.kind == "reading" else at_ms
            self._said.append(_Said(record.seq, device, at_ms, record.kind, source, began_ms))

    def end(self) -> None:
        """Choose, now that all is known. Raises: UsageError when the command was never decided."""
        if self._epoch is None:
            raise UsageError(f"there is no decision on command {self.command.hex()} in the file")
        picks = self.picks[self._epoch[0]]
        acts = [one for one in self._said if one.kind != "reading"]
        begun = [one for one in acts if 0 <= one.at_ms - self._began_ms <= FOLLOWS_MS]
        sources = {one.source for one in begun if one.source.startswith(AUTHORITIES)}
        concerned = {one.device for one in acts if one.source in sources and self._within(one.at_ms)}
        picks |= {one.seq for one in acts if one.source in sources and self._within(one.at_ms)}
        changes = [one for one in acts if one.device in concerned]
        picks |= {one.seq for one in changes if self._let_go(one.at_ms)}
        picks |= {one.seq for one in changes if one.kind == "binding" and self._within(one.at_ms)}
        readings = [one for one in self._said if one.kind == "reading"]
        measured = {one.device for one in readings if one.device not in self._set} | concerned
        picks |= {self._before[key] for device in measured if (key := (*self._epoch, device)) in self._before}
        picks |= {one.seq for one in readings if one.device in measured and self._within(one.began_ms)}
        for device in measured:
            after = [one.seq for one in readings if one.device == device and not self._within(one.began_ms)]
            picks |= set(after[:1])

    def _within(self, at_ms: int) -> bool:
        return self._ended_ms is None or at_ms < self._ended_ms

    def _let_go(self, at_ms: int) -> bool:
        return self._ended_ms is not None and 0 <= at_ms - self._ended_ms <= AFTER_MS
