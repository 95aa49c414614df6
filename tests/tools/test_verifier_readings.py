"""Readings told by their difference, energy against the fuse, and assets that are sold twice."""

from __future__ import annotations

import json

import pytest

from tests.tools import evidence as e
from tests.tools.judging import judged, names
from tools.headend.store import Store
from tools.verifier import Keys, read_page
from tools.verifier.enrolments import Enrolments
from tools.verifier.history import History
from tools.verifier.meters import most_energy_wh

CIVIL_S = e.CIVIL_S + 1_000_000  # of the first epoch's second 0


def readings(maker: e.Maker, *records: list) -> list[dict]:
    found = read_page(maker.page(e.boot(), *records), Keys([maker.public]))
    assert found.page is not None and found.ok, found.faults
    return [record.fields for record in found.page.records if record.kind == "reading"]


def test_a_delta_is_the_reading_that_it_tells():
    base = [1, 60, 60, 1, 2, {1: -500, 12: 1000, 27: -3000}, {1: 6000, 2: "claim vpp", 3: True}]
    one, two, three = readings(e.Maker(), base, e.delta(1, 30, 8, -10), e.delta(1, 0, 16, 0, spans=5))
    assert two == {**one, "end_s": 120, "values": {1: -470, 12: 1008, 27: -3010}}
    assert three == {**one, "end_s": 360, "values": {1: -500, 12: 1016, 27: -3000}}


def test_a_missing_reading_is_told_again_by_a_delta_without_numbers():
    missing = [1, 60, 60, 1, 1, {}, {}]
    assert [reading["end_s"] for reading in readings(e.Maker(), missing, e.delta(1))] == [60, 120]


def test_the_head_end_keeps_a_delta_as_a_reading(tmp_path):
    maker = e.Maker()
    store = Store(tmp_path / "headend.sqlite")
    raw = maker.page(e.boot(), e.reading(60, import_wh=5), e.delta(1, 10, 8))
    with store.transaction():
        store.keep_page(read_page(raw, Keys([maker.public])).page, raw, 0)
    one, two = store.records(maker.agent.hex(), "reading")
    assert (one["values"], two["values"]) == ({"1": 500, "12": 5}, {"1": 510, "12": 13})
    assert two["civil_ms"] - one["civil_ms"] == 60_000
    assert two["context"] == {}
    store.close()


@pytest.mark.parametrize(
    ("delta", "fault"),
    [
        (e.delta(2, 1, 1), "delta_base"),  # itself
        (e.delta(3, 1, 1), "delta_base"),  # a later one
        (e.delta(0, 1, 1), "delta_base"),  # no reading
        (e.delta(99, 1, 1), "delta_base"),
        (e.delta(1, 1), "delta_count"),
        (e.delta(1, 1, 1, 1), "delta_count"),
        (e.delta(1), "delta_count"),
        (e.delta(1, 1, 1, spans=0), "delta_spans"),
        (e.delta(1, 1, -6), "delta_range"),
        (e.delta(1, (1 << 64) - 1, 0), "delta_range"),
        (e.delta(1, 0, 0, spans=1 << 39), "delta_range"),
        (e.delta(-1, 1, 1), "record_shape"),
        (e.delta(1, 1, True), "record_shape"),
        (e.delta(1, 1, 0, spans=-1), "record_shape"),
    ],
)
def test_a_bad_delta_is_told(delta, fault):
    maker = e.Maker()
    page = maker.page(e.boot(), e.reading(60, import_wh=5), delta, e.reading(6000, import_wh=5))
    assert names(judged([page], maker)) == {fault: 1}


def test_a_delta_is_no_base():
    maker = e.Maker()
    page = maker.page(e.boot(), e.reading(60, import_wh=5), e.delta(1, 1, 1), e.delta(2, 1, 1))
    assert names(judged([page], maker)) == {"delta_base": 1}


def test_energy_that_the_fuse_does_not_let_through_is_told():
    most = most_energy_wh(25000, 120)  # from the begin of the first one's span
    assert most == 3 * 25 * 253 * 120 * 5 // (4 * 3600) + 1000
    for more, found in ((most, {}), (most + 1, {"energy_impossible": 1})):
        maker = e.Maker()
        page = maker.page(e.boot(), e.reading(60, import_wh=7), e.reading(120, import_wh=7 + more))
        assert names(judged([page], maker)) == found


def test_a_smaller_fuse_a_longer_time_and_no_fuse_at_all():
    for fuse_ma, later_s, found in ((25000, 3660, {}), (6000, 3660, {"energy_impossible": 1}), (0, 61, {})):
        maker = e.Maker()
        facts = [e.reading(60, import_wh=0, export_wh=0), e.reading(later_s, span_s=1, import_wh=1, export_wh=20_000)]
        assert names(judged([maker.page(e.boot(fuse_ma=fuse_ma), *facts)], maker)) == found


def test_energy_over_a_boot_is_measured_with_a_clock_that_both_trust():
    for quality, far_wh, found in ((2, 90_000, {"energy_impossible": 1}), (1, 90_000, {}), (2, 20_000, {})):
        maker = e.Maker()
        first = maker.page(e.boot(), e.reading(60, import_wh=0))
        maker.reboot()
        civil_s = CIVIL_S + 3600
        second = maker.page(
            e.boot(), e.reading(60, import_wh=far_wh), civil_s=civil_s, clock_quality=quality, clock_error_ms=100
        )
        faults = names(judged([first, second], maker))
        faults.pop("clock_rollback", None)
        assert faults == found


