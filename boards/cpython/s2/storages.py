"""What fills a storage (FRBC): a battery its own, a charger that of a car whose need its owner has told.

Source: s2-ws-json 0.0.2-beta, messages `FRBC.*`; s2-documentation, example "Electric vehicle": where the capacity of a
car is not known, the fill level is the share of the energy that is to be charged.
"""

from __future__ import annotations

from abc import abstractmethod
from decimal import ROUND_DOWN, Decimal

from agent.sources.peer_desk import PeerDesk
from agent.unit import Unit
from boards.cpython.s2.messages import Order, moment, said
from boards.cpython.s2.resources import Modes, Piece, Resource
from boards.cpython.strict_json import Malformed, Object
from hal import quantities as q

AT_DEPARTURE_MS = 900000  # for so long what a car needs shall be in it


class Storage(Resource):
    """One actuator with `modes` that fills what holds `capacity_wh`, between two levels in percent."""

    control_type = "FILL_RATE_BASED_CONTROL"
    label = ""

    def __init__(self, desk: PeerDesk, unit: Unit, capacity_wh: int) -> None:
        super().__init__(desk, unit)
        self._capacity_wh = capacity_wh
        self.modes = Modes(self, self._modes())

    @abstractmethod
    def _modes(self) -> dict[str, tuple[int, int, bool]]:
        """Return its modes: boards.cpython.s2.resources.Modes."""

    @abstractmethod
    def _levels(self) -> tuple[float, float]:
        """Return the lowest and highest fill level."""

    @abstractmethod
    def _level(self) -> float | None:
        """Return the present fill level, None while nobody tells it."""

    @abstractmethod
    def _now(self) -> tuple[str, int]:
        """Return the mode that its set-point is, and the power of that."""

    @abstractmethod
    def _setpoint(self, name: str, power_w: int) -> int:
        """Return the set-point of a mode at a power."""

    @property
    def actuator(self) -> str:
        """The one actuator that it has."""
        return self.name("actuator")

    def description(self, now_ms: int) -> list[Object]:
        """Return the storage and its actuator."""
        low, high = self._levels()
        levels = {"start_of_range": low, "end_of_range": high}
        waits = any(not runs for _, _, runs in self.modes.modes.values())
        actuator = {
            "id": self.actuator,
            "diagnostic_label": self.unit.id,
            "supported_commodities": ["ELECTRICITY"],
            "operation_modes": [self._mode(name, levels) for name in self.modes.modes],
            "transitions": self.modes.transitions(),
            "timers": self.modes.timers() if waits else [],
        }
        target = self._target(now_ms)
        storage = {
            "diagnostic_label": self.unit.id,
            "fill_level_label": self.label,
            "provides_leakage_behaviour": False,
            "provides_fill_level_target_profile": bool(target),
            "provides_usage_forecast": False,
            "fill_level_range": levels,
        }
        described = said("FRBC.SystemDescription", valid_from=moment(now_ms), actuators=[actuator], storage=storage)
        return [described, *target]

    def _target(self, _now_ms: int) -> list[Object]:
        """Return what the level shall be and when, nothing where nobody said that."""
        return []

    def _mode(self, name: str, levels: Object) -> Object:
        low_w, high_w, _ = self.modes.modes[name]
        rates = [power_w / (self._capacity_wh * 36) for power_w in (low_w, high_w)]  # percent a second, losses left out
        element = {
            "fill_level_range": levels,
            "fill_rate": {"start_of_range": rates[0], "end_of_range": rates[1]},
            "power_ranges": self.modes.power_ranges(name),
        }
        return {
            "id": self.modes.id_of(name),
            "diagnostic_label": name,
            "elements": [element],
            "abnormal_condition_only": False,
        }

    def status(self, _now_ms: int) -> list[Object]:
        """Return the mode that its set-point is, and its fill level, if that is known."""
        name, power_w = self._now()
        low_w, high_w, _ = self.modes.modes[name]
        found = [
            said(
                "FRBC.ActuatorStatus",
                actuator_id=self.actuator,
                active_operation_mode_id=self.modes.id_of(name),
                operation_mode_factor=factor_of(low_w, high_w, power_w),
            )
        ]
        level = self._level()
        if level is not None:
            found.append(said("FRBC.StorageStatus", present_fill_level=level))
        return found

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the set-point of a mode and its factor. Raises: Malformed."""
        if order.actuator != self.actuator:
            raise Malformed(f"actuator {order.actuator}: there is none of this name")
        name = self.modes.named(order.mode)
        low_w, high_w, _ = self.modes.modes[name]
        return [self.piece(self._setpoint(name, between(low_w, high_w, order.factor)), order, now_ms)]


class Battery(Storage):
    """Charges, discharges or idles; its fill level is its charge in percent."""

    label = "state of charge in percent"

    def _modes(self) -> dict[str, tuple[int, int, bool]]:
        most_w, least_w = (self._within(each) for each in (self.unit.contract.maximum, self.unit.contract.minimum))
        return {"idle": (0, 0, True), "charge": (0, most_w, True), "discharge": (least_w, 0, True)}

    def _within(self, power_w: int) -> int:
        """Return a set-point no farther from 0 than nameplate and ceiling."""
        return self.unit.fit(min(max(power_w, -self.desk.authority.power_max_w), self.desk.authority.power_max_w))

    def _levels(self) -> tuple[float, float]:
        """Return the bounds of its protection."""
        return self.unit.guard.soc_min_pm / 10, self.unit.guard.soc_max_pm / 10

    def _level(self) -> float | None:
        charge_pm = self._reading().get(q.SOC_PM)
        return None if charge_pm is None else charge_pm / 10

    def _now(self) -> tuple[str, int]:
        setpoint = self.unit.setpoint or 0
        return "charge" if setpoint > 0 else "discharge" if setpoint < 0 else "idle", setpoint

    def _setpoint(self, _name: str, power_w: int) -> int:
        return self.unit.fit(power_w)


class Plugged:
    """How much a charger has given to the car that is plugged in, by its own register."""

    def __init__(self) -> None:
        self._began_wh: int | None = None

    def look(self, reading: dict[int, int]) -> None:
        """Take a reading; a car that has gone takes the count along."""
        register_wh, state = reading.get(q.ENERGY_IMPORT_WH), reading.get(q.EV_STATE)
        if state == q.EV_A:
            self._began_wh = None
        elif state in (q.EV_B, q.EV_C, q.EV_D) and self._began_wh is None:
            self._began_wh = register_wh

    def given_wh(self, reading: dict[int, int]) -> int | None:
        """Return what it has given, None while that is not known."""
        register_wh = reading.get(q.ENERGY_IMPORT_WH)
        if register_wh is None or self._began_wh is None:
            return None
        return max(register_wh - self._began_wh, 0)


class Vehicle(Storage):
    """A charger whose owner has told when the car leaves and what it needs: 100 % is that energy, since it came."""

    label = "charged of what the owner asked for, in percent"

    def __init__(self, desk: PeerDesk, unit: Unit, departure: tuple[int, int], plugged: Plugged) -> None:
        self._until_ms, energy_wh = departure
        self._plugged = plugged
        super().__init__(desk, unit, energy_wh)

    def _modes(self) -> dict[str, tuple[int, int, bool]]:
        least_w = self.unit.power_of(self.unit.least_running())
        most_w = self.unit.power_of(self.unit.setpoint_for(self.max_w))
        return {"off": (0, 0, False), "charge": (min(least_w, most_w), most_w, True)}

    def _levels(self) -> tuple[float, float]:
        return 0, 100

    def _level(self) -> float | None:
        reading = self._reading()
        given_wh = self._plugged.given_wh(reading)
        return None if given_wh is None else min(given_wh * 100 / self._capacity_wh, 100)

    def _target(self, now_ms: int) -> list[Object]:
        """Return that all of it shall be there at the departure."""
        spans = ((max(self._until_ms - now_ms, 1), 0), (AT_DEPARTURE_MS, 100))
        elements = [
            {"duration": lasts_ms, "fill_level_range": {"start_of_range": low, "end_of_range": 100}}
            for lasts_ms, low in spans
        ]
        return [said("FRBC.FillLevelTargetProfile", start_time=moment(now_ms), elements=elements)]

    def status(self, now_ms: int) -> list[Object]:
        """Return mode and fill level, and the timer of its protection that runs."""
        timer = self.modes.timer_status("FRBC.TimerStatus", now_ms, actuator_id=self.actuator)
        return [*super().status(now_ms), *timer]

    def _now(self) -> tuple[str, int]:
        power_w = min(self.unit.power_of(self.unit.setpoint), self.modes.modes["charge"][1])
        return ("charge", power_w) if power_w > 0 else ("off", 0)

    def _setpoint(self, name: str, power_w: int) -> int:
        return self.unit.lowest() if name == "off" else self.unit.setpoint_for(power_w)


def between(low_w: int, high_w: int, factor: Decimal) -> int:
    """Return the power at a factor from 0 to 1, towards the lower end."""
    return low_w + int(((high_w - low_w) * factor).to_integral_value(rounding=ROUND_DOWN))


def factor_of(low_w: int, high_w: int, power_w: int) -> float:
    """Return the factor at which a mode has a power."""
    return min(max((power_w - low_w) / (high_w - low_w), 0), 1) if high_w > low_w else 0
