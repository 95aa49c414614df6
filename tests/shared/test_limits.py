"""What must never be passed: which limit binds, which is in force, which takes another's place."""

from __future__ import annotations

from agent.limits import (
    ALL_PHASES,
    EXPORT,
    HOLD,
    IMPORT,
    LIMITS_MAX,
    MILLIAMP,
    RELEASE,
    SITE,
    WATT,
    Limit,
    holds,
    settle,
    tightest,
    tightest_ma,
)

CIRCUIT = -2


def watts(value: int, until_ms: int = 0, scope: int = SITE, direction: int = IMPORT, source: str = "dso") -> Limit:
    return Limit(scope, direction, value, source, until_ms)


def amps(value: int, phases: int = 7, until_ms: int = 0, scope: int = SITE, direction: int = IMPORT) -> Limit:
    return Limit(scope, direction, value, "dso", until_ms, b"", MILLIAMP, phases)


def test_the_lowest_of_all_limits_binds_in_whatever_order_they_came():
    low, middle, high = watts(4200), watts(4201), watts(9000)
    for limits in ([low, middle, high], [high, middle, low], [middle, low, high]):
        assert tightest(limits, SITE, IMPORT) is low
    assert tightest([], SITE, IMPORT) is None


def test_a_lower_limit_binds_however_soon_it_ends():
    low, high = watts(1000, until_ms=5), watts(2000, until_ms=0)
    assert tightest([low, high], SITE, IMPORT) is low
    assert tightest([high, low], SITE, IMPORT) is low


def test_of_equal_limits_the_one_that_stays_longest_binds():
    short, long, endless = watts(4200, 5000), watts(4200, 5001), watts(4200, 0)
    for first, second in ((short, long), (short, endless), (long, endless)):
        assert tightest([first, second], SITE, IMPORT) is second
        assert tightest([second, first], SITE, IMPORT) is second
    again = watts(4200, 5000)
    assert tightest([short, again], SITE, IMPORT) is short
    assert tightest([endless, watts(4200, 0)], SITE, IMPORT) is endless
    soonest = watts(4200, 1)
    assert tightest([soonest, short], SITE, IMPORT) is short
    assert tightest([soonest, endless], SITE, IMPORT) is endless
    assert tightest([endless, soonest], SITE, IMPORT) is endless


def test_a_limit_of_nothing_is_a_limit():
    assert tightest([watts(100), watts(0)], SITE, IMPORT).value == 0


def test_a_limit_binds_its_own_scope_and_direction_only():
    scopes = [CIRCUIT, SITE, 0, 1]
    limits = [
        watts(1000 + scope, scope=scope, direction=direction) for scope in scopes for direction in (IMPORT, EXPORT)
    ]
    for at, scope in enumerate(scopes):
        assert tightest(limits, scope, IMPORT) is limits[2 * at]
        assert tightest(limits, scope, EXPORT) is limits[2 * at + 1]
    assert tightest(limits, 2, IMPORT) is None
    assert tightest(limits, -3, IMPORT) is None
    assert tightest(limits[2:3], SITE, EXPORT) is None
    assert tightest(limits[3:4], SITE, IMPORT) is None


def test_power_and_current_limits_are_asked_for_apart():
    power, current = watts(9000), amps(16000)
    assert tightest([power, current], SITE, IMPORT) is power
    assert tightest([current], SITE, IMPORT) is None
    assert tightest_ma([power, current], SITE, IMPORT, 0) is current
    assert tightest_ma([power], SITE, IMPORT, 0) is None
    assert (power.quantity, current.quantity) == (WATT, MILLIAMP)


def test_a_current_limit_binds_in_its_own_phases():
    for phase in (0, 1, 2):
        only = amps(10000, phases=1 << phase)
        assert [tightest_ma([only], SITE, IMPORT, at) is only for at in (0, 1, 2)] == [at == phase for at in (0, 1, 2)]
    all_three, second = amps(16000), amps(10000, phases=2)
    assert [tightest_ma([all_three, second], SITE, IMPORT, phase).value for phase in (0, 1, 2)] == [16000, 10000, 16000]
    assert [tightest_ma([second, all_three], SITE, IMPORT, phase).value for phase in (0, 1, 2)] == [16000, 10000, 16000]
    assert tightest_ma([amps(1, phases=0)], SITE, IMPORT, 0) is None


def test_a_current_limit_binds_its_own_scope_and_direction_only():
    limits = [
        amps(1000, scope=scope, direction=direction) for scope in (CIRCUIT, SITE, 0) for direction in (IMPORT, EXPORT)
    ]
    for at, (scope, direction) in enumerate(
        [(CIRCUIT, IMPORT), (CIRCUIT, EXPORT), (SITE, IMPORT), (SITE, EXPORT), (0, IMPORT), (0, EXPORT)]
    ):
        assert tightest_ma(limits, scope, direction, 1) is limits[at]
        assert tightest_ma(limits[:at] + limits[at + 1 :], scope, direction, 1) is None


