"""A device as a resource of S2: what it tells of itself, and what an instruction makes of it.

Which control type: a battery fills and empties a storage (FRBC), what runs and stops or has states is in operation
modes (OMBC), a charger and an inverter are kept within an envelope (PEBC). A charger does not tell what is in the car;
once its owner says what that needs, it fills a storage, too. Sign: consumption is positive.
Source: s2-ws-json 0.0.2-beta; its transitions and timers are the protection table of the device (docs/config.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from agent.claims import SETPOINT
from boards.cpython.s2.messages import Order, moment, own_id, said
from boards.cpython.steps import CLAIM, Matter
from boards.cpython.strict_json import Malformed, Object
from hal import capabilities
from hal import quantities as q

if TYPE_CHECKING:
    from agent.sources.peer_desk import PeerDesk
    from agent.unit import Unit

MODELS = {
    capabilities.BATTERY: "ENERGY_STORAGE",
    capabilities.CHARGER: "ENERGY_CONSUMER",
    capabilities.HEAT_PUMP: "ENERGY_CONSUMER",
    capabilities.INVERTER: "ENERGY_PRODUCER",
    capabilities.SG_READY: "ENERGY_CONSUMER",
    capabilities.SWITCH: "ENERGY_CONSUMER",
}

Piece = tuple[Matter, int, int, int, int | None]  # matter, mode, amount, start and end in Unix ms


class Resource(ABC):
    """One device. `control_type` is the one that it offers."""

    control_type = ""

    def __init__(self, desk: PeerDesk, unit: Unit) -> None:
        self.desk = desk
        self.unit = unit
        phases = unit.phases
        self.quantity = "ELECTRIC.POWER.3_PHASE_SYMMETRIC" if len(phases) == 3 else f"ELECTRIC.POWER.L{phases[0] + 1}"

    def name(self, *names: str) -> str:
        """Return the id of something of this device's."""
        return own_id(self.desk.loop.state.agent_id.hex(), self.unit.id, *names)

    @property
    def max_w(self) -> int:
        """The most that it draws, W, within the ceiling of its source."""
        return min(self.unit.power_of(None), self.desk.authority.power_max_w)

    def details(self) -> Object:
        """Return what is said of it once connected."""
        return said(
            "ResourceManagerDetails",
            resource_id=self.name("resource"),
            name=self.unit.id,
            roles=[{"role": MODELS[self.unit.contract.kind], "commodity": "ELECTRICITY"}],
            instruction_processing_delay=self.unit.contract.response_ms,
            available_control_types=[self.control_type],
            provides_forecast=False,
            provides_power_measurement_types=[self.quantity],
        )

    def measured(self, now_ms: int) -> list[Object]:
        """Return its power, if it tells that."""
        power_w = self._reading().get(q.POWER_W)
        if power_w is None:
            return []
        reading = {"commodity_quantity": self.quantity, "value": power_w}
        return [said("PowerMeasurement", measurement_timestamp=moment(now_ms), values=[reading])]

    @abstractmethod
    def description(self, now_ms: int) -> list[Object]:
        """Return what it can be asked for."""

    @abstractmethod
    def status(self, _now_ms: int) -> list[Object]:
        """Return what it does now."""

    @abstractmethod
    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return what an instruction wants of it. Raises: Malformed where it makes no sense here."""

    def piece(self, setpoint: int, order: Order, now_ms: int) -> Piece:
        """Return a set-point from an instruction's time on, at once where that has passed."""
        return (CLAIM, self.unit.index, SETPOINT), SETPOINT, setpoint, max(order.execution_ms, now_ms), None

    def _reading(self) -> dict[int, int]:
        sample = self.desk.loop.image().fresh(self.unit.index, self.desk.loop.state.now_ms, self.unit.contract.stale_ms)
        return {} if sample is None else sample.values


class Modes:
    """Operation modes by their own names: power from and to in W at factors 0 and 1, and whether the device runs."""

    def __init__(self, resource: Resource, modes: dict[str, tuple[int, int, bool]]) -> None:
        self._resource = resource
        self.modes = modes
        self.ids = {resource.name("mode", name): name for name in modes}

    def id_of(self, name: str) -> str:
        """Return what a mode is called over the wire."""
        return self._resource.name("mode", name)

    def named(self, mode_id: str) -> str:
        """Return the mode of an id. Raises: Malformed."""
        if mode_id not in self.ids:
            raise Malformed(f"operation mode {mode_id}: there is none of this name")
        return self.ids[mode_id]

    def power_ranges(self, name: str) -> list[Object]:
        """Return what a mode draws."""
        low_w, high_w, _ = self.modes[name]
        return [{"start_of_range": low_w, "end_of_range": high_w, "commodity_quantity": self._resource.quantity}]

    def transitions(self) -> list[Object]:
        """Return every change of mode: to stop waits for the least run, to start for the least stop."""
        found: list[Object] = []
        for one, (_, _, runs) in self.modes.items():
            for other, (_, _, will_run) in self.modes.items():
                if one == other:
                    continue
                blocks, starts = (["run"], ["rest"]) if runs else (["rest"], ["run"])
                if runs is will_run:
                    blocks = starts = []
                found.append({
                    "id": self._resource.name("transition", one, other),
                    "from": self.id_of(one),
                    "to": self.id_of(other),
                    "start_timers": [self._resource.name("timer", timer) for timer in starts],
                    "blocking_timers": [self._resource.name("timer", timer) for timer in blocks],
                    "abnormal_condition_only": False,
                })  # fmt: skip
        return found

    def timers(self) -> list[Object]:
        """Return the least run and the least stop of the device's protection."""
        guard = self._resource.unit.guard
        times = (("run", "least run", guard.on_ms), ("rest", "least stop", guard.off_ms))
        return [
            {"id": self._resource.name("timer", name), "diagnostic_label": label, "duration": duration_ms}
            for name, label, duration_ms in times
        ]

    def timer_status(self, kind: str, now_ms: int, **more: Any) -> list[Object]:
        """Return until when the timer of the last start or stop blocks."""
        guard, state = self._resource.unit.guard, self._resource.desk.loop.state
        if guard.changed_ms < 0:
            return []
        name, lasts_ms = ("run", guard.on_ms) if guard.running else ("rest", guard.off_ms)
        finished_ms = now_ms - state.now_ms + guard.changed_ms + lasts_ms
        timer = self._resource.name("timer", name)
        return [said(kind, timer_id=timer, finished_at=moment(finished_ms), **more)]
