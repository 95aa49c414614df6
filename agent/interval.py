"""A reading record: what a device measured over one span, closed on time whatever happened.

Energy registers and states stand as they were at the end; powers, voltages, currents and the frequency are
the mean over the samples of the span (rounded down). A span without samples is a record that says so; one whose
device answers more rarely has its registers as estimates and no mean: an old power never gets a new time.
An energy register that falls, or rises faster than the connection's fuse allows, is another meter or a wrong one:
never negative energy, never invented energy.

Source: the bound is tools/verifier's (docs/verify.md): EN 50160 for the voltage, IEC 60269-1 for the fuse.
"""

from __future__ import annotations

from agent import record
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Sample
    from agent.record import Record

_RISE_SLACK_WH = const(1000)  # the coarsest step of a register
_MEAN_LAST = const(11)  # quantities 1..11 are averaged, POWER_PV_W too


class Interval:
    """One device's open span."""

    def __init__(self, device: int, began_s: int, fuse_ma: int) -> None:
        self.device = device
        self.fuse_ma = fuse_ma  # of the connection: whatever is measured is behind it
        self.began_s = began_s
        self._taken_ms = -1
        self._samples = 0  # that were new in this span
        self._ticks = 0
        self._fresh_ticks = 0
        self._sums: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._energy: dict[int, int] = {}  # as last recorded, over all spans
        self._energy_s = began_s  # when the span began in which that was

    def take(self, sample: Sample | None) -> None:
        """Count one tick; `sample` is None while the device is stale or silent."""
        self._ticks += 1
        if sample is None:
            return
        self._fresh_ticks += 1
        if sample.at_ms == self._taken_ms:
            return
        self._taken_ms = sample.at_ms
        self._samples += 1
        sums, counts = self._sums, self._counts
        for quantity in sample.values:  # no pairs: a board's heap is small
            if _is_mean(quantity):
                sums[quantity] = sums.get(quantity, 0) + sample.values[quantity]
                counts[quantity] = counts.get(quantity, 0) + 1
        self._last = sample.values

    def close(self, now_s: int, context: dict[int, object]) -> tuple[Record, bool]:
        """Return the reading record up to `now_s` and whether a register jumped; begin the next span."""
        values = {}
        if self._fresh_ticks:
            last = self._last
            values = {quantity: last[quantity] for quantity in last if _stands(quantity)}
            if not 0 <= values.get(q.SOC_PM, 0) <= 1000:
                del values[q.SOC_PM]  # what cannot be is in no reading
            for quantity, total in self._sums.items():
                values[quantity] = total // self._counts[quantity]
        jumped = self._remember_energy(values, now_s)
        quality = self._quality(jumped, bool(values))
        reading: Record = [record.READING, now_s, now_s - self.began_s, self.device, quality, values, context]
        self.began_s = now_s
        self._ticks = self._fresh_ticks = self._samples = 0
        self._sums, self._counts = {}, {}
        return reading, jumped

    def _quality(self, jumped: bool, anything: bool) -> int:
        if jumped:
            return q.BAD
        if not anything:
            return q.MISSING
        enough = self._samples and self._fresh_ticks * 10 >= self._ticks * 9
        return q.GOOD if enough else q.ESTIMATED

    def _remember_energy(self, values: dict[int, int], now_s: int) -> bool:
        """Follow the registers; return whether one fell or rose by more than can have flowed."""
        jumped = False
        # Three phases at 253 V, and a quarter more than the fuse's current, which it carries for long.
        most_wh = 3 * 253 * 5 * self.fuse_ma * (now_s - self._energy_s) // (4 * 3600000) + _RISE_SLACK_WH
        for quantity in (q.ENERGY_IMPORT_WH, q.ENERGY_EXPORT_WH):
            number = values.get(quantity)
            if number is not None:
                jumped = jumped or not 0 <= number - self._energy.get(quantity, number) <= most_wh
                self._energy[quantity] = number
                self._energy_s = self.began_s
        return jumped


def _stands(quantity: int) -> bool:
    return not _is_mean(quantity) and quantity != q.LIMIT_VALID_MS


def _is_mean(quantity: int) -> bool:
    return quantity <= _MEAN_LAST or quantity == q.POWER_PV_W