def test_what_is_not_in_force_binds_nobody():
    limits = [watts(1000), watts(2000), amps(1000), amps(2000)]
    limits[0].live = limits[2].live = False
    assert tightest(limits, SITE, IMPORT).value == 2000
    assert tightest_ma(limits, SITE, IMPORT, 2).value == 2000


def test_a_new_limit_is_in_force_until_something_else_is_known():
    for limit in (watts(1000, 1000), watts(1000), amps(1000)):
        assert limit.due and limit.live
        assert (limit.from_ms, limit.from_civil_ms, limit.until_civil_ms, limit.ends_as) == (0, 0, 0, 0)
    assert watts(1000, source="owner").name == "limit owner"


def test_a_limit_that_has_not_begun_is_not_in_force():
    later, endless_later, now = watts(1000, 5000), watts(1000), watts(9000, 5000)
    later.due = endless_later.due = False
    settle([later, endless_later, now])
    assert (later.live, endless_later.live, now.live) == (False, False, True)
    later.due = True
    settle([later, now])
    assert later.live and now.live


def test_a_default_rests_while_its_source_says_something_else_on_the_same_matter():
    default, word = watts(4200), watts(9000, until_ms=1)
    for limits in ([default, word], [word, default]):
        settle(limits)
        assert (default.live, word.live) == (False, True)
    settle([default])
    assert default.live


def test_a_default_does_not_rest_for_what_has_not_begun_or_for_another_default():
    default, word, other = watts(4200), watts(9000, until_ms=5000), watts(9000)
    word.due = False
    settle([default, word])
    assert default.live
    settle([default, other])
    assert default.live and other.live


def different(of: Limit) -> list[Limit]:
    """Return words that differ from a site's import limit of the DSO in one thing each, both ways."""
    kinds = [
        (CIRCUIT, IMPORT, "dso", WATT, 7),
        (0, IMPORT, "dso", WATT, 7),
        (SITE, EXPORT, "dso", WATT, 7),
        (SITE, -1, "dso", WATT, 7),
        (SITE, IMPORT, "dsn", WATT, 7),
        (SITE, IMPORT, "dsp", WATT, 7),
        (SITE, IMPORT, "dso", MILLIAMP, 7),
        (SITE, IMPORT, "dso", -1, 7),
        (SITE, IMPORT, "dso", WATT, 6),
        (SITE, IMPORT, "dso", WATT, 8),
    ]
    return [Limit(kind[0], kind[1], of.value, kind[2], of.until_ms, b"", kind[3], kind[4]) for kind in kinds]


def test_another_source_scope_direction_quantity_or_phase_is_another_matter():
    word = watts(4200, until_ms=5000)
    assert word.same_matter(watts(1, until_ms=9))
    for other in different(word):
        assert not word.same_matter(other)
        assert not other.same_matter(word)
        assert not word.replaces(other)
        default = watts(4200)
        settle([default, other])
        assert default.live


def test_a_newer_word_takes_the_place_of_the_older_and_a_default_that_of_a_default():
    word, newer = watts(4200, 5000), watts(9000, 6000)
    default, new_default = watts(4200), watts(9000)
    assert newer.replaces(word)
    assert new_default.replaces(default)
    assert not newer.replaces(default)
    assert not default.replaces(word)
    assert not word.replaces(word)


def test_what_waits_for_its_time_replaces_nothing_and_is_replaced_by_nothing():
    waiting, newer = watts(4200, 5000), watts(9000, 6000)
    waiting.due = False
    assert not newer.replaces(waiting)
    assert not waiting.replaces(newer)


def test_what_is_in_force_early_adds_to_others_and_takes_nobodys_place():
    early, default, word = watts(9000, 5000), watts(4200), watts(6000, 7000)
    early.early = True
    settle([early, default])
    assert early.live and default.live
    assert tightest([early, default], SITE, IMPORT) is default
    assert not word.replaces(early)
    assert early.replaces(word)
    early_default = watts(4000)
    early_default.early = True
    assert not default.replaces(early_default)
    settle([early_default, word])
    assert not early_default.live and word.live


def test_what_shall_hold_does_unless_its_source_has_a_default():
    word, default = watts(4200, 5000), watts(9000)
    assert not holds([word], word)
    word.on_expiry = HOLD
    assert holds([word], word)
    assert not holds([word, default], word) and not holds([default, word], word)
    for other in different(watts(9000)):
        assert holds([word, other], word)
    assert holds([word, watts(9000, 6000)], word)
    default.early = True
    assert holds([word, default], word)
    default.early, default.due = False, False
    assert holds([word, default], word)


def test_the_numbers_are_those_that_stand_in_commands_and_in_what_is_kept():
    assert (IMPORT, EXPORT, WATT, MILLIAMP, RELEASE, HOLD, ALL_PHASES, SITE) == (0, 1, 0, 1, 0, 1, 7, -1)
    assert LIMITS_MAX == 32
