"""Good evidence passes; every way of spoiling it is found under its own name."""

from __future__ import annotations

import json

import cbor2
import pytest

from tests.tools import evidence as e
from tools.verifier import Chain, Report, Verifier, read_page
from tools.verifier.merkle import root_of

COMMAND = bytes(range(32))


def judged(raw_pages: list[bytes], *makers: e.Maker, **options: list[bytes]) -> Report:
    verifier = Verifier([maker.public for maker in makers], **options)
    for raw in raw_pages:
        verifier.add(raw)
    return verifier.report()


def names(report: Report) -> dict[str, int]:
    return dict(report.counts)


def open_parts(raw: bytes) -> list:
    return list(cbor2.loads(raw).value)


def closed(parts: list) -> bytes:
    return e.encode(cbor2.CBORTag(18, parts))


def edited(raw: bytes, maker: e.Maker, index: int, bend: object) -> bytes:
    """One payload field changed and signed again by the agent's own key."""
    fields = cbor2.loads(open_parts(raw)[2])
    fields[index] = bend
    return e.sealed(e.encode(fields), maker.key)


# --- good evidence ---


def test_a_chain_over_two_boots_is_good():
    maker = e.Maker()
    pages = maker.pages(3)
    maker.reboot()
    pages += maker.pages(3)
    report = judged(pages, maker)
    assert names(report) == {}
    (agent,) = report.agents
    assert (agent.pages, agent.records, agent.first_seq, agent.chain.next_seq) == (6, 14, 0, 14)
    assert agent.chain.history.meters["grid"].registers == {"import_wh": 1000 + 12 * 8}


def test_two_agents_are_kept_apart():
    one, other = e.Maker(1), e.Maker(2)
    mixed = [page for pair in zip(one.pages(4), other.pages(4), strict=True) for page in pair]
    report = judged(mixed, one, other)
    assert report.ok
    assert [agent.pages for agent in report.agents] == [4, 4]


def test_the_same_page_twice_is_counted_and_no_fault():
    maker = e.Maker()
    pages = maker.pages(3)
    report = judged([pages[0], pages[1], pages[0], pages[1], pages[2]], maker)
    assert report.ok
    assert report.agents[0].duplicates == 2


def test_a_page_signed_again_after_a_crash_is_the_same_page():
    maker = e.Maker()
    pages = maker.pages(2)
    again = e.sealed(open_parts(pages[1])[2], maker.key)
    assert again != pages[1]
    report = judged([*pages, again], maker)
    assert report.ok
    assert report.agents[0].duplicates == 1


def test_a_chain_may_begin_after_a_page_that_is_named():
    maker = e.Maker()
    maker.pages(2)
    anchor = maker.prev
    pages = maker.pages(2)
    assert judged(pages, maker, starts=[anchor]).ok
    assert "missing_start" in names(judged(pages, maker))


def test_every_kind_of_record_is_read():
    maker = e.Maker()
    kid = bytes(8)
    page = maker.page(
        e.boot(),
        e.reading(60, import_wh=1, export_wh=2),
        e.decision(COMMAND, kid, 7),
        e.decision(bytes(32), None, None, reason=1),
        [4, 10, 1, 6000, 0, 2, 6000, "claim dso"],
        [4, 11, 1, 6000, 2, 0, None, "claim dso"],
        [5, 12, 1, None, "fuse"],
        e.event(COMMAND, 1),
        [7, 13, 1, 0],
        e.clock(14, (e.CIVIL_S + 1_000_000) * 1000 + 14),
        e.gap(1, 5),
        [10, 15, None, 2, True],
        [10, 16, 1, 4, False],
        [11, 17, 44],
    )
    report = judged([page], maker)
    assert names(report) == {}
    assert report.agents[0].chain.history.kinds["failsafe"] == 2


def test_energy_may_fall_after_a_recorded_exchange():
    maker = e.Maker()
    page = maker.page(e.boot(), e.reading(60, import_wh=5000), e.gap(3), e.reading(120, import_wh=3))
    assert judged([page], maker).ok


def test_a_bad_reading_does_not_move_the_register():
    maker = e.Maker()
    page = maker.page(
        e.boot(),
        e.reading(60, import_wh=5000),
        e.reading(120, import_wh=10**9, quality=3),
        e.reading(180, import_wh=5001),
    )
    assert judged([page], maker).ok


