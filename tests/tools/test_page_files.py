"""Page files from disk: order, damage, hostile sizes; through the same command a person uses."""

from __future__ import annotations

import io
import json
import random
import resource
import subprocess
import sys

import pytest

from tests.needs import ROOT
from tests.tools import evidence as e
from tools.strict import NotStrict
from tools.verifier import pagefile
from tools.wire import PAGE_BYTES_MAX


def verify(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tools.cli", "verify", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def found(content: bytes) -> list[str | int]:
    """What lies in a file: the size of a page, or the name of the fault."""
    pieces = pagefile.pieces(io.BytesIO(content))
    return [piece.fault if isinstance(piece, NotStrict) else len(piece) for _, piece in pieces]


def test_a_good_file_ends_with_0_and_says_so(tmp_path):
    maker = e.Maker()
    (tmp_path / "pages.cbor").write_bytes(b"".join(maker.pages(5)))
    done = verify(tmp_path / "pages.cbor", "--key", maker.public.hex())
    assert (done.returncode, done.stderr) == (0, "")
    assert "GOOD  11 records in 5 pages from 1 file" in done.stdout


def test_a_faulty_file_ends_with_1_and_names_the_fault_and_the_place(tmp_path):
    maker = e.Maker()
    pages = maker.pages(5)
    (tmp_path / "pages.cbor").write_bytes(b"".join(pages[:2] + pages[3:]))
    done = verify(tmp_path / "pages.cbor", "--key", maker.public.hex())
    assert done.returncode == 1
    assert "missing_pages: " in done.stdout
    assert f"pages.cbor byte {len(pages[0]) + len(pages[1])}" in done.stdout


def test_json_tells_the_same(tmp_path):
    maker = e.Maker()
    pages = maker.pages(3)
    (tmp_path / "pages.cbor").write_bytes(b"".join(pages[1:]))
    done = verify(tmp_path / "pages.cbor", "--json", "--key", maker.public.hex())
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["fault_counts"] == {"missing_start": 1}
    assert told["agents"][0]["agent"] == maker.agent.hex()
    assert told["agents"][0]["last_page"] == maker.prev.hex()


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    maker = e.Maker()
    for number, raw in enumerate(maker.pages(12)):
        (tmp_path / f"page-{number}.cbor").write_bytes(raw)
    keys = tmp_path.parent / f"{tmp_path.name}-keys"
    keys.mkdir()
    (keys / "agent.hex").write_text(maker.public.hex() + "\n")
    done = verify(tmp_path, "--key", keys)
    assert done.returncode == 0, done.stdout


def test_the_end_that_was_cut_off_shows_with_the_last_page_known(tmp_path):
    maker = e.Maker()
    pages = maker.pages(3)
    (tmp_path / "pages.cbor").write_bytes(b"".join(pages[:2]))
    arguments = (tmp_path / "pages.cbor", "--key", maker.public.hex())
    unknown = verify(*arguments)
    assert unknown.returncode == 0
    assert "show only against a known one" in unknown.stdout
    done = verify(*arguments, "--last-page", maker.prev.hex())
    assert done.returncode == 1
    assert "missing_tail" in done.stdout


def test_an_empty_file_proves_nothing(tmp_path):
    (tmp_path / "pages.cbor").write_bytes(b"")
    done = verify(tmp_path / "pages.cbor", "--key", e.Maker().public.hex())
    assert done.returncode == 1
    assert "no_pages" in done.stdout


@pytest.mark.parametrize("kept", [1, 7, 20, 100, -1])
def test_a_file_that_ends_inside_a_page_is_truncated(kept):
    first, second = e.Maker().pages(2)
    assert found(first + second[:kept]) == [len(first), "truncated"]


def test_the_pages_behind_damage_are_still_found():
    first, second, third = e.Maker().pages(3)
    assert found(b"\x00" * 5 + first) == ["garbage", len(first)]
    assert found(first + b"noise" * 50_000 + second) == [len(first), "garbage", len(second)]
    bent = bytearray(second)
    bent[15] ^= 0x40  # the kid's last bytes are no length, so this one stays a page
    assert found(first + bytes(bent) + third) == [len(first), len(second), len(third)]
    where = second.index(b"\x58\x40", 40)  # the head of the signature
    assert found(first + second[:where] + b"\xff" + second[where + 1 :] + third) == [
        len(first),
        "not_deterministic",
        len(third),
    ]
    longer = second[:where] + b"\x59\x7f" + second[where + 2 :]  # more than there is
    assert found(first + longer + third) == [len(first), "malformed", len(third)]


def test_a_beginning_split_over_two_reads_is_found():
    (page,) = e.Maker().pages(1)
    for short in range(12):
        noise = b"\x00" * (PAGE_BYTES_MAX - short)
        assert found(noise + page) == ["garbage", len(page)]


HOSTILE = {
    "nested arrays": b"\x81" * 60_000,
    "nested tags": b"\xd2" * 60_000,
    "100 MB string": b"\x83\xd2\x84\x5a\x05\xf5\xe1\x00",
    "2^63 elements": b"\x83\xd2\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "2^63 pairs": b"\x83\xd2\x84\x40\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
    "100 MB payload": b"\x83\xd2\x84\x4d\xa2\x01\x26\x04\x48" + bytes(8) + b"\xa0\x5a\x05\xf5\xe1\x00",
    "endless string": b"\x83\xd2\x84\x5f" + b"\x41\x00" * 1000,
    "empty arrays": b"\x83\xd2\x84\x99\xff\xf0" + b"\x80" * 65_520,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_named_and_the_next_page_is_found(content):
    (page,) = e.Maker().pages(1)
    *wrong, last = found(content + page)
    assert last == len(page)
    assert wrong
    assert all(isinstance(name, str) for name in wrong) or content is HOSTILE["empty arrays"]


def test_deep_nesting_inside_a_signed_page_is_refused():
    from tools.verifier import Verifier

    maker = e.Maker()
    verifier = Verifier([maker.public])
    verifier.add(maker.page(raw_records=[e.encode(e.boot()), b"\x81" * 30_000 + b"\x00"]))
    verifier.add(e.packed(e.sealed(b"\x81" * 30_000 + b"\x00", maker.key), bytes(16), [b"\x00"]))
    assert verifier.report().counts == {"too_deep": 2}


def test_a_hundred_hostile_megabytes_need_little_memory(tmp_path):
    """Claimed lengths, real junk and a page in between; the process may not have more than 512 MB."""
    maker = e.Maker()
    path = tmp_path / "hostile.cbor"
    with path.open("wb") as file:
        for page in maker.pages(2):
            for _ in range(50):
                file.write(b"\x83\xd2\x84\x5a\x05\xf5\xe1\x00" + b"\x00" * 1_000_000)
            file.write(page)
    command = [sys.executable, "-m", "tools.cli", "verify", str(path), "--json", "--key", maker.public.hex()]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20)),
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["agents"][0]["pages"] == 2


def test_random_damage_never_ends_in_a_traceback():
    from tools.verifier import Verifier

    maker = e.Maker()
    content = b"".join(maker.pages(4))
    chance = random.Random(20)
    for _ in range(200):
        bent = bytearray(content)
        for _ in range(chance.randrange(1, 6)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        verifier = Verifier([maker.public])
        stray = 0
        for _, piece in pagefile.pieces(io.BytesIO(bytes(bent))):
            if isinstance(piece, bytes):
                verifier.add(piece)
            else:
                stray += 1
        assert bytes(bent) == content or stray or verifier.report().faults
