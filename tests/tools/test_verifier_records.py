"""What an agent signed may still contradict itself: each contradiction has its own name."""

from __future__ import annotations

import json

import pytest

from tests.tools import evidence as e
from tests.tools.judging import COMMAND, judged, names
from tools.verifier.history import History
from tools.verifier.report import as_json, as_text


def test_a_falling_energy_register_is_told_over_pages_and_boots():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.reboot()
    maker.import_wh = 10
    report = judged([*pages, *maker.pages(2)], maker)
    assert names(report) == {"energy_fell": 1}
    assert report.faults[0].detail == "grid import_wh from 1032 to 18"


def test_a_swapped_device_is_told():
    maker = e.Maker()
    pages = maker.pages(1)
    maker.reboot()
    other = [["grid", "carlo-gavazzi-em340"], ["charger", "alfen-eve"]]
    page = maker.page(e.boot(devices=other), e.reading(60, import_wh=10**6))
    assert names(judged([*pages, page], maker)) == {"device_swapped": 1}


def test_a_swapped_device_with_a_recorded_exchange_is_good():
    maker = e.Maker()
    pages = maker.pages(1)
    maker.reboot()
    other = [["grid", "carlo-gavazzi-em340"]]
    assert judged([*pages, maker.page(e.boot(devices=other), e.gap(3, device=0), e.reading(60, import_wh=3))], maker).ok


def test_an_epoch_that_does_not_begin_with_its_boot_record_is_told_once():
    maker = e.Maker()
    for facts in ([e.reading(60, import_wh=1)], [e.gap(1)], [e.gap(1), e.boot(), e.gap(1)], [e.gap(1), e.gap(1)]):
        assert names(judged([maker.page(*facts, first_seq=0, prev=bytes(32))], maker)) == {"boot_not_first": 1}


def test_an_epoch_whose_beginning_is_not_there_may_lack_its_boot_record_and_not_have_it_late():
    maker = e.Maker()
    maker.pages(1)
    starts = [maker.prev]
    page = maker.page(e.gap(1), e.reading(60))
    assert judged([page], maker, starts=starts).ok
    assert names(judged([page, maker.page(e.boot())], maker, starts=starts)) == {"boot_not_first": 1}


def test_a_second_boot_record_in_an_epoch_is_told():
    maker = e.Maker()
    assert names(judged([maker.page(e.boot(), e.boot())], maker)) == {"boot_repeated": 1}


def test_a_device_that_the_boot_record_does_not_list_is_told():
    maker = e.Maker()
    assert names(judged([maker.page(e.boot(), e.reading(60, device=2))], maker)) == {"unknown_device": 1}


def test_two_readings_of_the_same_time_are_told():
    maker = e.Maker()
    page = maker.page(e.boot(), e.reading(60, import_wh=1), e.reading(100, span_s=60, import_wh=2))
    assert names(judged([page], maker)) == {"readings_overlap": 1}


def test_a_reading_that_began_before_the_boot_is_told():
    maker = e.Maker()
    assert names(judged([maker.page(e.boot(), e.reading(60, span_s=600))], maker)) == {"clock_absurd": 1}


def test_a_clock_quality_without_a_time_is_told():
    maker = e.Maker()
    assert names(judged([maker.page(civil_s=0)], maker)) == {"clock_absurd": 1}


def test_a_falling_monotonic_clock_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.base_s -= 30
    assert names(judged([*pages, maker.page(e.gap(1), base_s=850, civil_s=0, clock_quality=0)], maker)) == {
        "monotonic_fell": 1
    }


def test_civil_time_that_goes_back_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    report = judged([*pages, maker.page(civil_s=e.CIVIL_S)], maker)
    assert names(report) == {"clock_rollback": 1}


def test_civil_time_that_goes_back_over_a_boot_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.reboot()
    assert names(judged([*pages, maker.page(civil_s=e.CIVIL_S)], maker)) == {"clock_rollback": 1}


def test_a_clock_record_does_not_excuse_going_back():
    maker = e.Maker()
    pages = maker.pages(2)
    assert names(judged([*pages, maker.page(e.clock(0, e.CIVIL_S * 1000))], maker)) == {"clock_rollback": 1}


def test_civil_time_that_jumps_ahead_without_a_clock_record_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    far_s = e.CIVIL_S + 9_000_000
    assert names(judged([*pages, maker.page(civil_s=far_s)], maker)) == {"clock_step": 1}


