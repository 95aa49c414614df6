"""Good evidence passes, and what is odd without being wrong is counted."""

from __future__ import annotations

import json

from tests.tools import evidence as e
from tests.tools.judging import COMMAND, edited, judged, names, open_parts, sealed_again
from tools.verifier import Chain, Keys, read_page
from tools.verifier.merkle import leaf_of, root_of


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


def test_a_page_signed_again_after_a_crash_is_the_same_page():
    maker = e.Maker()
    pages = maker.pages(2)
    again = sealed_again(pages[1], open_parts(pages[1])[2], maker)
    assert again != pages[1]
    assert judged([pages[0], again], maker).ok
    report = judged([*pages, again], maker)
    assert names(report) == {"duplicated": 1}
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
        e.gap(2, 5),
        e.gap(1),
        e.gap(5),
        e.gap(6),
        e.gap(3, device=0),
        [14, 15, 1, bytes(32), "vpp", 100, 0],
        e.key_begins(maker.agent, e.private_key(5)),
        e.key_ends(e.private_key(5)),
        e.delta(1, 0, 5, 5),
        [10, 15, None, 2, True],
        [10, 16, 1, 4, False],
        [11, 17, 44],
    )
    report = judged([page], maker)
    assert names(report) == {}
    assert report.agents[0].chain.history.kinds["failsafe"] == 2


def test_energy_may_fall_after_a_recorded_exchange():
    maker = e.Maker()
    page = maker.page(e.boot(), e.reading(60, import_wh=5000), e.gap(3, device=0), e.reading(120, import_wh=3))
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
    assert names(judged([*pages, edited(follows, maker, "civil_s", e.CIVIL_S)], maker)) == {"clock_rollback": 1}


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
    encoded = [leaf_of(b"", bytes.fromhex(leaf)) for leaf in leaves]
    assert [root_of(encoded[:size]).hex() for size in range(1, 9)] == roots


def test_merkle_root_of_any_size_is_that_of_the_definition():
    for size in range(1, 70):
        leaves = [bytes([number]) for number in range(size)]
        assert root_of([leaf_of(b"", leaf) for leaf in leaves]) == e.merkle(leaves)


def test_a_chain_goes_on_from_its_kept_state():
    maker = e.Maker()
    keys = Keys([maker.public])
    first, second = maker.pages(3), []
    maker.import_wh = 5
    second = maker.pages(1)
    chain = Chain(maker.agent.hex())
    for raw in first:
        assert chain.take(read_page(raw, keys).page) == []
    again = Chain.from_json(json.loads(json.dumps(chain.as_json())))
    assert again.as_json() == chain.as_json()
    assert [fault.name for fault in again.take(read_page(second[0], keys).page)] == ["energy_fell"]
