"""What the site's meter and its device show, as a utility wants to hear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boards.cpython.ieee2030_5.encode import Telemetry
from hal import quantities as q

if TYPE_CHECKING:
    from agent.image import Image
    from agent.loop import Loop


class Gauge:
    """Looks at the newest samples; `device` is the id of a device or of a metered circuit, `isolator` of a switch."""

    def __init__(self, loop: Loop, device: str, isolator: str) -> None:
        self._loop = loop
        self._site = loop.state.site.meter
        self._isolator = loop.state.unit_named(isolator) if isolator else None
        scope = loop.state.scope_named(device)
        assert scope is not None
        self._device = scope if scope >= 0 else loop.state.circuit_of(scope).meter

    def read(self, now_ms: int) -> tuple[Telemetry, bool]:
        """Return what is known now, None where nobody answers, and whether the isolator is closed, True without one."""
        image = self._loop.image()
        site, device = self._values(image, self._site, now_ms), self._values(image, self._device, now_ms)
        closed = True
        if self._isolator is not None:
            closed = self._values(image, self._isolator.index, now_ms).get(q.ON) == 1
        voltage_mv = site.get(q.VOLTAGE_L1_MV)
        return Telemetry(site.get(q.POWER_W), voltage_mv, device.get(q.POWER_W), device.get(q.SOC_PM)), closed

    def _values(self, image: Image, index: int | None, now_ms: int) -> dict[int, int]:
        if index is None:
            return {}
        sample = image.fresh(index, now_ms, self._loop.state.units[index].contract.stale_ms)
        return {} if sample is None else sample.values
