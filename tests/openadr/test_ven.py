"""The VEN against a VTN on a TLS socket: what is entered, what is kept, and what a wrong VTN cannot do."""

import asyncio

import pytest

from agent import record
from boards.cpython.openadr.known import MISSES
from hal import quantities as q
from tests.openadr.documents import DAY_MS, HOUR_MS, NOON_MS, event
from tests.openadr.site import rig

LIMIT = event(("IMPORT_CAPACITY_LIMIT", 5))


def run(play, tmp_path, **options):
    """Play against a rig."""

    async def whole():
        async with rig(tmp_path, **options) as found:
            return await play(found)

    return asyncio.run(whole())


def test_an_event_becomes_a_limit_of_the_site_and_moves_the_charger(tmp_path):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll()
        await found.site.let_pass(15000)
        return found.limits, found.site.charger.limit_ma

    limits, limit_ma = run(play, tmp_path)
    assert limits == [5000] and limit_ma == 6521  # 4.5 kW beside 500 W of the house


def test_the_same_list_again_is_no_news(tmp_path):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll(4)
        return found.site.decisions()

    assert len(run(play, tmp_path)) == 1


def test_an_event_that_is_gone_is_cancelled_and_not_at_once(tmp_path):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll()
        found.vtn.events = []
        await found.poll(MISSES - 1)
        before = found.limits
        await found.poll()
        return before, found.limits

    assert run(play, tmp_path) == ([5000], [])


@pytest.mark.parametrize("broken", ["status", "redirect", "garbage", "flood", "silence"])
def test_a_broken_vtn_lifts_no_limit_and_its_trouble_has_a_name(tmp_path, broken):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll()
        found.vtn.broken = broken
        await found.poll()
        during, trouble = found.limits, found.ven.trouble
        found.vtn.broken = ""
        await found.poll()
        return during, trouble, found.limits, found.ven.trouble

    during, trouble, after, healed = run(play, tmp_path)
    assert during == after == [5000] and "GET /oadr/programs" in trouble and healed == ""


def test_an_answer_without_an_end_is_not_read_to_its_end(tmp_path):
    async def play(found):
        found.vtn.broken = "flood"
        await found.poll()
        return found.vtn.flooded_mib, found.ven.trouble

    flooded_mib, trouble = run(play, tmp_path)
    assert flooded_mib < 32 and "more than" in trouble


def test_what_a_lost_vtn_said_runs_on_to_its_end(tmp_path):
    async def play(found):
        found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", 5), ("IMPORT_CAPACITY_LIMIT", 7), duration="PT1M")]
        await found.poll()
        await found.leave()
        seen = [found.limits]
        for _ in range(2):
            await found.site.let_pass(60000)
            seen.append(found.limits)
        return seen

    assert run(play, tmp_path) == [[5000], [7000], []]


def test_it_ends_when_it_is_told_to_whatever_wakes_it_at_that_moment(tmp_path):
    async def play(found):
        for turns in range(8):
            found.ven.wake()
            for _ in range(turns):
                await asyncio.sleep(0)
            await found.leave()
            await found.join()
            await found.attempted(1)
        return found.ven.polls

    assert run(play, tmp_path) == 1


def test_a_new_start_keeps_what_holds_until_the_vtn_was_heard(tmp_path):
    async def play(found):
        found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", 5), duration="P9999Y")]
        await found.poll()
        await found.leave()
        found.vtn.broken = "status"
        await found.join()
        await found.poll()
        kept = found.limits
        found.vtn.broken, found.vtn.events = "", []
        await found.poll()
        return kept, found.limits

    assert run(play, tmp_path) == ([5000], [])


def test_a_refused_token_is_renewed_and_the_question_asked_again(tmp_path):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll()
        found.vtn.token += 1  # the one that the VEN has is worth nothing now
        tokens = found.vtn.token
        await found.poll()
        return found.vtn.token - tokens, found.ven.trouble

    assert run(play, tmp_path) == (1, "")


def test_a_wrong_secret_is_told(tmp_path):
    async def play(found):
        return found.ven.trouble, found.ven.polls

    trouble, polls = run(play, tmp_path, client_id="somebody")
    assert "status 401" in trouble and polls == 0


def test_credentials_are_sent_to_no_address_without_tls(tmp_path):
    async def play(found):
        found.vtn.token_url = "http://localhost:1/token"
        found.vtn.token += 1
        await found.poll()
        return found.ven.trouble

    assert "https only" in run(play, tmp_path)


def test_events_of_a_target_are_asked_for_and_reach_the_device_it_names(tmp_path):
    async def play(found):
        found.vtn.events = [event(("DISPATCH_SETPOINT", 6.9), targets=["car", "others"])]
        await found.poll()
        return [(claim.scope, claim.value) for claim in found.site.loop.state.claims], found.ven.refusals

    assert run(play, tmp_path) == ([(1, 10000)], {})


