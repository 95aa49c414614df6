"""What plans of a battery and of heat have in common: prices, what the site will draw, and one slot of work a tick.

A plan reaches a day ahead, further where prices are told, a day and a half at most: six hours in quarters of an hour,
then whole hours. It is made anew for each quarter hour a little before that begins, and at once when prices come or
the site draws far from what was expected. What it says holds as long as the same is planned, and ends by itself.

Source: docs/sources.md, "battery-plan" and "heat-plan".
"""

from __future__ import annotations

from agent.sources.day_prices import SLOT_S, DayPrices, windows_of
from agent.sources.elsewhere import Elsewhere
from agent.sources.net_load import NetLoad
from agent.sources.options import SCOPE, choose
from agent.sources.storage import PRICE_MAX, StoragePlan
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk
    from agent.sources.storage import Slot

_FINE = const(24)  # quarter hours that are planned one by one
_LEAST = const(96)  # quarter hours that are planned at least, and at most
_MOST = const(144)
_SLOT_MS = const(900000)
_PIECES = const(72)  # more ticks than any plan needs, and then some
_TICK_MS_MAX = const(12000)  # with longer ones a plan is late
_RUN_MAX = const(16)  # quarter hours that one word holds at most
_GRACE_S = const(120)  # and so much longer, until the next word is there
_PIECE = const(24)  # quarter hours whose prices are looked through in a tick
_KEEP = const(24)  # every so many quarter hours what was learned is kept for a reboot
_OFF_TICKS = const(240)
_CLOCK_SLACK_MS = const(1500)

_PRICED = (
    ("scope", SCOPE),
    ("price", range(-8000000, 8000001)),
    ("export_price", range(-8000000, 8000001)),
    ("offset_min", range(-720, 841)),
    ("summer", ("eu", "none")),
    ("primacy", range(1, 256)),
)