def test_only_the_exchanged_meter_begins_anew():
    maker = e.Maker()
    facts = [e.reading(60, import_wh=900), e.reading(60, device=1, import_wh=900), e.gap(3, device=0)]
    page = maker.page(e.boot(), *facts, e.reading(120, import_wh=1), e.reading(120, device=1, import_wh=1))
    report = judged([page], maker)
    assert [(fault.name, fault.detail) for fault in report.faults] == [
        ("energy_fell", "charger import_wh from 900 to 1")
    ]


def test_records_lost_are_told_in_all_and_never_become_fewer():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 10
    pages += [maker.page(e.gap(2, 6)), maker.page(e.gap(4, 3))]
    assert names(judged(pages, maker)) == {"missing_pages": 1}
    pages.append(maker.page(e.gap(2, 7), e.gap(2, 7)))
    report = judged(pages, maker)
    assert report.ok
    assert report.agents[0].chain.lost_declared == 10
    assert names(judged([*pages, maker.page(e.gap(2, 6))], maker)) == {"lost_fell": 1, "missing_pages": 1}


def test_a_page_ends_where_the_quality_of_its_clock_changes():
    told_ms = (CIVIL_S + 10) * 1000
    for facts, found in (
        ([e.clock(10_000, told_ms, quality=3)], {}),
        ([e.clock(10_000, told_ms, quality=3), e.gap(1)], {"clock_mixed": 1}),
        ([e.clock(10_000, told_ms), e.gap(1)], {}),
    ):
        maker = e.Maker()
        assert names(judged([maker.page(e.boot(), *facts)], maker)) == found


def enrolled(*rows: tuple, maker: e.Maker | None = None) -> dict[str, int]:
    maker = maker or e.Maker()
    return names(judged([maker.page(e.boot(), *[e.enrolment(*row) for row in rows])], maker))


def test_an_asset_that_is_sold_twice_is_told():
    assert enrolled(("car", "vpp", 1, 0, 100), ("car", "dso", 1, 99, 200)) == {"enrolment_overlap": 1}
    assert enrolled(("car", "vpp", 1, 50, 0), ("car", "dso", 1, 10, 51)) == {"enrolment_overlap": 1}
    assert enrolled(("car", "vpp", 0, 0, 0), ("car", "vpp", 1, 9, 0)) == {"enrolment_overlap": 1}
    three = enrolled(("car", "a", 1, 0, 100), ("car", "b", 1, 5, 10), ("car", "c", 1, 50, 60))
    assert three == {"enrolment_overlap": 2}


def test_one_after_another_or_apart_or_once_more_is_good():
    assert enrolled(("car", "vpp", 1, 0, 100), ("car", "dso", 1, 100, 0)) == {}
    assert enrolled(("car", "vpp", 1, 0, 0), ("boiler", "dso", 1, 0, 0)) == {}
    assert enrolled(("car", "vpp", 1, 0, 100), ("car", "vpp", 1, 50, 0), ("car", "vpp", 1, 50, 0)) == {}


def test_an_enrolment_that_ends_before_it_begins_is_told_and_counts_for_nothing():
    assert enrolled(("car", "vpp", 1, 100, 100)) == {"enrolment_absurd": 1}
    assert enrolled(("car", "vpp", 1, 100, 99), ("car", "dso", 1, 0, 0)) == {"enrolment_absurd": 1}


def test_an_asset_of_two_agents_is_told():
    one, other = e.Maker(1), e.Maker(2)
    pages = [maker.page(e.boot(), e.enrolment("car")) for maker in (one, other)]
    report = judged(pages, one, other)
    assert names(report) == {"enrolment_overlap": 1}
    assert report.faults[0].seq == 1
    assert judged(pages[:1], one).ok


def test_what_is_not_stated_after_a_boot_has_ended_with_it():
    for again, found in (([], {}), ([e.enrolment("car", "vpp")], {"enrolment_overlap": 1})):
        maker = e.Maker()
        first = maker.page(e.boot(), e.enrolment("car", "vpp"))
        maker.reboot()
        boot_s = CIVIL_S + 1_000_000
        second = maker.page(e.boot(), e.enrolment("car", "dso", from_s=boot_s), *again)
        assert names(judged([first, second], maker)) == found


def test_thousands_of_enrolments_stated_page_after_page_are_no_more_work_each():
    enrolments, told = Enrolments(), e.enrolment("car")
    for number in range(100_000):  # days of work if each were compared with all
        fields = {"asset": told[3], "programme": str(number // 2), "from_s": number // 2, "until_s": 0}
        enrolments.take(fields, "car", number)
        enrolments.end_lapsed(None)
    assert len(enrolments.stated) == 50_000 and enrolments.stated[-1].seq == 99_999


def test_what_is_kept_of_readings_and_enrolments_survives_json():
    maker = e.Maker()
    history = (
        judged([maker.page(e.boot(), e.enrolment("car"), e.reading(60, import_wh=1))], maker).agents[0].chain.history
    )
    kept = json.loads(json.dumps(history.as_json()))
    assert History.from_json(kept) == history
    assert Enrolments.from_json(kept["enrolments"]) == history.enrolments