def test_civil_time_that_jumps_ahead_with_a_clock_record_is_good():
    maker = e.Maker()
    pages = maker.pages(2)
    far_s = e.CIVIL_S + 9_000_000
    assert judged([*pages, maker.page(e.clock(0, far_s * 1000), civil_s=far_s)], maker).ok


def test_a_command_that_was_accepted_twice_is_told():
    maker = e.Maker()
    kid = bytes(8)
    page = maker.page(e.boot(), e.decision(COMMAND, kid, 5), e.decision(COMMAND, kid, 5))
    assert names(judged([page], maker)) == {"command_replayed": 1}


def test_counters_rise_over_boots():
    maker = e.Maker()
    pages = [maker.page(e.boot(), e.decision(COMMAND, bytes(8), 5))]
    maker.reboot()
    pages.append(maker.page(e.boot(), e.decision(bytes(32), bytes(8), 4)))
    assert names(judged(pages, maker)) == {"command_replayed": 1}


def test_a_refused_replay_is_good():
    maker = e.Maker()
    page = maker.page(e.boot(), e.decision(COMMAND, bytes(8), 5), e.decision(COMMAND, bytes(8), 5, reason=6))
    assert judged([page], maker).ok


def test_an_event_of_a_command_that_was_never_accepted_is_told():
    maker = e.Maker()
    page = maker.page(e.boot(), e.decision(COMMAND, bytes(8), 5, reason=7), e.event(COMMAND, 2))
    assert names(judged([page], maker)) == {"command_unproven": 1}


def test_an_accepted_command_without_key_and_counter_is_told():
    maker = e.Maker()
    assert names(judged([maker.page(e.boot(), e.decision(COMMAND, None, None))], maker)) == {"decision_unattributed": 1}


def test_states_and_delays_are_told_in_words():
    maker = e.Maker()
    facts = [e.device_state(state) for state in (0, 1, 2, 2, 3, 4)]
    report = judged([maker.page(e.boot(), *facts, e.delay(), e.delay("protection charge", wait_ms=None))], maker)
    assert report.ok
    told = {
        "charger answered": 1,
        "charger fell silent": 1,
        "charger was another product than the configured one": 1,
        "charger was put off by its protection: charge bounds": 1,
        "charger was put off by its protection: least stop": 1,
        "charger was set by another controller, too": 2,
        "charger was set by nobody else any more": 1,
    }
    assert as_json(report, 1)["agents"][0]["notes"] == told
    for note, count in told.items():
        assert f"  device   {count} x {note}\n" in as_text(report, 1)


@pytest.mark.parametrize(
    ("at", "bend"),
    [(1, -1), (1, 1 << 60), (2, None), (2, -1), (3, "0"), (3, 0.0), (4, "rest"), (4, "connection"), (4, 5),
     (4, "protection "), (5, -1), (5, True), (6, -1), (6, "3"), (7, None), (7, -1)],
)  # fmt: skip
def test_a_delay_with_a_wrong_field_is_told(at, bend):
    maker = e.Maker()
    bent = e.delay()
    bent[at] = bend
    assert set(names(judged([maker.page(e.boot(), bent)], maker))) <= {"record_shape", "forbidden_type"}
    assert not judged([maker.page(e.boot(), bent)], maker).ok


def test_a_delay_that_is_too_short_or_long_or_of_nobody_is_told():
    for bent, name in (
        (e.delay()[:-1], "record_shape"),
        ([*e.delay(), 0], "record_shape"),
        (e.delay(device=2), "unknown_device"),
        (e.device_state(5), "record_shape"),
        ([16, 0], "record_shape"),
    ):
        maker = e.Maker()
        assert names(judged([maker.page(e.boot(), bent)], maker)) == {name: 1}, bent


def test_a_failsafe_names_a_meter_that_there_is():
    for scope, found in ((None, {}), (0, {}), (1, {}), (2, {"unknown_device": 1}), (-1, {"record_shape": 1})):
        maker = e.Maker()
        assert names(judged([maker.page(e.boot(), [10, 0, scope, 2, True])], maker)) == found


def test_notes_are_kept_with_the_chain():
    maker = e.Maker()
    history = judged([maker.page(e.boot(), e.delay())], maker).agents[0].chain.history
    kept = json.loads(json.dumps(history.as_json()))
    assert History.from_json(kept) == history