class Planner:
    """A source that plans one device; what it stores, and how it is told what to do, is its kind's."""

    scope = ""
    price: int | None = None
    export_price = 0
    offset_min = 0
    summer = "none"
    primacy = 192
    options_own: tuple[tuple[str, Any], ...] = ()

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        state, rest = desk.loop.state, dict(options)
        windows = windows_of(rest.pop("windows")) if "windows" in rest else []
        self.options_known = _PRICED + self.options_own
        choose(self, state, rest)
        if self.price is None:
            raise ValueError("price", None, "a number: it has no default")
        scope = state.scope_named(self.scope)
        assert scope is not None
        self.desk = desk
        self.circuit = state.circuit_of(scope)
        if not self.circuit.metered():
            raise ValueError("scope", self.scope, "the connection or a circuit, with a meter")
        self.prices = DayPrices(state, windows, self.price, self.export_price, self.offset_min, self.summer)
        self.elsewhere = Elsewhere(state, self.circuit, self.device)
        self.net = NetLoad()
        self.net.recall(state.kept.get(desk.authority.name, []))
        self.plan: StoragePlan | None = None
        self._next: StoragePlan | None = None  # in the making
        self._scale = 1  # the highest price of a plan
        self._first = -1  # from which quarter hour on prices are looked through; -1: none are
        self._quarters = self._surveyed = self._highest = self._total = self._cheapest = 0
        self._now = -1  # the quarter hour
        self._priced: list[list[Any]] = []
        self._stored: int | None = None
        self._ahead_ms: int | None = None
        self.said = -1  # the action that is said, and the first quarter hour that it is not said for
        self._until = -1
        self._tick_ms = 1000
        self._looked_ms = 0
        self._moved = False  # it was planned anew in this quarter hour because of what the site draws

    def look(self, now_ms: int, image: Image) -> None:
        """Learn, plan a piece, and say what to do when that is new."""
        self._stored = self.stored_wh(now_ms, image)
        if image.civil_quality != q.CLOCK_SYNCHRONISED or self._stored is None:
            self._forget()
            self.desk.replace([], b"")
            return
        ahead_ms = image.civil_ms - now_ms
        if self._ahead_ms is None or abs(ahead_ms - self._ahead_ms) > _CLOCK_SLACK_MS:
            self._forget()
            self._ahead_ms = ahead_ms
        now = image.civil_ms // _SLOT_MS
        self._learn(now)
        turned, self._now = now != self._now, now
        if turned and now % _KEEP == 0:
            self.desk.loop.state.keep(self.desk.authority.name, self.net.numbers())
        self._moved = self._moved and not turned
        self._tick_ms, self._looked_ms = min(now_ms - self._looked_ms, _TICK_MS_MAX), now_ms
        finished = self._work(image.civil_ms)
        must = self.must(self._stored)
        if turned or finished or (must >= 0 and must != self.said):
            self._say(now_ms, must)

    def _learn(self, now: int) -> None:
        """Learn what the meter shows without what is planned; nothing where a part of that is not known."""
        shown_w, own_w, elsewhere_w = self.circuit.shown_w, self.own_w(), self.elsewhere.drawn_w()
        if shown_w is not None and own_w is not None and elsewhere_w is not None:
            self.net.learn(now, shown_w - own_w - elsewhere_w)

    def _forget(self) -> None:
        self.plan = self._next = self._ahead_ms = None
        self._first = -1
        self.said = self._now = -1

    def _work(self, civil_ms: int) -> bool:
        """Do a piece of the plan that is due; return whether it is finished."""
        plan = self._next
        if plan is None:
            first = self._due(civil_ms) if self._first < 0 else self._first
            if first >= 0:
                if self._first < 0:
                    self._begin(first)
                self._survey()
            return False
        place = plan.left - 1
        slot, quarters = span_of(plan.first, place)
        spread_w = self.net.spread_w(slot, quarters)
        plan.work(self.slot(slot, quarters, spread_w), self.slot(slot, quarters, -spread_w), quarters)
        if plan.left:
            return False
        self.plan, self._next = plan, None
        return True

    def _due(self, civil_ms: int) -> int:
        """Return the quarter hour from which on a plan is to be made, -1 while the present one will do."""
        told, now = self.desk.loop.state.priced, self._now
        off_w = self.net.off_w(_OFF_TICKS)
        if self.plan is None or told[0] is not self._priced[0] or told[1] is not self._priced[1]:
            return now
        if abs(off_w) > self.off_max_w() and not self._moved:
            self._moved = True
            return now
        if self.plan.first <= now and (now + 1) * _SLOT_MS - civil_ms <= _PIECES * self._tick_ms:
            return now + 1
        return now if self.plan.first < now else -1

    def _begin(self, first: int) -> None:
        self._priced = list(self.desk.loop.state.priced)
        self.net.go_on()
        self.elsewhere.look()
        self.prices.look(self._now)
        self._first, self._quarters = first, max(min(self.prices.end() - first, _MOST), _LEAST)
        self._surveyed, self._highest, self._total, self._cheapest = 0, 1, 0, 1 << 40

    def _survey(self) -> None:
        """Look through a piece of the prices of a plan, which begins once all are known."""
        end = min(self._surveyed + _PIECE, self._quarters)
        for slot in range(self._first + self._surveyed, self._first + end):
            price = self.prices.import_at(slot)
            self._highest = max(self._highest, abs(price), abs(self.prices.export_at(slot, price)))
            self._total += price
            self._cheapest = min(self._cheapest, price)
        self._surveyed = end
        if end == self._quarters:
            self._scale = self._highest
            count = places_of(self._first, self._quarters)
            self._next = self.begun(self._first, count, self._total // self._quarters, self._cheapest)
            self._first = -1

    def scaled(self, price: int, per_mille: int, of: int) -> int:
        """Return `price` times per_mille / of, in a plan's own unit."""
        found = price * per_mille * (PRICE_MAX >> 2) // (of * self._scale)
        return max(min(found, PRICE_MAX), -PRICE_MAX)

    def expected(self, slot: int, quarters: int) -> tuple[int, int, int]:
        """Return (W, import price, export price) on average of so many quarter hours."""
        load_w = price = export_price = 0
        ahead_ms = self._ahead_ms or 0
        for each in range(slot, slot + quarters):
            load_w += self.net.expected_w(each, self._now)
            load_w += self.elsewhere.planned_w(each * _SLOT_MS + _SLOT_MS // 2 - ahead_ms)
            here = self.prices.import_at(each)
            price += here
            export_price += self.prices.export_at(each, here)
        return load_w // quarters, price // quarters, export_price // quarters

    def _say(self, now_ms: int, must: int) -> None:
        """Say what must be done now or else is planned, for as long as the same is planned; what holds goes on."""
        plan, stored, now = self.plan, self._stored, self._now
        assert stored is not None
        if plan is not None and not plan.first <= now < plan.first + _FINE:
            plan = None  # it is for other hours
        if must < 0 and plan is None:
            return
        action = must if plan is None or must >= 0 else plan.action(now - plan.first, stored)
        if action == self.said and self._until > now + 1:
            return
        until = now + 1
        for row in [] if plan is None else self._ahead(_FINE - (now - plan.first), stored)[1:]:
            if row[2] != action or until - now >= _RUN_MAX:
                break
            until += row[1]
        self.said, self._until = action, until
        assert self._ahead_ms is not None
        start_s, end_s = max(now_ms // 1000, 1), until * SLOT_S - self._ahead_ms // 1000 + _GRACE_S
        self.desk.replace([self.control(action, end_s - start_s, start_s)], b"%d %d" % (action, until))

    def _ahead(self, places: int, stored: int) -> list[list[int]]:
        """Return [quarter hour, how many, action, stored before, after] of the next slots of the plan."""
        rows: list[list[int]] = []
        plan = self.plan
        assert plan is not None
        for place in range(plan.count):
            slot, quarters = span_of(plan.first, place)
            if slot >= self._now and len(rows) < places:
                action = plan.action(place, stored)
                after = plan.follow(self.slot(slot, quarters, 0), quarters, stored, action)
                rows.append([slot, quarters, action, stored, after])
                stored = after
        return rows

    def told(self, slots_max: int) -> dict[str, Any]:
        """Return the plan for whoever asks: at most so many slots ahead, those that do the same taken together."""
        rows: list[dict[str, Any]] = []
        found = [] if self.plan is None or self._stored is None else self._ahead(_LEAST, self._stored)
        for slot, quarters, action, before, after in found:
            _, price, export_price = self.expected(slot, quarters)
            same = rows and rows[-1]["action"] == action and rows[-1]["price"] == price
            if same and rows[-1]["export_price"] == export_price:
                rows[-1]["until_s"], rows[-1]["after"] = (slot + quarters) * SLOT_S, self.level(after)
            elif len(rows) < slots_max:
                rows.append({
                    "from_s": slot * SLOT_S, "until_s": (slot + quarters) * SLOT_S, "action": action, "price": price,
                    "export_price": export_price, "before": self.level(before), "after": self.level(after),
                })  # fmt: skip
            else:
                break
        return {"source": self.desk.authority.name, "device": self.device, "in": self.level_in, "slots": rows}

    device = ""
    level_in = "Wh"

    def level(self, stored_wh: int) -> int:
        """Return what is stored as people know it, in the unit `level_in`."""
        return stored_wh

    def stored_wh(self, now_ms: int, image: Image) -> int | None:
        """Return what is stored now; None: nobody knows."""
        raise NotImplementedError

    def own_w(self) -> int | None:
        """Return what the device itself draws now; None: nobody knows."""
        raise NotImplementedError

    def off_max_w(self) -> int:
        """Return how far the site may be off what was expected before it is planned anew."""
        raise NotImplementedError

    def must(self, _stored_wh: int) -> int:
        """Return what has to be done whatever is planned, -1: nothing."""
        return -1

    def begun(self, first: int, count: int, mean_price: int, cheapest: int) -> StoragePlan:
        """Return a plan with nothing worked yet."""
        raise NotImplementedError

    def slot(self, slot: int, quarters: int, more_w: int) -> Slot:
        """Return what can be done in a slot in which the site draws so much more than is expected."""
        raise NotImplementedError

    def control(self, action: int, duration_s: int, start_s: int) -> Control:
        """Return the claim that lets the device do that."""
        raise NotImplementedError


def span_of(first: int, place: int) -> tuple[int, int]:
    """Return the first quarter hour of a plan's slot, and how many it has."""
    fine = _FINE + -(first + _FINE) % 4
    return (first + place, 1) if place < fine else (first + fine + (place - fine) * 4, 4)


def places_of(first: int, quarters: int) -> int:
    """Return how many slots so many quarter hours are."""
    fine = _FINE + -(first + _FINE) % 4
    return fine + (quarters - fine) // 4
