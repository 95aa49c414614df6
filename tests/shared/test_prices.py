"""The table of prices: who may say them, what of them is kept, what lies before and behind, and a reboot."""

from __future__ import annotations

from agent import record, snapshot
from agent.kept import dump, load
from agent.limits import EXPORT, IMPORT
from agent.prices import PRICE_MAX, QUARTERS_MAX, Prices
from agent.sources.price_table import PriceTable
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, House
from tests.shared.listening import Listener, refused
from tests.shared.test_step import command, run

NOW = 1888896  # a quarter hour since 1970, the first of a day
NOW_S = NOW * 900


class Market:
    """A house whose aggregator may say prices."""

    def __init__(self, at: int = NOW) -> None:
        self.house = House()
        self.house.civil_ms = at * 900000
        run(self.house, 1)
        self.state = self.house.state
        self.state.prices = Prices(["agg"])
        self.counter = 0

    def say(self, body, authority=AGGREGATOR):
        """Give a signed command; return the core's answer."""
        self.counter += 1
        facts = run(self.house, 1, [command(authority, self.counter, 7, body)])
        return next(fact[5] for fact in facts if fact[0] == record.DECISION)

    def known(self, first, count, direction=IMPORT):
        """Return the prices of so many quarter hours."""
        assert self.state.prices is not None
        return [self.state.prices.at(self.state, direction, first + at) for at in range(count)]


def test_prices_are_taken_by_quarter_hours_whatever_their_slots():
    market = Market()
    assert market.say([IMPORT, NOW_S, 3600, [30000, -5]]) == record.ACCEPTED
    assert market.known(NOW - 1, 10) == [None] + [30000] * 4 + [-5] * 4 + [None]
    assert market.say([EXPORT, NOW_S + 1800, 1800, [7, None, 9]]) == record.ACCEPTED
    assert market.known(NOW, 9, EXPORT) == [None, None, 7, 7, None, None, 9, 9, None]
    assert market.say([IMPORT, NOW_S + 900, 900, [0, PRICE_MAX, -PRICE_MAX]]) == record.ACCEPTED
    assert market.known(NOW, 6) == [30000, 0, PRICE_MAX, -PRICE_MAX, -5, -5]


def test_tomorrow_is_put_behind_today_and_what_is_past_goes():
    market = Market()
    assert market.say([IMPORT, NOW_S, 3600, list(range(24))]) == record.ACCEPTED
    market.house.civil_ms += 13 * 3600000
    assert market.say([IMPORT, NOW_S + 86400, 3600, list(range(100, 124))]) == record.ACCEPTED
    assert market.known(NOW + 51, 2) == [None, 13] and market.known(NOW + 95, 2) == [23, 100]
    assert market.state.prices is not None and market.state.prices.end(market.state, IMPORT) == NOW + 192
    market.house.civil_ms += 86400000
    assert market.say([IMPORT, NOW_S + 3 * 86400, 900, [1]]) == record.ACCEPTED
    assert market.known(NOW + 3 * 96 - 1, 3) == [None, 1, None] and market.known(NOW + 191, 1) == [123]
    assert len(market.state.priced[IMPORT][1]) <= 3 * QUARTERS_MAX


def test_an_earlier_part_is_put_before_what_is_known():
    market = Market()
    market.say([IMPORT, NOW_S + 3600, 900, [5, 6]])
    market.say([IMPORT, NOW_S, 900, [1]])
    assert market.known(NOW, 7) == [1, None, None, None, 5, 6, None]
    market.say([IMPORT, NOW_S + 900, 900, [2, 3, 4, 7, 8, 9]])
    assert market.known(NOW, 8) == [1, 2, 3, 4, 7, 8, 9, None]


def test_what_has_begun_already_is_taken_from_now_on():
    market = Market(NOW + 13)
    assert market.say([IMPORT, NOW_S, 900, list(range(20))]) == record.ACCEPTED
    assert market.known(NOW + 12, 9) == [None, 13, 14, 15, 16, 17, 18, 19, None]
    assert market.state.priced[IMPORT][0] == NOW + 13 and len(market.state.priced[IMPORT][1]) == 7 * 3


def test_the_table_begins_with_what_is_told_first():
    market = Market()
    assert market.say([IMPORT, NOW_S + 3600, 900, [1]]) == record.ACCEPTED
    assert market.state.priced[IMPORT][0] == NOW + 4 and len(market.state.priced[IMPORT][1]) == 3


def test_two_hundred_quarter_hours_are_taken_and_no_more():
    for at in (NOW, 0):
        market = Market(at)
        assert market.say([IMPORT, NOW_S, 900, [1] * 201]) == record.OUT_OF_RANGE
        assert market.say([IMPORT, NOW_S, 900, [1] * 200]) == record.ACCEPTED
        assert market.known(NOW + 199, 2) == [1, None]


