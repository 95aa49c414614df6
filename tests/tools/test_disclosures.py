"""Chosen records are proven against their page's signature, whatever is chosen; nothing else passes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import ROOT
from tests.tools import evidence as e
from tests.tools.judging import COMMAND, judged, names
from tools.verifier import Keys
from tools.verifier.choice import Command, Device, Numbers
from tools.verifier.disclose import choose, cut, disclosures
from tools.verifier.disclosure import read_disclosure
from tools.verifier.merkle import leaf_of, path_of, root_by_path, root_of
from tools.verifier.page import header_as_told, open_page


def page_of(count: int, maker: e.Maker | None = None) -> bytes:
    """A page of `count` records: the boot, then a reading and deltas, then facts."""
    facts = [e.boot(), e.reading(60, import_wh=5), *[e.delta(1, 1, 1, spans=spans) for spans in range(1, 4)]]
    facts += [e.gap(1)] * count
    return (maker or e.Maker()).page(*facts[:count])


def shown(raw: bytes, places: set[int]) -> bytes:
    """What `siteward disclose` writes of these places."""
    opened = open_page(raw)
    return b"".join(made for made, _ in cut(header_as_told(opened.envelope), opened, raw, places))


def disclosed_seqs(raw: bytes, maker: e.Maker) -> list[int]:
    found = read_disclosure(raw, Keys([maker.public]))
    assert found.disclosed is not None and found.ok, found.faults
    return [record.seq for record in found.disclosed.records]


@given(st.integers(1, 40), st.sets(st.integers(0, 39), min_size=1))
@settings(max_examples=60, deadline=None)
def test_any_choice_of_any_page_is_proven(count, places):
    maker = e.Maker()
    places = {place % count for place in places}
    seqs = disclosed_seqs(shown(page_of(count, maker), places), maker)
    with_bases = places | ({1} if places & {2, 3, 4} else set())
    assert seqs == sorted(with_bases)


@given(st.integers(1, 20), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_no_flipped_bit_of_a_disclosure_passes(count, chance):
    maker = e.Maker()
    raw = shown(page_of(count, maker), set(chance.sample(range(count), chance.randint(1, count))))
    for at in chance.sample(range(len(raw)), min(60, len(raw))):
        bent = bytearray(raw)
        bent[at] ^= 1 << chance.randrange(8)
        assert not judged([bytes(bent)], maker).ok, at


def test_every_single_byte_of_a_disclosure_is_covered():
    maker = e.Maker()
    raw = shown(page_of(7, maker), {2, 5})
    for at in range(len(raw)):
        for flip in (1, 0x80):
            bent = bytearray(raw)
            bent[at] ^= flip
            assert not judged([bytes(bent)], maker).ok, at


def test_what_the_tool_writes_is_what_the_document_defines():
    for count in range(1, 18):
        raw = page_of(count)
        for place in range(count):
            base = {1} if 2 <= place <= 4 else set()
            assert shown(raw, {place}) == e.disclosure(raw, *sorted({place} | base))


def test_paths_lead_to_the_root_from_their_own_place_only():
    for count in range(1, 40):
        leaves = [leaf_of(b"", bytes([number])) for number in range(count)]
        for place in range(count):
            path = path_of(leaves, place)
            assert path == e.audit_path([bytes([number]) for number in range(count)], place)
            found = [root_by_path(leaves[place], other, count, path) == root_of(leaves) for other in range(count)]
            assert [other for other, same in enumerate(found) if same] == [place]
            assert root_by_path(leaves[place], place, count, [*path, bytes(32)]) is None
            assert count == 1 or root_by_path(leaves[place], place, count, path[:-1]) is None


def bent_row(at: int, bend: object, place: int = 5) -> bytes:
    envelope, rows = cbor2.loads(e.disclosure(page_of(9), place))
    rows[0][at] = bend
    return e.encode([envelope, rows])


@pytest.mark.parametrize(
    ("at", "bend", "fault"),
    [
        (0, 4, "bad_path"),
        (0, 8, "bad_path"),
        (0, 9, "wrong_index"),
        (0, 1 << 63, "wrong_index"),
        (0, -1, "disclosure_shape"),
        (0, None, "disclosure_shape"),
        (1, bytes(16), "bad_path"),
        (1, bytes(15), "disclosure_shape"),
        (2, b"\x80", "bad_path"),
        (2, "text", "disclosure_shape"),
        (3, [], "bad_path"),
        (3, [bytes(32)] * 4, "bad_path"),
        (3, [bytes(31)], "disclosure_shape"),
        (3, [bytes(32)] * 1000, "bad_path"),
        (3, {}, "disclosure_shape"),
    ],
)
def test_a_spoilt_row_is_told(at, bend, fault):
    assert names(judged([bent_row(at, bend)], e.Maker())) == {fault: 1}


def test_rows_come_in_rising_order_each_once():
    raw = page_of(9)
    for indices in ((5, 5), (6, 5)):
        assert names(judged([e.disclosure(raw, *indices)], e.Maker())) == {"wrong_index": 1}


def test_a_delta_is_shown_with_its_base():
    raw = page_of(9)
    assert names(judged([e.disclosure(raw, 3)], e.Maker())) == {"base_not_shown": 1}
    assert judged([e.disclosure(raw, 1, 3)], e.Maker()).ok
    maker = e.Maker()
    raw = maker.page(e.boot(), e.delta(0, 1), e.delta(2, 1))
    assert names(judged([e.disclosure(raw, 0, 1)], maker)) == {"delta_base": 1}
    assert names(judged([e.disclosure(raw, 2)], maker)) == {"delta_base": 1}


def test_other_layouts_are_refused():
    envelope, rows = cbor2.loads(e.disclosure(page_of(9), 5))
    for bent in ([envelope], [envelope, []], [envelope, [[]]], [envelope, {}], [envelope, rows, 1]):
        (found,) = names(judged([e.encode(bent)], e.Maker()))
        assert found in ("disclosure_shape", "page_shape")
    assert names(judged([e.disclosure(page_of(9), 5)], e.Maker(5))) == {"unknown_key": 1}


def test_a_later_key_is_learned_from_pages_or_from_a_disclosed_record():
    maker = e.Maker()
    later = e.private_key(8)
    begins = maker.page(e.boot(), e.key_begins(maker.agent, later))
    maker.signer = later
    page = maker.page()
    alone, change = e.disclosure(page, 0), e.disclosure(begins, 1)
    assert judged([begins, page, alone], maker).ok
    assert judged([change, alone], maker).ok
    assert judged([alone, change], maker).ok
    assert names(judged([alone], maker)) == {"unknown_key": 1}


def test_disclosures_say_nothing_of_completeness():
    maker = e.Maker()
    pages = [maker.page() for _ in range(5)]
    report = judged([e.disclosure(pages[3], 1), e.disclosure(pages[1], 0)], maker)
    assert report.ok
    assert (report.agents, report.disclosed_records, report.disclosures) == ([], 2, 2)


def test_a_choice_that_is_too_large_for_one_is_cut_into_several():
    maker = e.Maker()
    raw = maker.page(e.boot(), e.reading(60, import_wh=5), *[e.delta(1, 0, 1, spans=span) for span in range(1, 900)])
    opened = open_page(raw)
    made = [one for one, _ in cut(header_as_told(opened.envelope), opened, raw, set(range(901)))]
    assert len(made) > 2
    assert max(map(len, made)) <= 65536
    report = judged(made, maker)
    assert report.ok
    assert {record.seq for one in report.disclosed for record in one.records} == set(range(901))


# --- choosing ---


def story_file(folder: Path) -> tuple[Path, e.Maker]:
    """Two epochs; in the second a command limits the charger from second 130 to 480."""
    maker = e.Maker(page_s=300)
    pages = maker.pages(2)
    maker.reboot()
    grid = [e.reading(60 * n, import_wh=2000 + 8 * n) for n in range(1, 5)]
    car = [e.reading(60 * n, device=1, import_wh=70 * n) for n in range(1, 5)]
    both = [reading for pair in zip(grid, car, strict=True) for reading in pair]
    limit = [[5, 130_000, 1, 6000, "limit dso"], [4, 131_000, 1, 6000, 0, 2, 6000, "limit dso"]]
    decided = [e.decision(COMMAND, bytes(8), 7, at_ms=130_000), *limit]
    pages.append(maker.page(e.boot(), *both[:4], *decided, *both[4:]))
    later = [e.reading(60 * n, device=n % 2, import_wh=2100 + 8 * n) for n in range(1, 5)]
    ended = [e.event(COMMAND, 3, at_ms=180_000), [5, 180_000, 1, None, "default"], e.reading(240, import_wh=2140)]
    pages.append(maker.page(*later[:2], *ended, e.reading(300, import_wh=2150)))
    path = folder / "pages.cbor"
    path.write_bytes(b"".join(pages))
    return path, maker


def told(path: Path, maker: e.Maker, choice: Numbers | Device | Command) -> list[tuple[int, str]]:
    made = [one for one, _ in disclosures(path, choose(path, choice))]
    report = judged(made, maker)
    assert report.ok, report.faults
    return [(record.seq, record.kind) for one in report.disclosed for record in one.records]


def test_records_are_chosen_by_number_with_their_boot_record(tmp_path):
    path, maker = story_file(tmp_path)
    assert [seq for seq, _ in told(path, maker, Numbers([(2, 3)]))] == [0, 2, 3]
    assert [seq for seq, _ in told(path, maker, Numbers([(8, 8), (16, 17)]))] == [5, 8, 16, 17]


def test_everything_of_a_device_is_chosen(tmp_path):
    path, maker = story_file(tmp_path)
    kinds = [kind for _, kind in told(path, maker, Device("charger"))]
    assert sorted(set(kinds)) == ["binding", "boot", "reading", "write"]
    assert kinds.count("boot") == 1


def test_a_command_brings_its_decision_what_it_led_to_and_the_readings_around_it(tmp_path):
    path, maker = story_file(tmp_path)
    found = told(path, maker, Command(COMMAND))
    kinds = [kind for _, kind in found]
    assert kinds[:1] == ["boot"]
    assert [kind for kind in kinds if kind not in ("boot", "reading")] == [
        "decision", "binding", "write", "event", "binding",
    ]  # fmt: skip
    decided = kinds.index("decision")
    assert kinds[1:decided] == ["reading", "reading"]  # the last of the meter and of the charger before it
    assert kinds[decided + 3 :].count("reading") >= 5


def siteward(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tools.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_whole_way_as_a_customer_goes_it(tmp_path):
    path, maker = story_file(tmp_path)
    out = tmp_path / "shown.cbor"
    done = siteward("disclose", path, "--command", COMMAND.hex(), "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.startswith("disclosed ")
    read = siteward("verify", out, "--key", maker.public.hex())
    assert read.returncode == 0, read.stdout
    lines = read.stdout.splitlines()
    order = (
        "the agent began",
        "accepted",
        "charger may have 6000: decided by limit dso",
        "read back 6000",
        "completed",
    )
    places = [next(at for at, line in enumerate(lines) if words in line) for words in order]
    assert places == sorted(places)
    assert "disclosed records of 2 pages" in read.stdout
    assert "nothing says that it is little or harmless" in read.stdout
    rows = json.loads(siteward("verify", out, "--json", "--key", maker.public.hex()).stdout)
    assert [row["agent"] for row in rows["disclosed"]] == [maker.agent.hex()] * 2
    assert rows["disclosed_records"] == sum(len(row["records"]) for row in rows["disclosed"])
    assert rows["disclosed"][0]["records"][0]["index"] == 0


def test_misuse_is_one_sentence(tmp_path):
    path, _ = story_file(tmp_path)
    for arguments in (
        ["--records", "99"],
        ["--records", "5-3"],
        ["--records", "x"],
        ["--device", "toaster"],
        ["--command", "beef"],
        ["--command", bytes(32).hex()],
        [],
        ["--records", "1", "--device", "grid"],
        ["--records", "1", "-o", path],
        ["--records", "1", "--agent", "00" * 8],
        ["--records", "1", "-o", tmp_path / "no" / "such"],
    ):
        done = siteward("disclose", path, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.count("\n") == 1


def test_numbers_of_two_agents_need_one_to_be_chosen(tmp_path):
    one, other = e.Maker(1), e.Maker(2)
    path = tmp_path / "pages.cbor"
    path.write_bytes(one.page() + other.page())
    assert siteward("disclose", path, "--records", "1").returncode == 2
    done = siteward("disclose", path, "--records", "1", "--agent", one.agent.hex(), "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert siteward("verify", tmp_path / "out", "--key", one.public.hex()).returncode == 0


def test_an_edited_page_is_not_cut(tmp_path):
    maker = e.Maker()
    path = tmp_path / "pages.cbor"
    raw = maker.page()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    done = siteward("disclose", path, "--records", "0", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "does not hold what was signed" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["pages.cbor"]


def test_random_damage_of_disclosures_is_named_and_never_a_traceback():
    maker = e.Maker()
    raw = shown(page_of(12, maker), {1, 3, 7})
    chance = random.Random(7)
    for _ in range(300):
        bent = bytearray(raw)
        for _ in range(chance.randrange(1, 4)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        assert bytes(bent) == raw or not judged([bytes(bent)], maker).ok
