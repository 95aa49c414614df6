"""The dynamic programme: no sequence of moves is cheaper on its levels, what it does between them, and losses."""

from __future__ import annotations

from agent.sources.storage import ALL, FOLLOW, GIVES, LEVELS, NONE, StoragePlan, both
from tests.shared.seeded import Lcg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.sources.storage import Slot

CAPACITY_WH = 64000  # so that each level is 1600 Wh, and 64 price units of a Wh are one of cost
STEP_WH = CAPACITY_WH // LEVELS
REST: Slot = (0, 0, 0, 0, 0, 0, 0, 0, 0)
MOVES = (NONE, FOLLOW * GIVES, ALL * GIVES, FOLLOW, ALL)


def slot_of(rng: Lcg) -> Slot:
    """Return a slot whose moves end on levels."""
    absorb, buy = [rng.below(3) * STEP_WH for _ in range(2)]
    cover, sell = [rng.below(3) * STEP_WH for _ in range(2)]
    absorb_price, cover_price = rng.below(4000) - 1000, rng.below(4000) - 1000
    return (
        absorb, absorb_price, buy, absorb_price + rng.below(3000), cover, cover_price, sell,
        cover_price - rng.below(3000), rng.below(2) * STEP_WH,
    )  # fmt: skip


def planned(slots: list[Slot], end_price: int = 0, short_price: int = 8000) -> StoragePlan:
    """Return a finished plan of slots of a quarter hour each."""
    plan = StoragePlan(0, len(slots), CAPACITY_WH, end_price, short_price)
    for slot in reversed(slots):
        plan.work(slot, slot, 1)
    return plan


def cost_of(slot, stored_wh, action, short_price, capacity_wh=CAPACITY_WH):
    """Return (cost, what is stored afterwards) of a move, told in other words than the plan's; in whole Wh or finer."""
    left_wh, cost = stored_wh - slot[8], 0
    if action // GIVES:
        taken_wh = min(slot[0], capacity_wh - left_wh)
        bought_wh = min(slot[2], capacity_wh - left_wh - taken_wh) if action // GIVES == ALL else 0
        cost, left_wh = taken_wh * slot[1] + bought_wh * slot[3], left_wh + taken_wh + bought_wh
    elif action:
        given_wh = min(slot[4], max(left_wh, 0))
        sold_wh = min(slot[6], max(left_wh, 0) - given_wh) if action == ALL else 0
        cost, left_wh = -given_wh * slot[5] - sold_wh * slot[7], left_wh - given_wh - sold_wh
    if left_wh < 0:
        cost, left_wh = cost - left_wh * short_price, 0
    return cost, left_wh


def cheapest(slots: list[Slot], stored_wh: int, end_price: int, short_price: int) -> int:
    """Return the least cost of all sequences of moves there are."""
    if not slots:
        return -stored_wh * end_price
    found = []
    for action in MOVES:
        cost, left_wh = cost_of(slots[0], stored_wh, action, short_price)
        found.append(cost + cheapest(slots[1:], left_wh, end_price, short_price))
    return min(found)


def walked(plan: StoragePlan, slots: list[Slot], stored_wh: int, end_price: int, short_price: int) -> int:
    """Return what it costs to do as planned."""
    total = 0
    for place, slot in enumerate(slots):
        action = plan.action(place, stored_wh)
        taking, giving = action // GIVES, action % GIVES
        if taking == FOLLOW and not slot[0]:  # that is for a sun that nobody expects
            taking = NONE
        if giving == FOLLOW and not slot[4]:
            giving = NONE
        known = taking * GIVES + giving
        cost, left_wh = cost_of(slot, stored_wh, known, short_price)
        assert left_wh == plan.follow(slot, 1, stored_wh, known)
        total, stored_wh = total + cost, left_wh
    return total - stored_wh * end_price


def test_no_sequence_of_moves_is_cheaper():
    rng = Lcg(7)
    for case in range(25):
        slots = [slot_of(rng) for _ in range(4)]
        end_price = rng.below(3000)
        plan = planned(slots, end_price)
        for level in (0, 3, 20, LEVELS - 1, LEVELS):
            least = cheapest(slots, level * STEP_WH, end_price, 8000)
            found = walked(plan, slots, level * STEP_WH, end_price, 8000)
            assert found - least <= 64 * 4 * 4, (case, level, found, least, slots)


def test_what_is_stored_is_kept_for_the_dearest_hour():
    cheap: Slot = (0, 9000, 4800, 1000, 1600, 1100, 0, 0, 0)
    dear: Slot = (0, 9000, 4800, 3000, 4800, 3000, 0, 0, 0)
    plan = planned([cheap, dear, dear])
    assert [plan.action(0, stored_wh) for stored_wh in (0, 6400, 9600)] == [ALL * GIVES, ALL * GIVES, NONE]
    assert plan.action(0, 11200) == FOLLOW
    assert plan.action(2, 4800) == FOLLOW and plan.action(2, 0) == NONE


