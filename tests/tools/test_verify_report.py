"""What a person and a program are told: coverage and its picture, streams, progress, an interruption."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.needs import ROOT
from tests.tools import evidence as e
from tests.tools.judging import judged
from tools.verifier import FAULTS
from tools.verifier import coverage as c
from tools.verifier.coverage import Coverage
from tools.verifier.picture import draw
from tools.verifier.report import as_json, as_text

BEGAN_S = e.CIVIL_S + 1_000_000
COMMAND = [sys.executable, "-m", "tools.cli", "verify"]


def quarter(maker: e.Maker, *qualities: int | None) -> bytes:
    """A page of a reading of the meter each minute, None for none."""
    first = [e.boot()] if maker.base_s == 0 else []
    facts = [
        e.reading(60 * minute, quality=quality, import_wh=maker.import_wh)
        for minute, quality in enumerate(qualities, 1)
        if quality is not None
    ]
    return maker.page(*first, *(facts or [e.gap(1)]))


def spans_of(*pages: bytes, maker: e.Maker) -> list[list]:
    (device,) = as_json(judged(list(pages), maker), 1)["agents"][0]["coverage"]
    return [[from_s - BEGAN_S, until_s - BEGAN_S, quality] for from_s, until_s, quality in device["spans"]]


def test_coverage_is_told_as_spans_of_one_quality():
    maker = e.Maker(page_s=300)
    pages = [quarter(maker, 0, 0, 2, 2, 0), quarter(maker, 0, 0, None, 1, 3)]
    assert spans_of(*pages, maker=maker) == [
        [0, 120, "good"],
        [120, 240, "estimated"],
        [240, 420, "good"],
        [480, 540, "missing"],
        [540, 600, "bad"],
    ]


def test_a_time_that_becomes_known_later_dates_what_was_before():
    maker = e.Maker(page_s=300)
    unknown = {"civil_s": 0, "clock_quality": 0, "clock_error_ms": 0}
    early = maker.page(e.boot(), e.reading(60), **unknown)
    told = maker.page(e.reading(60), e.clock(60_000, (BEGAN_S + 360) * 1000), **unknown)
    assert spans_of(early, told, maker=maker) == [[0, 60, "good"], [300, 360, "good"]]


def test_what_never_gets_a_date_is_summed_up():
    maker = e.Maker()
    unknown = {"civil_s": 0, "clock_quality": 0, "clock_error_ms": 0}
    report = judged([maker.page(e.boot(), e.reading(60), e.reading(120, quality=1), **unknown)], maker)
    (device,) = as_json(report, 1)["agents"][0]["coverage"]
    assert (device["spans"], device["undated_s"]) == ([], {"good": 60, "missing": 60})
    assert draw(report.agents[0].coverage, 80) == []


def test_many_spans_are_told_coarser_and_never_better():
    maker = e.Maker(page_s=300)
    pages = [quarter(maker, 0, 2, 0, 1, None) for _ in range(c.SPANS_MAX // 4 + 20)]
    report = judged(pages, maker)
    (device,) = as_json(report, 1)["agents"][0]["coverage"]
    assert device["coarse"]
    assert len(device["spans"]) <= c.SPANS_MAX + 1
    good = [span for span in device["spans"] if span[2] == "good"]
    assert all(until_s - from_s <= 120 for from_s, until_s, _ in good)


def test_the_picture_shows_good_estimated_missing_and_nothing():
    found = Coverage()
    found.dated["grid"] = [[0, 1000, 0], [1000, 1500, 2], [1500, 2000, 1], [2500, 3000, 0]]
    found.dated["charger"] = [[0, 3000, 0]]
    found.boots = [0, 2500]
    charger, grid, boots, axis, key = draw(found, 8 + 30)
    assert charger == "charger " + "█" * 30
    assert grid == "grid    " + "█" * 10 + "▓" * 5 + "░" * 5 + "·" * 5 + "█" * 5
    assert boots == "boots   ▲" + " " * 24 + "▲"
    assert axis.split() == ["00:00:00", "00:25:00", "00:50:00"]
    assert "nothing" in key


def test_a_short_hole_in_a_long_time_is_seen():
    found = Coverage()
    found.dated["grid"] = [[0, 500_000, 0], [500_900, 1_000_000, 0]]
    bars = draw(found, 40)[0].split()[1]
    assert bars.count("░") == 1
    assert set(bars) == {"█", "░"}


def test_the_report_holds_the_picture_and_every_key():
    maker = e.Maker(page_s=300)
    report = judged([quarter(maker, 0, 0, 2, None, 0), maker.page(e.key_begins(maker.agent, e.private_key(9)))], maker)
    told = as_text(report, 1)
    assert "▲ boot" in told
    assert "1 x key beside the first" in told
    keys = as_json(report, 1)["agents"][0]["keys"]
    assert keys[maker.agent.hex()] == {"behind_record": -1, "up_to_record": None}


def pages_file(folder: Path, count: int = 200) -> tuple[Path, e.Maker]:
    maker = e.Maker()
    path = folder / "pages.cbor"
    path.write_bytes(b"".join(maker.pages(count)))
    return path, maker


def test_a_stream_is_judged_as_a_file_is(tmp_path):
    path, maker = pages_file(tmp_path)
    key = ["--json", "--key", maker.public.hex()]
    read = [
        subprocess.run([*COMMAND, name, *key], cwd=ROOT, stdin=path.open("rb"), capture_output=True, check=False)
        for name in (str(path), "-")
    ]
    assert [done.returncode for done in read] == [0, 0]
    assert read[0].stdout == read[1].stdout
    assert (read[0].stderr, read[1].stderr) == (b"", b"")


def test_an_interruption_says_how_far_it_came(tmp_path):
    path, maker = pages_file(tmp_path)
    command = [*COMMAND, "-", "--key", maker.public.hex()]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(path.read_bytes() * 12)
    process.stdin.flush()
    wait_until_read(process.stdin.fileno())
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, b"")
    assert told.startswith(b"siteward: stopped after ")
    assert b"nothing is proven" in told


def wait_until_read(pipe: int) -> None:
    """Return once the other end has taken what is in the pipe, and so is past its start."""
    import fcntl
    import struct
    import termios

    ends_s = time.monotonic() + 20
    while time.monotonic() < ends_s:
        (left,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        if left == 0:
            return
        select.select([], [], [], 0.02)


def test_a_terminal_is_shown_how_far_it_is(tmp_path):
    path, maker = pages_file(tmp_path, 3000)
    ours, theirs = pty.openpty()
    command = [*COMMAND, str(path), "--key", maker.public.hex()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        shown += more
    os.close(ours)
    assert process.wait(30) == 0
    assert b"] " in shown
    assert b" of " in shown
    assert shown.endswith(b"\r\x1b[K")


@pytest.mark.parametrize(
    "arguments",
    [["--revoked", "beef"], ["--revoked", "00" * 8 + "@x"], ["--begun", "00" * 8 + "=README.md"], ["--begun", "x"]],
)
def test_misused_keys_are_named(tmp_path, arguments):
    path, maker = pages_file(tmp_path, 1)
    done = subprocess.run(
        [*COMMAND, str(path), "--key", maker.public.hex(), *arguments], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_a_revoked_key_is_named_on_the_command_line(tmp_path):
    path, maker = pages_file(tmp_path, 3)
    command = [*COMMAND, str(path), "--json", "--key", maker.public.hex(), "--revoked", f"{maker.agent.hex()}@5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["fault_counts"] == {"key_revoked": 1}


def test_help_tells_the_exit_codes():
    done = subprocess.run([*COMMAND, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Exit code: 0" in done.stdout


def test_the_page_about_verifying_names_every_fault():
    rows = (ROOT / "docs" / "verify.md").read_text().splitlines()
    told = [row.split(" | ") for row in rows if row.startswith("| `") and not row.startswith("| `--")]
    assert {name[3:-1]: meaning[:-2] for name, meaning in told} == FAULTS
