"""The control types that devices offer: FRBC for a battery, OMBC for what has states, PEBC for a charger.

Source: s2-ws-json 0.0.2-beta, messages `FRBC.*`, `OMBC.*` and `PEBC.*`; the examples of s2-documentation.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from agent.claims import CEILING
from agent.sources.peer_desk import PeerDesk
from agent.unit import Unit
from boards.cpython.s2.messages import Order, moment, said
from boards.cpython.s2.resources import MODELS, Modes, Piece, Resource
from boards.cpython.steps import CLAIM
from boards.cpython.strict_json import Malformed, Object
from hal import capabilities
from hal import quantities as q


class Battery(Resource):
    """Charges, discharges or idles; its fill level is its charge in percent."""

    control_type = "FILL_RATE_BASED_CONTROL"

    def __init__(self, desk: PeerDesk, unit: Unit, capacity_wh: int) -> None:
        super().__init__(desk, unit)
        self._capacity_wh = capacity_wh
        most_w, least_w = (self._within(each) for each in (unit.contract.maximum, unit.contract.minimum))
        self.modes = Modes(self, {"idle": (0, 0, True), "charge": (0, most_w, True), "discharge": (least_w, 0, True)})

    def _within(self, power_w: int) -> int:
        """Return a set-point no farther from 0 than nameplate and ceiling."""
        return self.unit.fit(min(max(power_w, -self.desk.authority.power_max_w), self.desk.authority.power_max_w))

    @property
    def actuator(self) -> str:
        """The one actuator that it has."""
        return self.name("actuator")

    def description(self, now_ms: int) -> Object:
        """Return the storage between the bounds of its protection, and its three modes."""
        guard = self.unit.guard
        levels = {"start_of_range": guard.soc_min_pm / 10, "end_of_range": guard.soc_max_pm / 10}
        actuator = {
            "id": self.actuator,
            "diagnostic_label": self.unit.id,
            "supported_commodities": ["ELECTRICITY"],
            "operation_modes": [self._mode(name, levels) for name in self.modes.modes],
            "transitions": self.modes.transitions(),
            "timers": [],
        }
        storage = {
            "diagnostic_label": self.unit.id,
            "fill_level_label": "state of charge in percent",
            "provides_leakage_behaviour": False,
            "provides_fill_level_target_profile": False,
            "provides_usage_forecast": False,
            "fill_level_range": levels,
        }
        return said("FRBC.SystemDescription", valid_from=moment(now_ms), actuators=[actuator], storage=storage)

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
        """Return its charge, if it tells that, and the mode that its set-point is."""
        setpoint = self.unit.setpoint or 0
        name = "charge" if setpoint > 0 else "discharge" if setpoint < 0 else "idle"
        low_w, high_w, _ = self.modes.modes[name]
        found = [
            said(
                "FRBC.ActuatorStatus",
                actuator_id=self.actuator,
                active_operation_mode_id=self.modes.id_of(name),
                operation_mode_factor=_factor(low_w, high_w, setpoint),
            )
        ]
        charge_pm = self._reading().get(q.SOC_PM)
        if charge_pm is not None:
            found.append(said("FRBC.StorageStatus", present_fill_level=charge_pm / 10))
        return found

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the set-point of a mode and its factor. Raises: Malformed."""
        if order.actuator != self.actuator:
            raise Malformed(f"actuator {order.actuator}: there is none of this name")
        low_w, high_w, _ = self.modes.modes[self.modes.named(order.mode)]
        return [self.piece(self.unit.fit(_between(low_w, high_w, order.factor)), order, now_ms)]


