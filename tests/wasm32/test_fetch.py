"""The build is taken only when it is the locked one, and the lock names no place to fetch it from."""

from __future__ import annotations

import io
import tarfile

import pytest

from tests.wasm32 import fetch


def archive(path, **files):
    with tarfile.open(path, "w:gz") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name.replace('_', '.')}")
            member.size = len(text)
            made.addfile(member, io.BytesIO(text))
    return path


def test_the_lock_is_one_exact_version_and_its_hash_and_no_address():
    package, integrity = fetch.locked()
    name, _, version = package.rpartition("@")
    assert name.startswith("@micropython/")
    assert version[0].isdigit()
    assert integrity.startswith("sha512-")
    assert "://" not in fetch.LOCK.read_text()


def test_what_has_another_hash_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "FOLDER", tmp_path / "build")
    monkeypatch.setattr(fetch, "find_program", lambda name: name)
    monkeypatch.setattr(fetch, "pack", lambda npm, package, folder: archive(folder / "x.tgz", micropython_mjs=b"evil"))
    with pytest.raises(fetch.FetchError, match=r"is not what wasm32\.txt names: sha512-"):
        fetch.fetch()
    assert not (tmp_path / "build").exists()


def test_without_npm_one_line_says_so_and_only_a_strict_run_fails(monkeypatch, capsys):
    monkeypatch.setattr(fetch, "is_here", lambda: False)
    monkeypatch.setattr(fetch, "find_program", lambda name: None)
    for strict, code in (("0", 0), ("1", 1)):
        monkeypatch.setenv("SITEWARD_STRICT", strict)
        assert fetch.main() == code
        assert capsys.readouterr().err == "no 32-bit MicroPython: npm is not installed\n"


def test_a_build_of_another_lock_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "READY", tmp_path / "ready")
    assert not fetch.is_here()
    (tmp_path / "ready").write_text("another@1.0 sha512-x")
    assert not fetch.is_here()
    (tmp_path / "ready").write_text(" ".join(fetch.locked()))
    assert fetch.is_here()
