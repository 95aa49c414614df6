"""The hash of what runs: the same files give the same hash on both runtimes, any other file another."""

from __future__ import annotations

from pathlib import Path

from boards.cpython.gateway import PACKAGES
from boards.firmware import firmware_hash
from tests.board import board_path, micropython, output_of
from tests.needs import ROOT


def hash_on_micropython(folder: Path, script: Path) -> str:
    script.write_text(
        f"import sys\nsys.path[:] = {board_path().split(':')!r} + ['.frozen']\n"
        f"from boards.firmware import firmware_hash\nprint(firmware_hash({str(folder)!r}).hex())\n"
    )
    return output_of(micropython(str(script))).strip()


def test_both_runtimes_hash_the_same_files_alike(tmp_path):
    installed = tmp_path / "installed"
    (installed / "b" / "inner").mkdir(parents=True)
    for name, size_bytes in (("a.mpy", 0), ("b/one.mpy", 1024), ("b/inner/two.mpy", 5000), ("c.mpy", 1025)):
        (installed / name).write_bytes(bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256))
    first = firmware_hash(str(installed))
    assert hash_on_micropython(installed, tmp_path / "ask.py") == first.hex()
    (installed / "c.mpy").write_bytes(b"y" * 1025)
    assert firmware_hash(str(installed)) != first


def test_a_name_a_file_and_a_package_each_change_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    seen = {firmware_hash(str(tmp_path), ("a", "b"))}
    (tmp_path / "a" / "x.py").rename(tmp_path / "b" / "x.py")
    seen.add(firmware_hash(str(tmp_path), ("a", "b")))
    (tmp_path / "b" / "y.py").write_text("")
    seen.add(firmware_hash(str(tmp_path), ("a", "b")))
    assert len(seen) == 3
    (tmp_path / "b" / "__pycache__").mkdir()
    (tmp_path / "b" / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert firmware_hash(str(tmp_path), ("a", "b")) in seen


def test_a_gateway_hashes_its_own_rooms():
    assert firmware_hash(str(ROOT), PACKAGES) == firmware_hash(str(ROOT), tuple(reversed(PACKAGES)))
