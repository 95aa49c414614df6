"""The control types that devices offer, and the operation modes (OMBC) of what has states.

A battery is a storage (FRBC), a charger too while its owner has told what a car needs; else a charger is kept below an
envelope (PEBC), and so is an inverter. Source: s2-ws-json 0.0.2-beta, messages `OMBC.*`; the examples of
s2-documentation.
"""

from __future__ import annotations

from agent.sources.peer_desk import PeerDesk
from agent.unit import Unit
from boards.cpython.s2.envelopes import Charger, Inverter
from boards.cpython.s2.messages import Order, moment, said
from boards.cpython.s2.resources import MODELS, Modes, Piece, Resource
from boards.cpython.s2.storages import Battery, Plugged, Vehicle, between, factor_of
from boards.cpython.strict_json import Object
from hal import capabilities
from hal import quantities as q


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

    def description(self, now_ms: int) -> list[Object]:
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
        return [
            said(
                "OMBC.SystemDescription",
                valid_from=moment(now_ms),
                operation_modes=modes,
                transitions=self.modes.transitions(),
                timers=self.modes.timers(),
            )
        ]

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
        return "on", factor_of(low_w, high_w, high_w if setpoint is None else setpoint)

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the set-point of a mode and its factor. Raises: Malformed."""
        name = self.modes.named(order.mode)
        if name in self._setpoints:
            return [self.piece(self._setpoints[name], order, now_ms)]
        low_w, high_w, _ = self.modes.modes[name]
        return [self.piece(self.unit.fit(between(low_w, high_w, order.factor)), order, now_ms)]


def resource_of(desk: PeerDesk, unit: Unit, capacity_wh: int | None, plugged: Plugged) -> Resource:
    """Return a device as what it offers now. Raises: ValueError with one sentence."""
    kind, departure = unit.contract.kind, desk.loop.state.departure_of(unit.id)
    if kind not in MODELS or not (unit.takes_power() or kind == capabilities.INVERTER):
        raise ValueError(
            f"devices: {unit.id!r} has no control type of S2 (batteries, chargers, heat pumps, contacts, inverters)"
        )
    if kind == capabilities.BATTERY:
        if capacity_wh is None:
            raise ValueError(f"capacity_wh: a battery needs it: {unit.id!r}")
        return Battery(desk, unit, capacity_wh)
    if kind == capabilities.INVERTER:
        return Inverter(desk, unit)
    if kind != capabilities.CHARGER:
        return Stateful(desk, unit)
    return Charger(desk, unit) if departure is None else Vehicle(desk, unit, departure, plugged)
