"""The file in which the client keeps what it read: whole, or none of ours; never half."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.events import Entry
from boards.cpython.ieee2030_5.kept import Kept
from boards.cpython.ieee2030_5.responses import Response
from tests.fuzz.utility_targets import schedule

PROGRAM = r.Program("/derp/1", "A", 1, "/c", "/d", r.Default("D", {r.EXPORT: 5}, ("opModVoltVar",), 27))
CONTROL = r.Control("AB", 1, 2, 3000, 60, 1, {r.EXPORT: 7}, ("rampOther",), 5, 6, 7, "/r", 3, 0, "/derp/1")
ENTRY = Entry(CONTROL, 3001, 3050, {r.EXPORT: 3040}, [1, 2])
WAITING = Response("AB", 2, 3002, "/r")


def test_what_is_kept_comes_back(tmp_path):
    kept = Kept(tmp_path / "kept.json")
    assert kept.load() == ([], [], [], None)
    packed = kept.packed([PROGRAM], [ENTRY], [WAITING], -1500)
    assert packed is not None
    kept.write(packed)
    assert Kept(kept.path).load() == ([PROGRAM], [ENTRY], [WAITING], -1500)
    assert kept.packed([PROGRAM], [ENTRY], [WAITING], -1500) is None  # it holds that already
    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]


def test_when_a_control_was_last_read_is_nothing_new(tmp_path):
    kept = Kept(tmp_path / "kept.json")
    later = Entry(r.Control(*[*vars(CONTROL).values()][:-2], 9000, "/derp/1"), 3001, 3050, {r.EXPORT: 3040}, [1, 2])
    assert later.control.read_s == 9000
    assert kept.packed([], [ENTRY], [], 0) == kept.packed([], [later], [], 0)


def places(held: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part."""
    if path:
        yield path
    for key in held if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ():
        yield from places(held[key], (*path, key))


def test_a_part_of_another_kind_is_none_of_ours_or_does_no_harm(tmp_path):
    packed = Kept(tmp_path / "kept.json").packed([PROGRAM], [ENTRY], [WAITING], -1500)
    assert packed is not None
    good = json.loads(packed)
    count = 0
    for path in places(good):
        for other in (None, "x", -5, 1.5, [], {}, True, 10**30):
            changed = copy.deepcopy(good)
            within = changed
            for key in path[:-1]:
                within = within[key]
            within[path[-1]] = other
            schedule(json.dumps(changed).encode())
            count += 1
    assert count > 300


def test_a_disk_that_is_full_leaves_the_file_what_it_was(tmp_path):
    kept = Kept(tmp_path / "kept.json")
    kept.write(b"{}")
    (tmp_path / "kept.new").mkdir()
    with pytest.raises(OSError):
        kept.write(b"[]")
    assert kept.path.read_bytes() == b"{}" and kept.packed([], [], [], None) is not None