def test_losses_keep_from_moving_what_does_not_pay():
    for spread, expected in ((1100, NONE), (1300, ALL * GIVES)):
        buys: Slot = (0, 9000, 3200, 1000 * 1000 // 900, 0, -1, 0, -1, 0)
        gives: Slot = (0, 9000, 0, 9000, 3200, spread * 900 // 1000, 0, 0, 0)
        assert planned([buys, gives]).action(0, 0) == expected


def test_negative_prices_fill_it_and_what_is_paid_for_taking_is_taken():
    paid: Slot = (0, -500, 4000, -500, 1600, -500, 0, -500, 0)
    plan = planned([paid, paid])
    assert [plan.action(0, stored_wh) for stored_wh in (0, 32000)] == [ALL * GIVES, ALL * GIVES]
    assert [planned([paid]).action(0, CAPACITY_WH - left_wh) for left_wh in (STEP_WH, 0)] == [ALL * GIVES, NONE]


def test_what_nobody_expects_is_used_where_it_pays():
    night: Slot = (0, 500, 3200, 2500, 3200, 2500, 0, 400, 0)
    plan = planned([night] * 3, 1500)
    assert plan.action(0, 9600) == FOLLOW * GIVES + FOLLOW  # should the sun shine, it is stored
    assert plan.action(0, CAPACITY_WH) == FOLLOW
    noon: Slot = (3200, 500, 3200, 2500, 0, 2500, 0, 400, 0)
    assert planned([noon] * 3, 1500).action(0, 9600) == FOLLOW * GIVES + FOLLOW
    assert planned([noon] * 3, 2600).action(0, 9600) == ALL * GIVES


def test_of_equal_hours_the_earlier_is_taken_but_nothing_for_its_own_sake():
    buys: Slot = (0, 9000, 3200, 1000, 0, -1, 0, -1, 0)
    gives: Slot = (0, 9000, 0, 9000, 3200, 1200, 0, 0, 0)
    assert planned([buys, buys, gives]).action(0, 0) == ALL * GIVES
    assert planned([buys, buys]).action(0, 0) == NONE


def test_a_loss_is_met_before_it_is_short_and_not_earlier():
    cold: Slot = (0, 9000, 3200, 1000, 0, -1, 0, -1, 1600)
    cheaper: Slot = (0, 9000, 3200, 900, 0, -1, 0, -1, 1600)
    plan = planned([cold, cheaper, cheaper, cheaper])
    assert [plan.action(0, stored_wh) for stored_wh in (0, 1600, 3200, 16000)] == [ALL * GIVES, NONE, NONE, NONE]
    dearer: Slot = (0, 9000, 3200, 1500, 0, -1, 0, -1, 1600)
    assert planned([cold, dearer, dearer]).action(0, 1600) == ALL * GIVES


def test_where_either_may_be_it_follows_both_and_does_all_only_where_neither_speaks_against_it():
    for first, second, expected in (
        (NONE, NONE, NONE),
        (FOLLOW * GIVES, FOLLOW, FOLLOW * GIVES + FOLLOW),
        (ALL * GIVES, FOLLOW * GIVES, ALL * GIVES),
        (ALL * GIVES, NONE, FOLLOW * GIVES),
        (ALL * GIVES, ALL * GIVES, ALL * GIVES),
        (ALL, FOLLOW, ALL),
        (ALL, NONE, FOLLOW),
        (ALL, FOLLOW * GIVES, FOLLOW * GIVES + FOLLOW),
    ):
        assert both(first, second) == both(second, first) == expected, (first, second)


def test_what_may_be_needed_is_worth_something_before_it_is():
    """On average nothing is drawn at night; half the nights 3200 Wh are: it pays to have bought half as dear."""
    calm: Slot = (0, 9000, 0, 9000, 0, -1, 0, -1, 0)
    dear: Slot = (0, 9000, 0, 9000, 3200, 3000, 0, -1, 0)
    for price, expected in ((1400, ALL * GIVES), (1600, NONE)):
        plan = StoragePlan(0, 2, CAPACITY_WH, 0)
        buys: Slot = (0, 9000, 3200, price, 0, -1, 0, -1, 0)
        plan.work(calm, dear, 1)
        plan.work(buys, buys, 1)
        assert plan.action(0, 0) == expected


def test_a_share_of_what_is_stored_is_lost():
    plan = StoragePlan(0, 1, CAPACITY_WH, 0, 0, 10000)
    assert plan.follow(REST, 1, 10000, NONE) == 9900 and plan.follow(REST, 4, 10000, NONE) == 9600
    assert plan.follow((0, 0, 0, 0, 0, 0, 0, 0, 400), 1, 10000, NONE) == 9500
    assert plan.follow((100, 0, 200, 0, 0, 0, 0, 0, 0), 1, 10000, FOLLOW * GIVES) == 10000
    assert plan.follow((0, 0, 0, 0, 100, 0, 200, 0, 0), 1, 50, ALL) == 0


def test_what_is_stored_is_taken_as_the_nearest_level():
    plan = StoragePlan(0, 1, CAPACITY_WH, 0)
    gives: Slot = (0, 0, 0, 0, CAPACITY_WH, 5, 0, 0, 0)
    plan.work(gives, gives, 1)
    assert [plan.action(0, stored_wh) for stored_wh in (-5, 799, 800, 2 * CAPACITY_WH)] == [NONE, NONE, FOLLOW, FOLLOW]
    assert plan.left == 0 and plan.count == 1
