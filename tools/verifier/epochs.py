"""What is known of one agent's epochs: when each began, until when it lasted at the least, which devices it had.

Pages tell it and so do disclosures: every signed header says when its epoch began, whatever is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.verifier.clocks import Clocks
from tools.verifier.page import Header
from tools.verifier.records import Record

Ids = tuple[str, ...]


@dataclass(slots=True)
class Epoch:
    """One epoch, as far as it was seen."""

    told_seq: int = -1  # record number of what told its civil time
    boot_s: int | None = None  # Unix second, as told last; None while unknown
    latest_ms: int = 0  # after its boot: the last moment that a record names
    devices: Ids | None = None  # of its boot record


class Epochs:
    """All epochs of one agent; those with the same devices share one list."""

    def __init__(self) -> None:
        self._epochs: dict[int, Epoch] = {}
        self._lists: dict[Ids, Ids] = {}

    def take_page(self, page: Header, clocks: Clocks, devices: Iterable[Iterable[str]] | None) -> None:
        """Take what is known of a page's epoch after that page: its clock and its devices."""
        epoch = self._epochs.setdefault(page.epoch, Epoch())
        self._dated(epoch, page.last_seq, clocks.offset_s(), clocks.latest_ms)
        if epoch.devices is None and devices is not None:
            self._listed(epoch, devices)

    def take_shown(self, header: Header, records: Iterable[Record]) -> None:
        """Take what a disclosure says."""
        epoch = self._epochs.setdefault(header.epoch, Epoch())
        base_ms = header.base_s * 1000
        boot_s = header.civil_s - header.base_s if header.civil_s else None
        self._dated(epoch, header.first_seq, boot_s, base_ms)
        for record in records:
            boot_s = None
            if record.kind == "clock" and record.fields["quality"]:
                boot_s = (record.fields["civil_ms"] - record.fields["at_ms"] - base_ms) // 1000
            elif record.kind == "boot":
                self._listed(epoch, record.fields["devices"])
            self._dated(epoch, record.seq, boot_s, base_ms + record.end_ms)

    def device(self, number: int, index: int) -> str | None:
        """Return the id of a device of an epoch, None while its boot record was not seen."""
        devices = self._epochs[number].devices if number in self._epochs else None
        return devices[index] if devices is not None and index < len(devices) else None

    def until_s(self, number: int) -> int:
        """Return the Unix second until which an epoch surely lasted, 0 while unknown.

        What is stated in it holds until the next boot, so a known boot of the very next epoch counts as well.
        """
        mine, after = self._epochs.get(number, Epoch()), self._epochs.get(number + 1, Epoch())
        lasted_s = 0 if mine.boot_s is None else mine.boot_s + mine.latest_ms // 1000
        return max(lasted_s, after.boot_s or 0)

    def _listed(self, epoch: Epoch, devices: Iterable[Iterable[str]]) -> None:
        ids = tuple(device for device, _ in devices)
        epoch.devices = self._lists.setdefault(ids, ids)

    @staticmethod
    def _dated(epoch: Epoch, seq: int, boot_s: int | None, latest_ms: int) -> None:
        epoch.latest_ms = max(epoch.latest_ms, latest_ms)
        if boot_s is not None and seq >= epoch.told_seq:
            epoch.told_seq, epoch.boot_s = seq, boot_s
