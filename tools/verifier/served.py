"""Whose programme each device served: its energy by who decided on it, in each reserved window and outside of all.

A reading counts for the source that its context names, if no binding changed that within its span and no window began
or ended in it; else for several, as nobody knows how much of it belongs to whom. Energy is what the device's registers
rose by since the reading before, or its mean power over the span where it has none; over a boot nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tools.verifier import records as r
from tools.verifier.page import Header
from tools.verifier.records import Record

POWER_W = 1
CONTEXT_SOURCE = 2
SEVERAL, OTHERS = "several", "others"
ROWS_MAX = 4096  # then sources that were not seen before are others, and windows are none
WS_PER_WH = 3600


@dataclass(slots=True)
class Window:
    """A reservation: when it lasts on its epoch's clock, and what is known of it otherwise."""

    command: str
    source: str
    place: str
    devices: list[int]
    from_ms: int
    until_ms: int
    stated_ms: int
    civil_s: int | None  # Unix second at which the epoch began


@dataclass(slots=True)
class Row:
    """What one device took and gave while one source decided on it; Ws where it was power, else Wh x 3600."""

    span_s: int = 0
    import_ws: int = 0
    export_ws: int = 0


@dataclass(slots=True)
class Served:
    """What one agent's devices did, by window, device and source."""

    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)  # window's name or "", device, source
    windows: dict[str, Window] = field(default_factory=dict)  # by name, as they were last stated
    _names: dict[str, list[str]] = field(default_factory=dict)  # command -> its windows: a whole set may have several
    _lasting: dict[str, Window] = field(default_factory=dict)  # of this epoch
    _changed_ms: dict[int, int] = field(default_factory=dict)  # device -> its newest binding
    _registers: dict[int, dict[int, int]] = field(default_factory=dict)  # device -> as they stood last

    def end_epoch(self) -> None:
        """Forget what an epoch's clock and indices meant."""
        self._lasting, self._changed_ms, self._registers = {}, {}, {}

    def take(
        self, header: Header, records: Iterable[Record], devices: list[list[str]] | None, civil_s: int | None
    ) -> None:
        """Take a page of a chain; `civil_s`: Unix second at which its epoch began, None while unknown."""
        for record in records:
            at_ms = header.base_s * 1000 + record.end_ms
            fields = record.fields
            if record.kind == "reservation":
                self._state(fields, at_ms, civil_s)
            elif record.kind == "binding":
                self._changed_ms[fields["device"]] = at_ms
            elif record.kind == "reading" and fields["context"].get(CONTEXT_SOURCE):
                index = fields["device"]
                name = devices[index][0] if devices is not None and index < len(devices) else f"#{index}"
                self._count(name, fields, at_ms)

    def _state(self, fields: dict[str, Any], at_ms: int, civil_s: int | None) -> None:
        """Take a statement: of a window that begins, of one whose clock was set, or of what ends before its time."""
        command = fields["command"].hex()
        names = self._names.get(command, [])
        moved = [name for name in names if name in self._lasting and self._is_open(self._lasting[name], at_ms)]
        if not fields["left_ms"]:
            for name in moved:
                window = self._lasting[name]
                window.until_ms = max(window.from_ms, at_ms)
            return
        if len(names) == 1 and names[0] not in self._lasting:
            moved = names  # after a boot
        name = moved[0] if moved else f"{command}/{len(names) + 1}"
        if not moved and len(self.windows) < ROWS_MAX:
            names = self._names[command] = [*names, name]
        if name in names:
            from_ms, until_ms = at_ms + fields["wait_ms"], at_ms + fields["left_ms"]
            window = Window(
                command, fields["source"], fields["place"], fields["devices"], from_ms, until_ms, at_ms, civil_s
            )
            self._lasting[name] = self.windows[name] = window

    @staticmethod
    def _is_open(window: Window, at_ms: int) -> bool:
        """Tell whether a statement may be about a window: all of a command are stated at the same moment."""
        return window.stated_ms != at_ms and window.until_ms > at_ms

    def _count(self, device: str, fields: dict[str, Any], end_ms: int) -> None:
        """Count a reading; a second in which something changed may be the last or the first of a span."""
        index, end_s = fields["device"], end_ms // 1000
        begin_s = end_s - fields["span_s"]
        source = fields["context"][CONTEXT_SOURCE]
        held = {name: each for name, each in self._lasting.items() if index in each.devices}
        mine = [(name, each.from_ms // 1000, each.until_ms // 1000) for name, each in held.items()]
        inside = [name for name, from_s, until_s in mine if from_s <= begin_s and end_s <= until_s]
        cut = [each for each in mine if begin_s < each[1] < end_s or begin_s < each[2] < end_s]
        if cut or len(inside) > 1 or self._changed_ms.get(index, 0) // 1000 > begin_s:
            source = SEVERAL
        energy = self._energy(index, fields)
        if energy is not None:
            row = self._row(inside[0] if len(inside) == 1 and not cut else "", device, source)
            row.span_s += fields["span_s"]
            row.import_ws += energy[0]
            row.export_ws += energy[1]

    def _energy(self, index: int, fields: dict[str, Any]) -> tuple[int, int] | None:
        """Return what was taken and given over a reading, None where nobody knows."""
        values: dict[int, int] = fields["values"]
        before, now = self._registers.get(index), {n: values[n] for n in r.ENERGY_REGISTERS if n in values}
        self._registers[index] = now
        if now:
            if before is None or before.keys() != now.keys() or any(now[n] < before[n] for n in now):
                return None
            import_wh, export_wh = (now.get(n, 0) - before.get(n, 0) for n in r.ENERGY_REGISTERS)
            return import_wh * WS_PER_WH, export_wh * WS_PER_WH
        power_w = values.get(POWER_W)
        if power_w is None:
            return None
        return max(power_w, 0) * fields["span_s"], max(-power_w, 0) * fields["span_s"]

    def _row(self, command: str, device: str, source: str) -> Row:
        key = (command, device, source)
        if key not in self.rows and len(self.rows) >= ROWS_MAX:
            key = ("", OTHERS, OTHERS)
        return self.rows.setdefault(key, Row())

    def as_json(self) -> list[dict[str, Any]]:
        """Return one row for each window, device and source that had time in it; outside of windows it is null."""
        return [
            {
                "window": _told(self.windows[name]) if name else None,
                "device": device,
                "by": source,
                "span_s": row.span_s,
                "import_wh": row.import_ws // WS_PER_WH,
                "export_wh": row.export_ws // WS_PER_WH,
            }
            for (name, device, source), row in sorted(self.rows.items(), key=self._place)
        ]

    def _place(self, item: tuple[tuple[str, str, str], Row]) -> tuple[int, tuple[str, str, str]]:
        name = item[0][0]
        return (list(self.windows).index(name) + 1 if name else 0), item[0]


def _told(window: Window) -> dict[str, Any]:
    civil = window.civil_s
    return {
        "command": window.command,
        "for": window.source,
        "place": window.place,
        "from_s": None if civil is None else civil + window.from_ms // 1000,
        "until_s": None if civil is None else civil + window.until_ms // 1000,
    }
