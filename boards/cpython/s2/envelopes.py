"""What is kept within an envelope of power (PEBC): a charger below one, an inverter that only feeds in above one.

Source: s2-ws-json 0.0.2-beta, messages `PEBC.*`; s2-documentation, examples "Electric vehicle" and "PV installation".
Production is negative: a lower limit of -2000 W lets an inverter feed in 2 kW.
"""

from __future__ import annotations

from abc import abstractmethod

from agent.claims import CEILING, SETPOINT
from boards.cpython.s2.messages import Element, Order, moment, said
from boards.cpython.s2.resources import Piece, Resource
from boards.cpython.steps import CLAIM
from boards.cpython.strict_json import Malformed, Object


class Envelope(Resource):
    """Stays between a lower and an upper limit; one of them is fixed at 0."""

    control_type = "POWER_ENVELOPE_BASED_CONTROL"
    consequence = ""  # of what is not drawn or fed in
    mode = 0  # of the claims

    @abstractmethod
    def _bounds(self) -> tuple[int, int]:
        """Return how low and how high a limit may be, W."""

    @abstractmethod
    def _amount(self, element: Element) -> int:
        """Return the set-point of one element, which is within bounds. Raises: Malformed."""

    def description(self, now_ms: int) -> list[Object]:
        """Return how far it can be limited: from nothing to all it has, in the one direction that it has."""
        low_w, high_w = self._bounds()
        ranges = [
            {
                "commodity_quantity": self.quantity,
                "limit_type": kind,
                "range_boundary": {"start_of_range": start_w, "end_of_range": end_w},
                "abnormal_condition_only": False,
            }
            for kind, start_w, end_w in (("UPPER_LIMIT", 0, high_w), ("LOWER_LIMIT", low_w, 0))
        ]
        return [
            said(
                "PEBC.PowerConstraints",
                id=self.name("constraints"),
                valid_from=moment(now_ms),
                consequence_type=self.consequence,
                allowed_limit_ranges=ranges,
            )
        ]

    def status(self, _now_ms: int) -> list[Object]:
        """Return nothing: its power is measured."""
        return []

    def asked(self, order: Order, now_ms: int) -> list[Piece]:
        """Return the pieces of an envelope as claims. Raises: Malformed."""
        if order.constraints != self.name("constraints"):
            raise Malformed(f"power constraints {order.constraints}: there are none of this name")
        if [quantity for quantity, _ in order.envelopes] != [self.quantity] or not order.envelopes[0][1]:
            raise Malformed(f"power_envelopes: expected one, for {self.quantity}")
        found: list[Piece] = []
        start_ms = max(order.execution_ms, now_ms)
        for element in order.envelopes[0][1]:
            self._check(element)
            end_ms, amount = start_ms + element.duration_ms, self._amount(element)
            found.append(((CLAIM, self.unit.index, self.mode), self.mode, amount, start_ms, end_ms))
            start_ms = end_ms
        return found

    def _check(self, element: Element) -> None:
        low_w, high_w = self._bounds()
        if not (low_w <= element.lower_w <= 0 <= element.upper_w <= high_w):
            raise Malformed(
                f"limits of {element.lower_w} to {element.upper_w} W: expected {low_w} to {high_w} W at most, around 0"
            )


class Charger(Envelope):
    """Keeps a vehicle's charging below an envelope; what is not charged now is charged later."""

    consequence = "DEFER"
    mode = CEILING

    def _bounds(self) -> tuple[int, int]:
        return 0, self.max_w

    def _amount(self, element: Element) -> int:
        ceiling = self.unit.setpoint_for(element.upper_w)
        if self.unit.power_of(ceiling) > element.upper_w:
            raise Malformed(f"an upper limit of {element.upper_w} W: it cannot draw so little")
        return ceiling


class Inverter(Envelope):
    """Lets an inverter feed in no more than an envelope; what the sun gives beyond it is lost."""

    consequence = "VANISH"
    mode = SETPOINT

    def _bounds(self) -> tuple[int, int]:
        least_w = self.unit.contract.minimum
        return max(least_w, -self.unit.power_max_w) if self.unit.power_max_w else least_w, 0

    def _amount(self, element: Element) -> int:
        contract, setpoint = self.unit.contract, self.unit.fit(element.lower_w)
        if setpoint < element.lower_w:
            setpoint += contract.step
        if setpoint > contract.maximum:
            raise Malformed(f"a lower limit of {element.lower_w} W: it cannot feed in so little")
        return setpoint
