"""What a site will draw, guessed from what it drew."""

from __future__ import annotations

from agent.sources.net_load import NetLoad

DAY = 96


def learned(days_w, ticks=6) -> NetLoad:
    """Return a guess after whole days of one power each."""
    net = NetLoad()
    for day, power_w in enumerate(days_w):
        for slot in range(DAY):
            for _ in range(ticks):
                net.learn(day * DAY + slot, power_w)
    return net


def test_nothing_is_expected_before_anything_was_seen():
    assert NetLoad().expected_w(5, 5) == 0 and NetLoad().off_w(1) == 0


def test_a_quarter_hour_never_seen_is_as_the_others():
    net = NetLoad()
    for slot, power_w in ((0, 400), (1, 800), (2, 600), (3, 600)):
        for _ in range(6):
            net.learn(slot, power_w)
    assert abs(net.expected_w(50, 50 - 4 * 31) - 600) <= 1


def test_the_latest_day_counts_most():
    net = learned([1000, 1000, 1000, 2000, 2000])
    assert net.expected_w(45 * DAY - 2, 5 * DAY) == 1000 + 625 + 375 * 5 // 8
    assert learned([500, 500, 500]).expected_w(3 * DAY + 7, 3 * DAY) == 500


def test_what_is_off_goes_on_and_halves_each_hour():
    for sign in (1, -1):
        net = learned([0, 0])
        for _ in range(6):
            net.learn(2 * DAY, sign * 800)
        net.learn(2 * DAY + 1, sign * 800)
        now = 2 * DAY + 1
        found = [sign * net.expected_w(now + ahead, now) for ahead in (0, 2, 4, 8, 12, 40, 1000)]
        assert found == [800, 600, 400, 200, 100, 0, 0], found


def test_how_far_it_is_off_is_learned_by_the_quarter_hour_and_within_it():
    net = NetLoad()
    for day in range(20):
        for slot in range(DAY):
            for at in range(8):
                net.learn(day * DAY + slot, 1000 + (at % 2 * 800 - 400 if slot < 4 else 0))
    assert abs(net.spread_w(0, 4) - 400) <= 8 and net.spread_w(4, 1) == 0 and abs(net.spread_w(2, 4) - 200) <= 8


def test_what_was_learned_is_known_again():
    net, again = learned([1000, 3000]), NetLoad()
    again.recall(net.numbers())
    assert again.expected_w(2 * DAY + 5, 2 * DAY) == net.expected_w(2 * DAY + 5 + 40 * DAY, 2 * DAY) == 2250
    again.recall(net.numbers())
    assert again.spread_w(0, 4) == net.spread_w(0, 4) == 750
    for wrong in ([], [1], net.numbers()[:DAY], NetLoad().numbers()):
        again = NetLoad()
        again.recall(wrong)
        assert again.expected_w(5, 5) == 0


def test_a_quarter_hour_hardly_seen_says_nothing():
    net = learned([0, 0])
    for _ in range(3):
        net.learn(2 * DAY, 9000)
    net.learn(2 * DAY + 1, 0)
    assert net.expected_w(2 * DAY + 1, 2 * DAY + 1) == 0


def test_a_quarter_hour_that_is_far_off_can_go_on_before_it_ends():
    net = learned([100])
    for _ in range(5):
        net.learn(DAY, 4100)
    assert net.off_w(6) == 0 and net.off_w(5) == 4000
    net.go_on()
    assert net.expected_w(DAY, DAY) == 4100 and net.off_w(5) == 0


def test_four_ticks_say_something_of_a_quarter_hour_and_three_nothing():
    for ticks, known in ((3, None), (4, 500)):
        net = NetLoad()
        for slot in (7, 8):
            for _ in range(ticks):
                net.learn(slot, 500)
        mean_w = net.numbers()[7]
        assert mean_w == (1 << 30 if known is None else known)
        net.go_on()
        assert net.expected_w(8, 8) == 500 and net.expected_w(8 + 4, 8) == 500


def test_before_anything_is_known_the_present_goes_on_and_afterwards_what_is_known():
    net = NetLoad()
    for power_w in (100, 300):
        net.learn(5, power_w)
    assert net.expected_w(50, 5) == 200
    again = NetLoad()
    again.recall([400, 800] + [1 << 30] * 94 + [0] * 96)
    for _ in range(2):
        again.learn(5, 90)
    assert again.expected_w(50, 5) == 600


def test_a_clock_that_is_set_back_begins_another_quarter_hour():
    net = NetLoad()
    for slot, power_w in ((40, 1000), (8, 200), (9, 0)):
        for _ in range(6):
            net.learn(slot, power_w)
    assert [net.numbers()[slot] for slot in (40, 8)] == [1000, 200]


def test_how_far_this_quarter_hour_is_off_is_told_from_so_many_ticks_on():
    net = learned([1000, 1000])
    for tick in range(1, 9):
        net.learn(2 * DAY, 1600)
        assert net.off_w(4) == (600 if tick >= 4 else 0)
