"""`siteward replay` as a user meets it: what is printed, what is refused, and an incident that becomes a test."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent import replay
from agent.journal import HEADER_BYTES
from boards.cpython.file_store import FileStore
from tests.needs import needs_program
from tests.scenarios.incident import recorded
from tests.tools.test_cli import siteward
from tools.errors import UsageError
from tools.replay.command import as_json, in_words, within
from tools.replay.play import play_here, segments
from tools.replay.span import Clip, Span


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return the tape of the incident."""
    made = tmp_path_factory.mktemp("tape") / "recorder"
    recorded(made)
    return made


def copy_of(folder: Path, target: Path) -> list[Path]:
    """Copy a tape; return its files."""
    target.mkdir()
    for file in folder.glob("*.log"):
        (target / file.name).write_bytes(file.read_bytes())
    return segments(target)


def test_every_grant_is_printed_with_what_binds_it(folder):
    done = siteward("replay", folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "epoch 7 from 0.0" in lines[0] and lines[0].endswith("recorded by siteward 0.1.0 on house")
    assert any("2025-11-21T15:00:40Z  40.000 s  charger" in line and "limit dso" in line for line in lines)
    assert any("meter stale" in line for line in lines)
    assert "200 ticks" in lines[-1] and "every grant and every record as recorded" in lines[-1]


def test_both_runtimes_say_the_same_to_the_last_digit(folder):
    needs_program("micropython")
    here, there = siteward("replay", folder, "--json"), siteward("replay", folder, "--json", "--micropython")
    assert here.returncode == there.returncode == 0, there.stderr
    assert here.stdout == there.stdout
    report = json.loads(here.stdout)
    assert report["matched"] and report["ticks"] == 200 and len(report["digest"]) == 64
    assert {"at_ms", "civil_ms", "device", "setpoint", "source"} == set(report["grant"][0])


def test_a_range_shows_only_its_grants_by_either_clock(folder):
    events = play_here(segments(folder))
    from_boot = within(events, Span("80", "131.5", 7))
    by_civil = within(events, Span("2025-11-21T15:01:20Z", "2025-11-21T16:02:11.5+01:00", 7))
    assert from_boot == by_civil
    grants = [event for event in from_boot if event[0] == replay.GRANT]
    assert grants and all(80000 <= event[1] < 131500 for event in grants)
    assert within(events, Span("80", None, 6))[1:-1] == []


def test_the_ticks_of_a_range_are_counted_for_people_and_programs(folder):
    done = siteward("replay", folder, "--from", 80, "--to", 131.5)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("200 ticks, 52 of them in the range, ")
    assert json.loads(siteward("replay", folder, "--from", 80, "--json").stdout)["ticks_in_range"] == 121


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (["--from", "5", "--to", "1"], "--from 5 --to 1: expected a range that begins before it ends"),
        (["--from", "5", "--to", "5"], "--from 5 --to 5: expected a range that begins before it ends"),
        (["--from", "100000"], "nothing was recorded in this range"),
        (["--to", "2001-01-01T00:00:00Z", "--json"], "nothing was recorded in this range"),
    ],
)
def test_an_empty_range_is_refused(folder, bounds, why):
    done = siteward("replay", folder, *bounds)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"siteward: {why}\n")


def test_an_incident_becomes_a_test_that_holds(folder, tmp_path):
    scenario = tmp_path / "lost-meter.replay"
    made = siteward("replay", folder, "--from", 70, "--to", 140, "--make-test", scenario)
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1].startswith(f"{scenario}: 70 ticks, ")
    again = siteward("replay", scenario)
    assert again.returncode == 0 and "70 ticks" in again.stdout
    renewed = tmp_path / "renewed.replay"
    assert siteward("replay", scenario, "--make-test", renewed).returncode == 0
    assert renewed.read_bytes() == scenario.read_bytes()


def test_a_damaged_frame_is_named_and_ends_with_1(folder, tmp_path):
    broken = copy_of(folder, tmp_path / "tape")[0]
    raw = bytearray(broken.read_bytes())
    at = int.from_bytes(raw[:2], "big") + HEADER_BYTES
    raw[at + HEADER_BYTES] ^= 4
    broken.write_bytes(raw)
    done = siteward("replay", broken.parent)
    assert done.returncode == 1
    assert f"{broken.name}: damaged at offset {at}: wrong checksum" in done.stdout
    assert "1 damaged or missing places passed over" in done.stdout


def test_a_torn_end_is_no_damage(folder, tmp_path):
    newest = copy_of(folder, tmp_path / "tape")[-1]
    newest.write_bytes(newest.read_bytes()[:-3])
    done = siteward("replay", newest.parent)
    assert done.returncode == 0
    assert "as a power cut leaves it" in done.stdout


def test_a_grant_that_differs_is_shown_with_both_answers(folder):
    events = play_here(segments(folder))
    events.insert(-1, [replay.DIFFERS, 90000, "grants", "[(1, 6000, 'limit dso')]", "[(1, 8000, 'default')]"])
    assert "90.000 s  grants differ: recorded [(1, 6000, 'limit dso')], replayed [(1, 8000" in in_words(events)
    assert json.loads(as_json(events))["matched"] is False


def test_a_clip_is_in_one_piece_or_refused(folder, tmp_path):
    recorded(tmp_path / "tape", bytes_max=24576)
    files = segments(tmp_path / "tape")
    assert len(files) > 2
    files[1].unlink()
    refused = siteward("replay", tmp_path / "tape", "--make-test", tmp_path / "x.replay")
    assert refused.returncode == 2 and "a hole or a reboot inside the range" in refused.stderr
    played = siteward("replay", tmp_path / "tape")
    assert played.returncode == 1
    assert f"{files[2].name}: the " in played.stdout and "000 ms before this segment are missing" in played.stdout
    nothing = siteward("replay", folder, "--from", 5000, "--make-test", tmp_path / "x.replay")
    assert nothing.returncode == 2 and "nothing was recorded in this range" in nothing.stderr
    assert not (tmp_path / "x.replay").exists()
    clip = Clip(Span(None, None, 7))
    with pytest.raises(UsageError):
        clip.write(tmp_path / "x.replay")


@pytest.mark.parametrize(
    "arguments", [["no-such-folder"], ["tools"], ["README.md"], ["README.md", "--from", "yesterday"], []]
)
def test_misuse_ends_with_2_and_one_sentence(arguments):
    done = siteward("replay", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("siteward: ") and done.stderr.count("\n") == 1


def test_the_recorders_store_never_waits_for_the_disk(tmp_path, monkeypatch):
    def waits(_handle: int) -> None:
        raise AssertionError("waited for the disk")

    monkeypatch.setattr(os, "fsync", waits)
    monkeypatch.setattr(os, "fdatasync", waits)
    recorded(tmp_path / "recorder")
    with pytest.raises(AssertionError):
        FileStore(tmp_path / "journal")