def test_moments_and_prices_are_bounded():
    last_s = ((1 << 40) // 900) * 900
    market = Market(0)
    for body in (
        [IMPORT, last_s + 900, 900, [1]], [IMPORT, -900, 900, [1]], [IMPORT, None, 900, [1]], [IMPORT, True, 900, [1]],
        [IMPORT, NOW_S, 900, [8000001]], [IMPORT, NOW_S, 900, [-8000001]],
    ):  # fmt: skip
        assert market.say(body) == record.MALFORMED, body
    assert market.say([IMPORT, last_s, 900, [8000000]]) == record.ACCEPTED
    assert market.say([IMPORT, NOW_S, 900, [-8000000]]) == record.ACCEPTED and market.known(NOW, 1) == [-8000000]


def test_what_makes_no_sense_is_refused_and_changes_nothing():
    market = Market()
    assert market.say([IMPORT, NOW_S, 900, [1, 2]]) == record.ACCEPTED
    before = [list(row) for row in market.state.priced]
    for body, reason in (
        ([], record.MALFORMED),
        ([2, NOW_S, 900, [1]], record.MALFORMED),
        ([True, NOW_S, 900, [1]], record.MALFORMED),
        ([IMPORT, NOW_S + 1, 900, [1]], record.MALFORMED),
        ([IMPORT, NOW_S + 900, 3600, [1]], record.MALFORMED),
        ([IMPORT, NOW_S, 2700, [1]], record.MALFORMED),
        ([IMPORT, NOW_S, 0, [1]], record.MALFORMED),
        ([IMPORT, NOW_S, 900, []], record.MALFORMED),
        ([IMPORT, NOW_S, 900, 5], record.MALFORMED),
        ([IMPORT, NOW_S, 900, [PRICE_MAX + 1]], record.MALFORMED),
        ([IMPORT, NOW_S, 900, [b"1"]], record.MALFORMED),
        ([IMPORT, NOW_S, 900, [1], 0], record.MALFORMED),
        ([IMPORT, NOW_S - 900, 900, [1]], record.EXPIRED),
        ([IMPORT, NOW_S - 1800, 900, [1]], record.EXPIRED),
        ([IMPORT, NOW_S, 900, [1] * 201], record.OUT_OF_RANGE),
        ([IMPORT, NOW_S, 3600, [1] * 51], record.OUT_OF_RANGE),
        ([IMPORT, NOW_S + 200 * 900, 900, [1]], record.OUT_OF_RANGE),
    ):
        assert market.say(body) == reason, body
        assert market.state.priced == before
    assert market.say([IMPORT, NOW_S, 900, [1]], DSO) == record.ROLE_FORBIDS
    market.state.prices = None
    assert market.say([IMPORT, NOW_S, 900, [1]]) == record.UNSUPPORTED


def test_without_a_clock_the_newest_word_goes_before_what_does_not_fit():
    market = Market(0)
    assert market.say([IMPORT, NOW_S, 900, [1] * 96]) == record.ACCEPTED
    assert market.say([IMPORT, NOW_S + 96 * 900, 900, [2] * 104]) == record.ACCEPTED
    assert market.known(NOW, 1) == [1] and market.known(NOW + 199, 2) == [2, None]
    assert market.say([IMPORT, NOW_S + 199 * 900, 900, [3] * 2]) == record.ACCEPTED
    assert market.known(NOW + 198, 4) == [None, 3, 3, None]
    assert market.say([IMPORT, 0, 900, [4]]) == record.ACCEPTED and market.known(0, 1) == [4]


def test_prices_survive_a_reboot_and_a_keyframe():
    market = Market()
    market.say([IMPORT, NOW_S, 900, [1, -2]])
    market.say([EXPORT, NOW_S, 900, [3]])
    again = Market()
    load(again.state, dump(market.state), NOW_S * 1000)
    assert again.known(NOW, 3) == [1, -2, None] and again.known(NOW, 1, EXPORT) == [3]
    copied = snapshot.unpack(snapshot.pack(market.state))
    assert copied.prices is not None and copied.prices.names == ["agg"]
    assert copied.prices.at(copied, IMPORT, NOW + 1) == -2
    market.state.prices = None  # the site has no table any more
    unpriced = House()
    load(unpriced.state, dump(market.state), NOW_S * 1000)
    assert unpriced.state.priced == [[0, b""], [0, b""]] and unpriced.state.agent_id == AGENT_ID


def test_a_site_has_one_table_and_says_who_may_fill_it():
    listener = Listener()
    PriceTable(listener, {"from": ["agg"]})
    assert listener.state.prices is not None and listener.state.prices.names == ["agg"]
    for options, key in (({}, "from"), ({"from": []}, "from"), ({"from": "agg"}, "from"), ({"from": [1]}, "from")):
        assert refused(PriceTable, **options) == key
    assert refused(PriceTable, **{"from": ["agg"], "of": 1}) == "of"
    try:
        PriceTable(listener, {"from": ["agg"]})
        raise AssertionError("two tables")
    except ValueError as fault:
        assert fault.args[0] == "kind"
