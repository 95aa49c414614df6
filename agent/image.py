"""What was known at one tick: the newest reading of each device, and the civil clock. Never changed once made."""

from __future__ import annotations

from hal import quantities as q


class Sample:
    """One answer of one device: `values` maps quantity to integer; what is missing is absent."""

    def __init__(self, at_ms: int, values: dict[int, int]) -> None:
        self.at_ms = at_ms  # monotonic, when the answer was complete
        self.values = values


class Image:
    """`samples[i]` is device i's newest sample, None when it never answered."""

    def __init__(self, samples: list[Sample | None], civil_ms: int, civil_quality: int, civil_error_ms: int) -> None:
        self.samples = samples
        self.civil_ms = civil_ms
        self.civil_quality = civil_quality
        self.civil_error_ms = civil_error_ms

    def fresh(self, index: int, now_ms: int, stale_ms: int) -> Sample | None:
        """Return device `index`'s sample when it is younger than `stale_ms`."""
        sample = self.samples[index]
        if sample is None or now_ms - sample.at_ms >= stale_ms:
            return None
        return sample


_PHASE_POWER = (q.POWER_L1_W, q.POWER_L2_W, q.POWER_L3_W)
_PHASE_CURRENT = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)


def phase_current_ma(values: dict[int, int], phase: int) -> int | None:
    """Return the signed current of a phase (0..2): the meter's magnitude with the phase power's direction."""
    current = values.get(_PHASE_CURRENT[phase])
    if current is None:
        return None
    power = values.get(_PHASE_POWER[phase], 0)
    return -abs(current) if power < 0 else abs(current)
