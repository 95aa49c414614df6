"""What is reported, when, and how sure that is. Source: OpenADR 3.1.0 User Guide 7.5, 7.8, 8.3."""

import asyncio

import pytest

from agent.limits import SITE
from agent.owner import OPT_OUT, Owner
from agent.sources.desk import authority_of
from agent.sources.peer_desk import PeerDesk
from boards.cpython.openadr.events import Wanted
from boards.cpython.openadr.known import Known
from boards.cpython.openadr.marks import Mark, Marks
from boards.cpython.openadr.reports import READINGS_MAX, REPORTS_MAX, Reports, reading_of
from boards.cpython.openadr.timeline import Rounds
from hal import quantities as q
from tests.openadr.documents import AGENT, HOUR_MS, NOON_MS, checked, event
from tests.openadr.site import rig
from tests.shared.sourced import SourcedSite, limit

MINUTE_MS = 60000
QUARTER_H = 15 * MINUTE_MS


class Written:
    """Marks as a test writes them: 3 kW of import, every minute from noon on; it stands for no loop."""

    def __init__(self, minutes, missing=()):
        self.marks = Marks(None, [SITE])
        for minute in range(minutes + 1):
            at = NOON_MS // MINUTE_MS + minute
            mark = Mark({q.POWER_W: 3000, q.ENERGY_IMPORT_WH: 50 * minute, q.SOC_PM: 555}, 1200, "RUNNING_NORMAL")
            mark.sum_w, mark.count, mark.peak_w = 3000 * 60, 60, 3100
            if minute not in missing:
                self.marks.kept[at] = {SITE: mark}


def due(written, now_ms, document, reports=None):
    """Return the reports of an event that are due at a time."""
    reports = reports or Reports(written.marks, "house-12")
    known = [Known(checked(document), NOON_MS)]
    return reports.due(known, lambda event: [SITE], now_ms, AGENT), reports


def asking(wanted, count=2, duration="PT15M", **keys):
    """Return an event of prices that asks for a report."""
    return event(*[("PRICE", at) for at in range(count)], duration=duration, **keys) | {"reportDescriptors": [wanted]}


def said(reports):
    """Return (interval id, payloads by type) of all intervals of a single report."""
    (report,) = reports
    return [
        (each["id"], {payload["type"]: payload["values"][0] for payload in each["payloads"]})
        for resource in report["resources"]
        for each in resource["intervals"]
    ]


def test_usage_of_each_interval_is_reported_once_the_last_has_ended():
    written = Written(40)
    document = asking({"payloadType": "USAGE", "units": "KWH"})
    assert due(written, NOON_MS + 2 * QUARTER_H - 1, document)[0] == []
    found, reports = due(written, NOON_MS + 2 * QUARTER_H, document)
    assert said(found) == [(0, {"USAGE": 0.75, "DATA_QUALITY": "OK"}), (1, {"USAGE": 0.75, "DATA_QUALITY": "OK"})]
    assert due(written, NOON_MS + HOUR_MS, document, reports)[0] == [], "each is handed out once"


def test_what_was_not_read_is_missing_and_has_no_number():
    written = Written(40, missing=(15,))
    found, _ = due(written, NOON_MS + 2 * QUARTER_H, asking({"payloadType": "USAGE"}))
    assert said(found) == [(0, {"DATA_QUALITY": "MISSING"}), (1, {"DATA_QUALITY": "MISSING"})]


