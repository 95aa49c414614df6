"""Energy registers over an agent's readings: they never fall, and never rise faster than the fuse allows.

Registers are followed per device id, not per index, because the list of devices may change at a boot.
The bound is what the connection carries from the begin of one reading's span to the end of the next: three phases
of the fuse's current at 253 V (230 V + 10 %, EN 50160), a quarter more (the current that a fuse carries for long
without melting, IEC 60269-1), and one kilowatt-hour, the coarsest step of a register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.verifier import records as r

VOLTAGE_V_MAX = 253
PHASES = 3
STEP_WH = 1000
MA_S_PER_WH = 3_600_000
Found = tuple[str, str]


Moment = list[int]  # epoch, second of it, civil second (0 unknown), error bound in s


def elapsed_s(earlier: Moment, later: Moment) -> int | None:
    """Return the most seconds that may lie between two moments, None when nobody knows."""
    if later[0] == earlier[0]:
        return later[1] - earlier[1]
    if later[2] and earlier[2]:
        return max(0, later[2] - earlier[2]) + later[3] + earlier[3]
    return None


def _begun(end: Moment, span_s: int) -> Moment:
    """Return when a reading's span began: so old its register may be, if the device fell silent then."""
    epoch, at_s, civil_s, error_s = end
    return [epoch, at_s - span_s, max(civil_s - span_s, 1) if civil_s else 0, error_s]


@dataclass(slots=True)
class Meter:
    """What was last seen of one device id."""

    model: str
    registers: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    may_begin_anew: bool = False
    moments: dict[str, Moment] = field(default_factory=dict)  # register -> when the span began in which it was read

    def take(self, device: str, model: str, fields: Mapping[str, Any], now: Moment, fuse_ma: int) -> list[Found]:
        """Follow the registers of the next reading; `fuse_ma` 0 is not known."""
        values = fields["values"]
        if fields["quality"] == r.QUALITY_BAD or r.ENERGY_REGISTERS.keys().isdisjoint(values):
            return []
        found = self._follow_model(device, model)
        for number, name in r.ENERGY_REGISTERS.items():
            now_wh = values.get(number)
            if now_wh is None:
                continue
            last_wh = self.registers.get(name)
            if last_wh is not None:
                found += self._judge(device, name, last_wh, now_wh, now, fuse_ma)
            self.registers[name] = now_wh
            self.moments[name] = _begun(now, fields["span_s"])
            self.first.setdefault(name, now_wh)
        return found

    def _follow_model(self, device: str, model: str) -> list[Found]:
        found = []
        if self.may_begin_anew:
            self.registers, self.may_begin_anew = {}, False
        elif self.model != model:
            found.append(("device_swapped", f"{device} was {self.model} and is {model}"))
            self.registers = {}
        self.model = model
        return found

    def _judge(self, device: str, name: str, last_wh: int, now_wh: int, now: Moment, fuse_ma: int) -> list[Found]:
        if now_wh < last_wh:
            return [("energy_fell", f"{device} {name} from {last_wh} to {now_wh}")]
        between_s = elapsed_s(self.moments[name], now) if fuse_ma else None
        if between_s is None or between_s < 0:
            return []
        most_wh = most_energy_wh(fuse_ma, between_s)
        if now_wh - last_wh <= most_wh:
            return []
        detail = f"{device} {name} by {now_wh - last_wh} Wh in {between_s} s, at most {most_wh} with {fuse_ma} mA"
        return [("energy_impossible", detail)]


def most_energy_wh(fuse_ma: int, between_s: int) -> int:
    """Return the most by which a register can rise in this time behind this fuse."""
    return PHASES * fuse_ma * VOLTAGE_V_MAX * between_s * 5 // (4 * MA_S_PER_WH) + STEP_WH
