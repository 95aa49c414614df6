"""An electric car and the charge point it hangs on, with the control pilot between them.

Source: IEC 61851-1, control pilot: the duty cycle tells the car the current it may draw, 6 A at least;
states A (no car) B (car, not charging) C (charging) F (fault), the digit 1 = no PWM offered, 2 = PWM
offered. The charge point changes the PWM at most every 5 s; the car follows within 5 s (as EVerest has
it); the contactor waits up to 6 s for the car to stop before it opens under load. Between one phase and three
the point pauses: no PWM, contactor open, 10 s without current (EVerest's wait), then the other contacts.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.physics.flow import STILL, Flow, Triple

CURRENT_A_MIN = 6.0
PWM_HOLD_S = 5.0
OPEN_UNDER_LOAD_S = 6.0
PHASE_PAUSE_S = 10.0
REAL_CURRENT_A = 0.5  # below this a car is taken to have stopped
REACTIVE_SHARE = 0.1  # var per W of an on-board charger
DUTY_LINEAR_A = 51.0  # up to 85 % duty 0.6 A per per cent, above it 2.5 A


def duty_percent(current_a: float) -> float:
    """Return the PWM duty cycle that offers a current; 100 (steady voltage) offers none."""
    if current_a < CURRENT_A_MIN:
        return 100.0
    return current_a / 0.6 if current_a <= DUTY_LINEAR_A else current_a / 2.5 + 64


@dataclass
class Car:
    """A battery on wheels: follows the pilot, tapers near full, stops at its own target."""

    capacity_wh: float = 60000.0
    soc: float = 0.4
    soc_target: float = 1.0
    current_a_max: float = 16.0
    phases: int = 3
    efficiency: float = 0.9
    taper_from: float = 0.9
    wake_s: float = 2.0  # from the first PWM to closing its switch
    follow_s: float = 4.0  # from nothing to its maximum

    current_a: float = 0.0
    energy_wh: float = 0.0  # drawn, over its life
    _awake_s: float = 0.0
    _satisfied: bool = False

    def wants(self) -> bool:
        """Tell whether it would charge; a full car asks again once it lost 2 %."""
        if self.soc >= self.soc_target:
            self._satisfied = True
        elif self.soc < self.soc_target - 0.02:
            self._satisfied = False
        return not self._satisfied

    def ready(self) -> bool:
        """Tell whether it pulls the pilot to state C."""
        return self.wants() and self._awake_s >= self.wake_s

    def ceiling_a(self) -> float:
        """Return what its on-board charger takes at this state of charge."""
        if self.soc <= self.taper_from:
            return self.current_a_max
        left = (1.0 - self.soc) / (1.0 - self.taper_from)
        return max(self.current_a_max * left, 1.0)

    def step(self, offered_a: float, mains: bool, dt_s: float) -> None:
        """Follow the pilot; `mains` tells whether the contactor is closed."""
        self._awake_s = self._awake_s + dt_s if offered_a >= CURRENT_A_MIN else 0.0
        target_a = min(offered_a, self.ceiling_a()) if offered_a >= CURRENT_A_MIN and self.ready() else 0.0
        change_a = self.current_a_max / self.follow_s * dt_s
        self.current_a = min(max(target_a, self.current_a - change_a), self.current_a + change_a)
        if not mains:
            self.current_a = 0.0

    def charge(self, power_w: float, dt_s: float) -> None:
        """Take in energy from the socket."""
        taken_wh = power_w * dt_s / 3600
        self.energy_wh += taken_wh
        self.soc = min(self.soc + taken_wh * self.efficiency / self.capacity_wh, 1.0)

    def drive(self, used_wh: float) -> None:
        """Lose energy on the road, never below 2 %."""
        self.soc = max(self.soc - used_wh / self.capacity_wh, 0.02)


@dataclass
class ChargePoint:
    """Offers a current to the car, if any. `limit_a` is what the product allows, below 6 A nothing."""

    current_a_max: float = 32.0
    phases: int = 3
    car: Car | None = None

    limit_a: float = 0.0
    faulty: bool = False
    offered_a: float = 0.0
    contactor: bool = False
    flow: Flow = STILL
    _still_s: float = PWM_HOLD_S
    _unoffered_s: float = 0.0
    _phases_next: int = 0  # 0: it stays on those it has
    _dead_s: float = 0.0

    @property
    def state(self) -> str:
        """The pilot state as IEC 61851-1 names it: A, B1, B2, C1, C2 or F."""
        if self.faulty:
            return "F"
        if self.car is None:
            return "A"
        if self.offered_a < CURRENT_A_MIN:
            return "C1" if self.contactor else "B1"
        return "C2" if self.car.ready() else "B2"

    @property
    def phases_used(self) -> int:
        """Phases that carry current when the car charges."""
        return min(self.phases, self.car.phases) if self.car else 0

    @property
    def phases_set(self) -> int:
        """Phases that it was told, on which it is or soon will be."""
        return self._phases_next or self.phases

    def use_phases(self, phases: int) -> None:
        """Pause, then charge on so many phases."""
        self._phases_next, self._dead_s = (phases if phases != self.phases else 0), 0.0

    def plug(self, car: Car) -> None:
        """Connect a car."""
        self.car = car
        self._still_s = PWM_HOLD_S

    def unplug(self) -> None:
        """Take the car away; what it drew ends at once."""
        if self.car:
            self.car.current_a = 0.0
        self.car, self.contactor, self.offered_a = None, False, 0.0

    def step(self, voltage_v: Triple, dt_s: float) -> None:
        """Let the pilot, the car and the contactor act, and energy flow, for `dt_s`."""
        self._change_phases(dt_s)
        self._offer(dt_s)
        if self.car is None:
            self.flow = STILL
            return
        self._switch(dt_s)
        self.car.step(self.offered_a, self.contactor, dt_s)
        self.flow = self._draw(self.car.current_a, voltage_v)
        self.car.charge(self.flow.total_w, dt_s)

    def _change_phases(self, dt_s: float) -> None:
        self._dead_s = 0.0 if self.contactor else self._dead_s + dt_s
        if self._phases_next and self._dead_s >= PHASE_PAUSE_S:
            self.phases, self._phases_next = self._phases_next, 0

    def _offer(self, dt_s: float) -> None:
        wanted_a = min(self.limit_a, self.current_a_max)
        if wanted_a < CURRENT_A_MIN or self.faulty or self.car is None or self._phases_next:
            wanted_a = 0.0
        self._still_s += dt_s
        # to stop is allowed at any moment, any other change waits for the car to have followed the last
        if wanted_a != self.offered_a and (wanted_a == 0 or self._still_s >= PWM_HOLD_S):
            self.offered_a, self._still_s = wanted_a, 0.0

    def _switch(self, dt_s: float) -> None:
        assert self.car is not None
        if self.offered_a >= CURRENT_A_MIN:
            self._unoffered_s = 0.0
            self.contactor = self.car.ready() or self.car.current_a > REAL_CURRENT_A
            return
        self._unoffered_s += dt_s
        if self.faulty or self.car.current_a <= REAL_CURRENT_A or self._unoffered_s >= OPEN_UNDER_LOAD_S:
            self.contactor = False

    def _draw(self, current_a: float, voltage_v: Triple) -> Flow:
        a, b, c = (current_a * voltage_v[i] if i < self.phases_used else 0.0 for i in range(3))
        return Flow((a, b, c), (a * REACTIVE_SHARE, b * REACTIVE_SHARE, c * REACTIVE_SHARE))