def test_a_better_clock_may_turn_time_back():
    maker = e.Maker()
    first = maker.page(clock_quality=1)
    back_ms = (e.CIVIL_S + maker.base_s) * 1000  # 1 000 000 s before what the page says
    assert judged([first, maker.page(e.clock(0, back_ms), civil_s=back_ms // 1000)], maker).ok


def test_time_that_becomes_known_later_is_good_and_then_followed():
    maker = e.Maker()
    unknown = {"civil_s": 0, "clock_quality": 0, "clock_error_ms": 0}
    pages = [maker.page(**unknown), maker.page(e.clock(60_000, e.CIVIL_S * 1000), **unknown)]
    follows = maker.page(civil_s=e.CIVIL_S + 840)
    assert judged([*pages, follows], maker).ok
    assert names(judged([*pages, edited(follows, maker, 8, e.CIVIL_S)], maker)) == {"clock_rollback": 1}


def test_records_that_the_agent_declares_lost_are_no_fault_but_noted():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 40
    maker.prev = bytes(31) + b"\x01"
    report = judged([*pages, maker.page(), maker.page(e.gap(2, 40))], maker)
    assert report.ok
    assert report.agents[0].chain.lost_declared == 40


def test_merkle_roots_are_those_of_the_certificate_transparency_log():
    """Leaves and roots as in the test data of the reference implementation of RFC 6962, whose tree RFC 9162 keeps."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    encoded = [bytes.fromhex(leaf) for leaf in leaves]
    assert [root_of(encoded[:size]).hex() for size in range(1, 9)] == roots


def test_merkle_root_of_any_size_is_that_of_the_definition():
    for size in range(1, 70):
        leaves = [bytes([number]) for number in range(size)]
        assert root_of(leaves) == e.merkle(leaves)


# --- spoiled evidence: envelope and encoding ---


def only_fault(raw: bytes, *makers: e.Maker) -> str:
    report = judged([raw], *makers)
    assert len(report.counts) == 1, report.faults
    return next(iter(report.counts))


def test_an_edited_byte_of_the_payload_breaks_the_signature():
    maker = e.Maker()
    parts = open_parts(maker.page())
    payload = bytearray(parts[2])
    payload[-1] ^= 1
    assert only_fault(closed([parts[0], {}, bytes(payload), parts[3]]), maker) == "bad_signature"


def test_every_single_bit_of_a_page_is_covered():
    maker = e.Maker()
    raw = maker.page(e.gap(1))
    for bit in range(len(raw) * 8):
        bent = bytearray(raw)
        bent[bit // 8] ^= 1 << (bit % 8)
        assert not Verifier([maker.public]).add(bytes(bent)).ok, bit


@pytest.mark.parametrize("scalar", [0, 1, 2**256 - 1])
def test_degenerate_signatures_are_refused(scalar):
    maker = e.Maker()
    parts = open_parts(maker.page())
    signature = scalar.to_bytes(32, "big") * 2
    assert only_fault(closed([*parts[:3], signature]), maker) == "bad_signature"


def test_a_stranger_s_page_is_refused():
    assert only_fault(e.Maker(5).page(), e.Maker(6)) == "unknown_key"


def test_a_page_of_one_agent_replayed_under_another_key_is_refused():
    victim, thief = e.Maker(5), e.Maker(6)
    payload = open_parts(victim.page())[2]
    assert only_fault(e.sealed(payload, thief.key), victim, thief) == "wrong_agent"


def test_another_algorithm_is_refused():
    maker = e.Maker()
    payload = open_parts(maker.page())[2]
    assert only_fault(e.sealed(payload, maker.key, {1: -8, 4: maker.agent}), maker) == "wrong_algorithm"


@pytest.mark.parametrize("header", [{1: -7}, {1: -7, 4: b"short"}, {1: -7, 4: bytes(8), 5: 1}, {}])
def test_another_protected_header_is_refused(header):
    maker = e.Maker()
    payload = open_parts(maker.page())[2]
    assert only_fault(e.sealed(payload, maker.key, header), maker) == "envelope_shape"


def test_an_unprotected_header_is_refused():
    maker = e.Maker()
    payload = open_parts(maker.page())[2]
    assert only_fault(e.sealed(payload, maker.key, unprotected={4: b"x"}), maker) == "envelope_shape"


def test_a_der_signature_is_refused():
    maker = e.Maker()
    assert only_fault(closed([*open_parts(maker.page())[:3], bytes(70)]), maker) == "envelope_shape"


def test_a_missing_tag_is_refused():
    maker = e.Maker()
    assert only_fault(e.encode(open_parts(maker.page())), maker) == "envelope_shape"


def test_bytes_after_a_page_are_refused():
    maker = e.Maker()
    assert only_fault(maker.page() + b"\x00", maker) == "trailing_bytes"


def test_another_encoding_of_the_same_envelope_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert raw[:3] == b"\xd2\x84\x4d"
    assert only_fault(b"\xd2\x84\x58\x0d" + raw[3:], maker) == "not_deterministic"
    assert only_fault(b"\xd2\x9f" + raw[2:] + b"\xff", maker) == "not_deterministic"


def test_a_signed_payload_in_another_encoding_is_refused():
    maker = e.Maker()
    payload = open_parts(maker.page())[2]
    assert payload[:3] == b"\x8c\x01\x01"
    assert only_fault(e.sealed(b"\x8c\x18\x01" + payload[2:], maker.key), maker) == "not_deterministic"


def test_map_keys_out_of_order_in_a_signed_record_are_refused():
    maker = e.Maker()
    unsorted = bytes.fromhex("86 01 18 3c 18 3c 00 00 a2 0c 01 01 02")
    assert judged([maker.page(raw_records=[unsorted])], maker).counts == {"not_deterministic": 1}


def test_a_map_key_twice_in_a_signed_record_is_refused():
    maker = e.Maker()
    twice = bytes.fromhex("86 01 18 3c 18 3c 00 00 a2 0c 01 0c 02")
    assert judged([maker.page(raw_records=[twice])], maker).counts == {"not_deterministic": 1}


def test_a_float_in_a_signed_record_is_refused():
    maker = e.Maker()
    record = e.encode([1, 60, 60, 0, 0, {12: 1.5}])
    assert judged([maker.page(raw_records=[record])], maker).counts == {"forbidden_type": 1}


def test_a_tag_inside_a_signed_payload_is_refused():
    maker = e.Maker()
    assert only_fault(maker.page(epoch=cbor2.CBORTag(2, b"\x01")), maker) == "forbidden_type"


def test_cut_off_bytes_are_refused():
    maker = e.Maker()
    raw = maker.page()
    for size in range(len(raw)):
        assert only_fault(raw[:size], maker) == "truncated"


# --- spoiled evidence: the page ---


def test_a_signed_receipt_is_not_taken_for_a_page():
    maker = e.Maker()
    raw = e.sealed(e.encode([4, 1, maker.agent, 1, bytes(32), 0]), maker.key)
    assert only_fault(raw, maker) == "wrong_type"


def test_a_later_version_is_not_guessed_at():
    maker = e.Maker()
    assert only_fault(maker.page(version=2), maker) == "unknown_version"


@pytest.mark.parametrize(
    ("name", "bend"),
    [
        ("agent", b"short"),
        ("epoch", -1),
        ("epoch", True),
        ("first_seq", 2**64 - 1),
        ("prev", b""),
        ("root", None),
        ("base_s", "0"),
        ("civil_s", 2**63),
        ("clock_quality", 4),
        ("records", []),
        ("records", [[1]]),
    ],
)
def test_a_field_of_another_shape_is_refused(name, bend):
    maker = e.Maker()
    assert only_fault(maker.page(**{name: bend}), maker) == "page_shape"


def test_a_missing_field_is_refused():
    maker = e.Maker()
    fields = cbor2.loads(open_parts(maker.page())[2])
    assert only_fault(e.sealed(e.encode(fields[:-1]), maker.key), maker) == "page_shape"


def test_records_that_do_not_hash_to_the_root_are_refused():
    maker = e.Maker()
    raw = maker.page()
    records = cbor2.loads(open_parts(raw)[2])[11]
    assert only_fault(edited(raw, maker, 11, records[:-1]), maker) == "wrong_root"


@pytest.mark.parametrize(
    "record",
    [
        [99, 0],
        [],
        "text",
        [9, 0, 1],
        [9, 0, 9, 1],
        [9, 0, 1, -1],
        [1, 60, 60, 0, 4, {1: 1}],
        [1, 60, 60, 0, 0, {}],
        [1, 60, 60, 0, 3, {}],
        [1, 60, 60, 0, 0, {12: -1}],
        [1, 60, 60, 0, 0, {12: None}],
        [3, 0, b"short", None, None, 0],
        [3, 0, bytes(32), None, None, 16],
        [4, 0, 0, 6000, 0, 2, "6000", "x"],
        [6, 0, bytes(32), 4],
        [10, 0, None, 1, 1],
        [2, 0, "v", "r", bytes(32), [["a", "m"], ["a", "m"]]],
        [2, 0, "v", "r", bytes(32), [["a"]]],
        [8, 0, 2**63, 2, 0],
    ],
)
def test_a_record_of_another_shape_is_refused(record):
    maker = e.Maker()
    assert judged([maker.page(record)], maker).counts == {"record_shape": 1}


# --- spoiled evidence: the chain ---


def test_a_removed_page_is_missed():
    maker = e.Maker()
    pages = maker.pages(4)
    report = judged([*pages[:1], *pages[2:]], maker)
    assert names(report) == {"missing_pages": 1}
    assert report.faults[0].detail == "records 3..4 are missing"


def test_a_removed_beginning_is_missed():
    maker = e.Maker()
    assert names(judged(maker.pages(3)[1:], maker)) == {"missing_start": 1}


def test_a_removed_end_is_missed_when_the_last_page_is_known():
    maker = e.Maker()
    pages = maker.pages(3)
    assert judged(pages, maker, tails=[maker.prev]).ok
    assert names(judged(pages[:-1], maker, tails=[maker.prev])) == {"missing_tail": 1}


def test_an_edited_page_leaves_a_hole_too():
    maker = e.Maker()
    pages = maker.pages(3)
    parts = open_parts(pages[1])
    pages[1] = closed([*parts[:2], parts[2][:-1] + b"\x00", parts[3]])
    assert names(judged(pages, maker)) == {"bad_signature": 1, "missing_pages": 1}


def test_pages_out_of_order_are_told_and_still_judged():
    maker = e.Maker()
    pages = maker.pages(5)
    report = judged([pages[0], pages[2], pages[1], pages[3], pages[4]], maker)
    assert names(report) == {"reordered": 1}
    assert report.agents[0].chain.next_seq == 11


def test_a_page_that_comes_far_too_late_is_reordered_and_not_a_fork():
    maker = e.Maker()
    pages = maker.pages(100)
    report = judged([pages[0], *pages[2:], pages[1]], maker)
    assert names(report) == {"missing_pages": 1, "reordered": 1}


def test_one_key_with_two_chains_is_a_fork():
    maker, twin = e.Maker(), e.Maker()
    shared = maker.pages(2)
    twin.pages(2)
    report = judged([*shared, maker.page(), twin.page(e.gap(1))], maker)
    assert names(report) == {"fork": 1}


def test_a_page_that_partly_repeats_earlier_numbers_is_a_fork():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq -= 1
    assert names(judged([*pages, maker.page()], maker)) == {"fork": 1}


def test_a_page_that_names_another_predecessor_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    assert names(judged([*pages, maker.page(prev=bytes(31) + b"\x01")], maker)) == {"broken_link": 1}


def test_a_second_chain_under_the_same_key_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 100
    assert names(judged([*pages, maker.page(prev=bytes(32))], maker)) == {"chain_restarted": 1}


def test_a_falling_epoch_is_told():
    maker = e.Maker()
    maker.epoch = 5
    pages = maker.pages(2)
    maker.epoch = 4
    maker.base_s = 0
    report = judged([*pages, maker.page(civil_s=e.CIVIL_S + 6_000_000)], maker)
    assert names(report) == {"epoch_fell": 1}


def test_a_loss_that_is_larger_than_declared_is_a_fault():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 40
    assert names(judged([*pages, maker.page(e.gap(2, 39), prev=bytes(31) + b"\x01")], maker)) == {"missing_pages": 1}


def test_nothing_at_all_is_not_good():
    assert names(judged([], e.Maker())) == {"no_pages": 1}


# --- spoiled evidence: what the records say ---


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


# --- the state of a chain can be kept and taken up again ---


def test_a_chain_goes_on_from_its_kept_state():
    maker = e.Maker()
    keys = {maker.agent: maker.public}
    first, second = maker.pages(3), []
    maker.import_wh = 5
    second = maker.pages(1)
    chain = Chain(maker.agent.hex())
    for raw in first:
        assert chain.take(read_page(raw, keys).page) == []
    again = Chain.from_json(json.loads(json.dumps(chain.as_json())))
    assert again.as_json() == chain.as_json()
    assert [fault.name for fault in again.take(read_page(second[0], keys).page)] == ["energy_fell"]
