"""A reading record: what a device measured over one span, closed on time whatever happened.

Energy registers and states stand as they were at the end; powers, voltages, currents and the frequency are
the mean over the samples of the span (rounded down). A span without samples is a record that says so; one whose
device answers more rarely has its registers as estimates and no mean: an old power never gets a new time.
An energy register that falls is another meter, never negative energy.
"""

from __future__ import annotations

from agent import record
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Sample
    from agent.record import Record

_MEAN_LAST = const(11)  # quantities 1..11 are averaged, POWER_PV_W too


class Interval:
    """One device's open span."""

    def __init__(self, device: int, began_s: int) -> None:
        self.device = device
        self.began_s = began_s
        self._taken_ms = -1
        self._samples = 0  # that were new in this span
        self._ticks = 0
        self._fresh_ticks = 0
        self._sums: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._energy: dict[int, int] = {}  # as last recorded, over all spans

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
        """Return the reading record up to `now_s` and whether a register fell; begin the next span."""
        values = {}
        if self._fresh_ticks:
            last = self._last
            values = {quantity: last[quantity] for quantity in last if _stands(quantity)}
            if not 0 <= values.get(q.SOC_PM, 0) <= 1000:
                del values[q.SOC_PM]  # what cannot be is in no reading
            for quantity, total in self._sums.items():
                values[quantity] = total // self._counts[quantity]
        fell = self._remember_energy(values)
        quality = self._quality(fell, bool(values))
        reading: Record = [record.READING, now_s, now_s - self.began_s, self.device, quality, values, context]
        self.began_s = now_s
        self._ticks = self._fresh_ticks = self._samples = 0
        self._sums, self._counts = {}, {}
        return reading, fell

    def _quality(self, fell: bool, anything: bool) -> int:
        if fell:
            return q.BAD
        if not anything:
            return q.MISSING
        enough = self._samples and self._fresh_ticks * 10 >= self._ticks * 9
        return q.GOOD if enough else q.ESTIMATED

    def _remember_energy(self, values: dict[int, int]) -> bool:
        fell = False
        for quantity in (q.ENERGY_IMPORT_WH, q.ENERGY_EXPORT_WH):
            number = values.get(quantity)
            if number is not None:
                fell = fell or number < self._energy.get(quantity, number)
                self._energy[quantity] = number
        return fell


def _stands(quantity: int) -> bool:
    return not _is_mean(quantity) and quantity != q.LIMIT_VALID_MS


def _is_mean(quantity: int) -> bool:
    return quantity <= _MEAN_LAST or quantity == q.POWER_PV_W