def test_a_claim_without_an_end_is_a_lease_and_a_limit_without_one_holds(tmp_path):
    async def play(found):
        found.vtn.events = [
            event(("DISPATCH_SETPOINT", 6.9), targets=["car"], duration="P9999Y"),
            event(("IMPORT_CAPACITY_LIMIT", 9), duration="P9999Y", event_id="e2"),
        ]
        await found.poll()
        state = found.site.loop.state
        return state.claims[0].until_ms, state.limits[0].until_ms

    claimed_ms, limited_ms = run(play, tmp_path, lease_s=600)
    assert 600000 <= claimed_ms <= 1210000 and limited_ms == 0


def test_what_began_long_ago_is_entered_for_the_rest_of_its_time(tmp_path):
    async def play(found):
        found.vtn.events = [
            event(("IMPORT_CAPACITY_LIMIT", 9), start="2023-10-20T12:00:00Z", duration="P40D"),
            event(
                ("DISPATCH_SETPOINT", 6.9),
                start="2020-01-01T00:00:00Z",
                duration="P9999Y",
                event_id="e2",
                targets=["car"],
            ),
        ]
        await found.poll()
        state = found.site.loop.state
        return (
            [each.until_ms + NOON_MS for each in state.limits],
            [each.value for each in state.claims],
            found.ven.refusals,
        )

    ends_ms, claimed, refusals = run(play, tmp_path)
    assert abs(ends_ms[0] - NOON_MS - 14 * DAY_MS) <= 1000 and claimed == [10000] and refusals == {}


def test_an_event_that_repeats_is_not_entered_anew_with_each_of_its_intervals(tmp_path):
    async def play(found):
        found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", 5), duration="PT1M") | {"duration": "P9999Y"}]
        await found.poll()
        for _ in range(6):
            await found.site.let_pass(18000)
            await found.poll()
        return found.limits, found.site.decisions()

    limits, decisions = run(play, tmp_path)
    assert limits == [5000] and len(decisions) == 1


def test_a_change_for_tomorrow_is_entered_today(tmp_path):
    async def play(found):
        for most in (5, 7):
            found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", most), start="2023-11-16T12:00:00Z")]
            await found.poll()
        return [limit.value for limit in found.site.loop.state.limits]

    assert run(play, tmp_path) == [7000]


def test_a_list_of_many_pages_is_read_to_its_end(tmp_path):
    async def play(found):
        found.vtn.events = [event(("PRICE", 1), event_id=f"e{at}") for at in range(2, 120)] + [LIMIT]
        await found.poll()
        return found.limits

    assert run(play, tmp_path) == [5000]


def test_garbage_among_the_events_takes_nothing_else_along(tmp_path):
    async def play(found):
        found.vtn.events = [
            5,
            None,
            {"id": "x"},
            {"id": "e9", "programID": []},
            LIMIT,
            event(("SIMPLE", 9), event_id="e3"),
        ]
        await found.poll()
        return found.limits, found.ven.refusals

    limits, refusals = run(play, tmp_path)
    assert limits == [5000] and {"x", "e9", "e3"} < set(refusals)


def test_people_are_told_once_of_what_is_refused_and_again_when_it_comes_again(tmp_path):
    async def play(found):
        lines = []
        found.ven.notes_to(lines.append)
        found.vtn.events = [event(("SIMPLE", 2))]
        await found.poll(3)
        found.vtn.broken = "status"
        await found.poll()
        return lines

    lines = run(play, tmp_path)
    assert [line.split(": ")[:2] for line in lines] == [["siteward", "source 'source'"]] * 2
    assert "'SIMPLE'" in lines[0] and lines[1].endswith("VTN: GET /oadr/programs: status 500")


def test_without_a_synchronised_clock_nothing_is_placed_in_time(tmp_path):
    async def play(found):
        found.site.clock.set_civil(NOON_MS, 1, 0)
        found.vtn.events = [LIMIT]
        await found.poll()
        return found.limits

    assert run(play, tmp_path) == []


def test_the_controls_are_the_sources_own_in_the_journal(tmp_path):
    async def play(found):
        found.vtn.events = [LIMIT]
        await found.poll()
        return found.site.decisions(), found.site.loop.state.limits[0].source

    decisions, source = run(play, tmp_path)
    assert [fact[5] for fact in decisions] == [record.ACCEPTED] and source == "source"


def test_an_event_of_days_to_come_waits_for_its_hour(tmp_path):
    async def play(found):
        found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", 5), start="2023-11-17T12:00:00Z")]
        await found.poll()
        limit = found.site.loop.state.limits[0]
        return limit.due, limit.from_ms + NOON_MS - (NOON_MS + 2 * DAY_MS), limit.until_ms - limit.from_ms

    due, off_ms, lasts_ms = run(play, tmp_path)
    assert not due and abs(off_ms) <= 1000 and lasts_ms == HOUR_MS


def test_an_event_that_begins_now_waits_for_the_time_after_a_boot(tmp_path):
    async def play(found):
        found.site.clock.set_civil(0, q.CLOCK_UNKNOWN, 0)
        found.vtn.events = [event(("IMPORT_CAPACITY_LIMIT", 5), start="0001-01-01")]
        await found.poll()
        before = found.limits, found.ven.trouble
        found.site.clock.set_civil(NOON_MS, q.CLOCK_SYNCHRONISED, 10)
        await found.poll()
        return before, found.limits

    (limits, trouble), after = run(play, tmp_path)
    assert limits == [] and "the time" in trouble and after == [5000]