def test_a_register_that_fell_is_bad_and_has_no_number():
    written = Written(40)
    written.marks.kept[NOON_MS // MINUTE_MS + 30][SITE].reading[q.ENERGY_IMPORT_WH] = 0
    found, _ = due(written, NOON_MS + 2 * QUARTER_H, asking({"payloadType": "USAGE"}))
    assert said(found)[1] == (1, {"DATA_QUALITY": "BAD"})


def test_a_mean_of_half_the_minutes_is_estimated():
    written = Written(20, missing=range(7))
    found, _ = due(written, NOON_MS + QUARTER_H, asking({"payloadType": "DEMAND"}, count=1))
    assert said(found) == [(0, {"DEMAND": 3.0, "DATA_QUALITY": "ESTIMATED"})]


def test_an_interval_between_whole_minutes_is_estimated():
    written = Written(20)
    document = asking({"payloadType": "USAGE"}, count=1, start="2023-11-15T12:00:20Z")
    assert said(due(written, NOON_MS + HOUR_MS, document)[0])[0][1]["DATA_QUALITY"] == "ESTIMATED"


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({"payloadType": "READING", "units": "KW"}, 3.0),
        ({"payloadType": "READING", "units": "PERCENT"}, 0.555),
        ({"payloadType": "STORAGE_CHARGE_LEVEL"}, 0.555),
        ({"payloadType": "DEMAND", "readingType": "PEAK"}, 3.1),
        ({"payloadType": "SETPOINT"}, 1.2),
        ({"payloadType": "OPERATING_STATE"}, "RUNNING_NORMAL"),
    ],
)
def test_each_type_is_read_in_its_unit(wanted, number):
    found, _ = due(Written(20), NOON_MS + QUARTER_H, asking(wanted, count=1))
    assert said(found) == [(0, {wanted["payloadType"]: number, "DATA_QUALITY": "OK"})]


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("USAGE", units="THERMS"),
        Wanted("USAGE", reading="FORECAST"),
        Wanted("USAGE", historical=False),
        Wanted("BASELINE"),
        Wanted("OPERATING_STATE", aggregate=True),
    ],
)
def test_what_cannot_be_known_is_not_reported(wanted):
    assert reading_of(wanted) is None


def test_an_event_without_intervals_or_times_has_nothing_to_report_on():
    document = asking({"payloadType": "USAGE"}, count=0, duration="PT0S")
    found, reports = due(Written(20), NOON_MS + HOUR_MS, document)
    assert found == [] and "not served" in reports.unserved["e1"]


def test_what_is_not_reported_says_so():
    _, reports = due(Written(20), NOON_MS + HOUR_MS, asking({"payloadType": "BASELINE"}))
    assert "not served" in reports.unserved["e1"]


def test_some_of_the_intervals_may_be_asked_for():
    """User Guide 7.5, "Report on a subset of intervals"."""
    document = asking({"payloadType": "USAGE", "startInterval": 1, "numIntervals": 2}, count=4, duration="PT5M")
    assert due(Written(20), NOON_MS + 14 * MINUTE_MS, document)[0] == []
    found, _ = due(Written(20), NOON_MS + 15 * MINUTE_MS, document)
    assert [number for number, _ in said(found)] == [1, 2]


def test_reports_roll_on_and_of_those_that_were_missed_the_last_is_made():
    """User Guide 7.5, "do it now" event reporting."""
    wanted = {"payloadType": "USAGE", "startInterval": 0, "numIntervals": 2, "frequency": 1, "repeat": -1}
    document = asking(wanted, count=6, duration="PT5M")
    found, reports = due(Written(40), NOON_MS + 21 * MINUTE_MS, document)
    assert [number for number, _ in said(found)] == [2, 3]
    found, reports = due(Written(40), NOON_MS + 25 * MINUTE_MS, document, reports)
    assert [number for number, _ in said(found)] == [3, 4]
    assert due(Written(40), NOON_MS + 29 * MINUTE_MS, document, reports)[0] == []


def test_an_event_of_reports_alone_repeats_its_period():
    """User Guide 7.5, "report-only event with implied intervals"."""
    document = asking({"payloadType": "USAGE", "repeat": -1, "frequency": 1, "startInterval": 0}, count=0)
    document["duration"] = "P9999Y"
    found, _ = due(Written(40), NOON_MS + 30 * MINUTE_MS, document)
    assert said(found) == [(0, {"USAGE": 0.75, "DATA_QUALITY": "OK"})]
    assert found[0]["resources"][0]["intervals"][0]["intervalPeriod"]["start"] == "2023-11-15T12:15:00Z"


def test_a_tariff_of_years_is_reported_without_counting_through_it():
    document = asking({"payloadType": "USAGE", "repeat": -1}, count=1, duration="PT1M") | {"duration": "P9999Y"}
    rounds = Rounds(checked(document), NOON_MS, AGENT)
    assert rounds.span(5000000).start_ms == NOON_MS + 5000000 * MINUTE_MS
    found, _ = due(Written(20), NOON_MS + 5000000 * MINUTE_MS, document)
    assert said(found) == [(0, {"DATA_QUALITY": "MISSING"})]