class Stateful(Resource):
    """Has states: an SG-Ready pump its four, a contact two, a heat pump off and on with a power."""

    control_type = "OPERATION_MODE_BASED_CONTROL"

    def __init__(self, desk: PeerDesk, unit: Unit) -> None:
        super().__init__(desk, unit)
        contract, most_w = unit.contract, self.max_w
        self._setpoints: dict[str, int] = {}
        if contract.kind == capabilities.HEAT_PUMP:
            modes = {"on": (contract.minimum, unit.fit(most_w), True)}
            if contract.off is not None:
                modes["off"], self._setpoints["off"] = (0, 0, False), contract.off
        elif contract.kind == capabilities.SWITCH:
            modes, self._setpoints = {"off": (0, 0, False), "on": (0, most_w, True)}, {"off": 0, "on": 1}
        else:
            names = {q.SG_LOCK: "lock", q.SG_NORMAL: "normal", q.SG_RECOMMENDED: "recommended", q.SG_FORCED: "forced"}
            self._setpoints = {names[each]: each for each in names if unit.allows(each)}
            modes = {name: (0, 0 if name == "lock" else most_w, name != "lock") for name in self._setpoints}
        self.modes = Modes(self, modes)

    def description(self, now_ms: int) -> Object:
        """Return its modes, and what its protection lets change when."""
        modes = [
            {
                "id": self.modes.id_of(name),
                "diagnostic_label": name,
                "power_ranges": self.modes.power_ranges(name),
                "abnormal_condition_only": False,
            }
            for name in self.modes.modes
        ]
        return said(
            "OMBC.SystemDescription",
            valid_from=moment(now_ms),
            operation_modes=modes,
            transitions=self.modes.transitions(),
            timers=self.modes.timers(),
        )

    def status(self, now_ms: int) -> list[Object]:
        """Return the mode that its set-point is, and the timer that runs."""
        name, factor = self._now()
        status = said("OMBC.Status", active_operation_mode_id=self.modes.id_of(name), operation_mode_factor=factor)
        return [status, *self.modes.timer_status("OMBC.TimerStatus", now_ms)]

    def _now(self) -> tuple[str, float]:
        setpoint = self.unit.setpoint
        for name, wanted in self._setpoints.items():
            if setpoint == wanted:
                return name, 0
        if self.unit.contract.kind != capabilities.HEAT_PUMP:  # in default mode it does as it does by itself
            return ("off" if self.unit.contract.kind == capabilities.SWITCH else "normal"), 0
        low_w, high_w, _ = self.modes.modes["on"]
        return "on", _factor(low_w, high_w, high_w if setpoint is None else setpoint)

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the set-point of a mode and its factor. Raises: Malformed."""
        name = self.modes.named(order.mode)
        if name in self._setpoints:
            return [self.piece(self._setpoints[name], order, now_ms)]
        low_w, high_w, _ = self.modes.modes[name]
        return [self.piece(self.unit.fit(_between(low_w, high_w, order.factor)), order, now_ms)]


class Charger(Resource):
    """Keeps a vehicle's charging below an envelope; what is not charged now is charged later."""

    control_type = "POWER_ENVELOPE_BASED_CONTROL"

    def description(self, now_ms: int) -> Object:
        """Return how far it can be limited: from nothing to all it has; a vehicle feeds nothing in."""
        ranges = [
            {
                "commodity_quantity": self.quantity,
                "limit_type": kind,
                "range_boundary": {"start_of_range": 0, "end_of_range": most_w},
                "abnormal_condition_only": False,
            }
            for kind, most_w in (("UPPER_LIMIT", self.max_w), ("LOWER_LIMIT", 0))
        ]
        return said(
            "PEBC.PowerConstraints",
            id=self.name("constraints"),
            valid_from=moment(now_ms),
            consequence_type="DEFER",
            allowed_limit_ranges=ranges,
        )

    def status(self, _now_ms: int) -> list[Object]:
        """Return nothing: its power is measured."""
        return []

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the pieces of an envelope that are not over as ceilings. Raises: Malformed."""
        if order.constraints != self.name("constraints"):
            raise Malformed(f"power constraints {order.constraints}: there are none of this name")
        if [quantity for quantity, _ in order.envelopes] != [self.quantity] or not order.envelopes[0][1]:
            raise Malformed(f"power_envelopes: expected one, for {self.quantity}")
        found: list[Piece] = []
        start_ms = max(order.execution_ms, now_ms)
        for element in order.envelopes[0][1]:
            if element.lower_w > 0 or not 0 <= element.upper_w <= self.max_w:
                raise Malformed(
                    f"limits of {element.lower_w} to {element.upper_w} W: expected 0 to {self.max_w} W at most"
                )
            end_ms, ceiling = start_ms + element.duration_ms, self.unit.setpoint_for(element.upper_w)
            if self.unit.power_of(ceiling) > element.upper_w:
                raise Malformed(f"an upper limit of {element.upper_w} W: it cannot draw so little")
            found.append(((CLAIM, self.unit.index, CEILING), CEILING, ceiling, start_ms, end_ms))
            start_ms = end_ms
        return found


def _between(low_w: int, high_w: int, factor: Decimal) -> int:
    return low_w + int(((high_w - low_w) * factor).to_integral_value(rounding=ROUND_DOWN))


def _factor(low_w: int, high_w: int, power_w: int) -> float:
    return min(max((power_w - low_w) / (high_w - low_w), 0), 1) if high_w > low_w else 0


def resource_of(desk: PeerDesk, unit: Unit, capacity_wh: int | None) -> Resource:
    """Return a device as what it offers. Raises: ValueError with one sentence."""
    kind = unit.contract.kind
    if kind not in MODELS or not unit.takes_power():
        raise ValueError(f"devices: {unit.id!r} has no control type of S2 (batteries, chargers, heat pumps, contacts)")
    if kind == capabilities.BATTERY:
        if capacity_wh is None:
            raise ValueError(f"capacity_wh: a battery needs it: {unit.id!r}")
        return Battery(desk, unit, capacity_wh)
    return Charger(desk, unit) if kind == capabilities.CHARGER else Stateful(desk, unit)
