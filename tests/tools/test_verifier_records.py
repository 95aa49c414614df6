"""What an agent signed may still contradict itself: each contradiction has its own name."""

from __future__ import annotations

from tests.tools import evidence as e
from tests.tools.judging import COMMAND, judged, names


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
    assert judged([*pages, maker.page(e.boot(devices=other), e.gap(3), e.reading(60, import_wh=3))], maker).ok


def test_readings_before_any_boot_record_are_told():
    maker = e.Maker()
    assert names(judged([maker.page(e.reading(60, import_wh=1))], maker)) == {"boot_missing": 1}


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
