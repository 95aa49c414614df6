"""The plan of a storage against a reference in floating point on a finer grid: what it costs to do as it says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sources.storage import FOLLOW, GIVES, PRICE_MAX, StoragePlan
from tests.shared.test_storage import MOVES, cost_of

Slot = tuple[int, int, int, int, int, int, int, int, int]

CAPACITY_WH = 9000
FINE = 200  # levels of the reference
SHORT_PRICE = PRICE_MAX


@st.composite
def slots(draw) -> Slot:
    """Return a quarter hour of a battery: the sun leaves something or the site draws something."""
    price = draw(st.integers(-1000, 4000))
    export_price = min(price, draw(st.integers(-1000, 3000)))
    load_w = draw(st.integers(-6000, 6000))
    spare_w, short_w, loss_pm = min(max(-load_w, 0), 5000), min(max(load_w, 0), 5000), draw(st.integers(900, 1000))
    return (
        spare_w // 4, export_price * 1000 // loss_pm, (5000 - spare_w) // 4, price * 1000 // loss_pm,
        short_w // 4, price * loss_pm // 1000, (5000 - short_w) // 4, export_price * loss_pm // 1000,
        draw(st.integers(0, 30)),
    )  # fmt: skip


def reference(ahead: list[Slot], stored: float, end_price: int) -> float:
    """Return the least cost there is, on a fine grid."""
    step = CAPACITY_WH / FINE
    costs = [-end_price * step * at for at in range(FINE + 1)]

    def from_here(left: float) -> float:
        at = min(int(left / step), FINE - 1)
        return costs[at] + (costs[at + 1] - costs[at]) * (left / step - at)

    def least(slot: Slot, here: float) -> float:
        found = [cost_of(slot, here, action, SHORT_PRICE, CAPACITY_WH) for action in MOVES]
        return min(cost + from_here(left) for cost, left in found)

    for slot in reversed(ahead[1:]):
        costs = [least(slot, step * at) for at in range(FINE + 1)]
    return least(ahead[0], stored)


def done(plan: StoragePlan, ahead: list[Slot], stored: float, end_price: int) -> float:
    """Return what it costs to do as planned; a sun or a load that is not there is not followed."""
    total = 0.0
    for place, slot in enumerate(ahead):
        action = plan.action(place, int(stored))
        if not slot[0] and action // GIVES == FOLLOW:
            action %= GIVES
        if not slot[4] and action % GIVES == FOLLOW:
            action -= FOLLOW
        cost, stored = cost_of(slot, stored, action, SHORT_PRICE, CAPACITY_WH)
        total += cost
    return total - end_price * stored


@settings(max_examples=60, deadline=None)
@given(st.lists(slots(), min_size=1, max_size=16), st.integers(0, CAPACITY_WH), st.integers(0, 3000))
def test_what_is_planned_costs_hardly_more_than_the_best_there_is(ahead, stored, end_price):
    plan = StoragePlan(0, len(ahead), CAPACITY_WH, end_price, SHORT_PRICE)
    for slot in reversed(ahead):
        plan.work(slot, slot, 1)
    best = reference(ahead, stored, end_price)
    level_wh = CAPACITY_WH / 40
    assert done(plan, ahead, stored, end_price) - best <= 4000 * level_wh * (1 + len(ahead) / 4)