def test_the_whole_of_several_resources_is_their_sum():
    written = Written(20)
    for marks in written.marks.kept.values():
        marks[1] = marks[SITE]
    reports = Reports(written.marks, "house-12")
    document = asking({"payloadType": "USAGE", "aggregate": True}, count=1)
    found = reports.due([Known(checked(document), NOON_MS)], lambda event: [SITE, 1], NOON_MS + QUARTER_H, AGENT)
    assert said(found) == [(0, {"USAGE": 1.5, "DATA_QUALITY": "OK"})]
    assert found[0]["resources"][0]["resourceName"] == "AGGREGATED_REPORT"


async def marked(act, seconds):
    """Return the marks of a site where somebody does something at noon."""
    site = SourcedSite(PeerDesk, "utility")
    site.civil_ms = NOON_MS - 3000  # the start takes three seconds
    task = await site.start()
    marks = Marks(site.desk, [SITE, 1])
    await act(site)
    for _ in range(seconds):
        marks.look(site.clock.civil_ms())
        await site.let_pass(1000)
    site.loop.stop()
    await task
    return marks


def test_what_its_owner_opted_out_of_is_told_though_nobody_asks_for_anything():
    async def say(site):
        owner = Owner("home", 20000, {}, {})
        owner.take(site.loop.state, authority_of("console", "owner", 20000), [OPT_OUT, "charger", 600], b"word")

    marks = asyncio.run(marked(say, 61))
    at_ms = NOON_MS + MINUTE_MS
    assert [marks.at(at_ms, scope).state for scope in (SITE, 1)] == ["RUNNING_NORMAL", "RUNNING_OPTED_OUT"]


def test_marks_are_what_the_site_showed():
    async def say(site):
        await site.say([limit(5000)], ms=0)

    marks = asyncio.run(marked(say, 121))
    first, third = marks.at(NOON_MS, SITE), marks.at(NOON_MS + 2 * MINUTE_MS, SITE)
    assert first.count == 60 and first.state == "RUNNING_NORMAL"
    assert third.reading[q.POWER_W] == 4999 and third.state == "RUNNING_CURTAILED"
    used_wh = third.reading[q.ENERGY_IMPORT_WH] - first.reading[q.ENERGY_IMPORT_WH]
    assert 160 <= used_wh <= 220, "two minutes of about 5 kW"
    assert marks.at(NOON_MS + 2 * MINUTE_MS, 1).setpoint_w == 4499


def test_a_report_is_posted_and_one_that_is_refused_is_dropped_with_its_reason(tmp_path):
    document = asking({"payloadType": "USAGE"}, count=1, duration="PT1M", start="2023-11-15T11:58:00Z")

    async def play():
        async with rig(tmp_path) as found:
            found.vtn.events = [document]
            await found.poll()
            posted = list(found.vtn.posted)
            found.vtn.refuses_reports = True
            found.vtn.events = [document | {"id": "e2"}]
            await found.poll()
            return posted, found.vtn.posted, found.ven.refusals, list(found.ven.waiting)

    posted, after, refusals, waiting = asyncio.run(play())
    assert [each["eventID"] for each in posted] == [each["eventID"] for each in after] == ["e1"]
    assert "status 400" in refusals["e2"] and waiting == []


def test_reports_that_would_hold_the_loop_come_one_after_another_or_not_at_all():
    written = Written(120)
    wanted = [{"payloadType": "DEMAND", "units": "KW", "numIntervals": 900 + at} for at in range(5)]
    document = event(("PRICE", 1), start="2000-01-01T00:00:00Z", duration="P1D") | {"duration": "P9999Y"}
    document["reportDescriptors"] = wanted
    now_ms, counts = NOON_MS + HOUR_MS, []
    found, reports = due(written, now_ms, document)
    while found:
        counts.append(len(found))
        found, _ = due(written, now_ms, document, reports)
    assert counts == [2, 2, 1] and READINGS_MAX < 3 * 900
    known = [Known(checked(document), NOON_MS)]
    assert reports.due(known, lambda event: [SITE, 0, 1], now_ms, AGENT) == []
    assert f"more than {READINGS_MAX} readings" in reports.unserved["e1"]
    many = [Known(checked(document | {"id": f"e{at}"}), NOON_MS) for at in range(REPORTS_MAX // 5 + 1)]
    reports.due(many, lambda event: [], now_ms, AGENT)
    assert list(reports.unserved) == [f"e{REPORTS_MAX // 5}"] and "reports" in reports.unserved[f"e{REPORTS_MAX // 5}"]
