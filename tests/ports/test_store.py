"""Every store keeps its promises: files and flash ring on both runtimes, and the twin; then what only one can show."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import stat
import subprocess
import sys

import pytest

from boards.cpython.file_store import FileStore
from hal.memory import MemoryStore
from tests.needs import ROOT
from tests.ports.board import holds, holds_on_micropython, on_board, promises
from tests.ports.contracts import store as contracts
from tests.ports.contracts.files import CAPACITY_BYTES, Files
from tests.ports.contracts.flash import Flash

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
WRITERS = ("cpython", "micropython")


class Memory:
    """The twin's medium is the twin itself."""

    capacity_bytes = CAPACITY_BYTES

    def __init__(self):
        self._store = MemoryStore(CAPACITY_BYTES)

    def open(self):
        return self._store

    def smear(self):
        return self._store  # it has no failed writes

    def cut(self, size_bytes):
        newest_bytes = self._store.segments()[-1][1]
        self._store.crash(size_bytes - (newest_bytes - self._store.unsynced_bytes()))
        return self._store


@ALL
async def test_twin(promise):
    assert await holds(promise, Memory())


@ALL
async def test_files_on_a_gateway(promise, tmp_path):
    assert await holds(promise, Files(FileStore, str(tmp_path / "journal")))


@ALL
async def test_files_on_a_board(promise, tmp_path):
    assert await holds_on_micropython(promise, "file_store", tmp_path / "j")


@ALL
async def test_ring(promise):
    assert await holds(promise, Flash())


@ALL
async def test_ring_on_a_board(promise):
    assert await holds_on_micropython(promise, "ring_store")


def writer(runtime, folder):
    """Return the command that appends and syncs numbers until it is killed."""
    if runtime == "cpython":
        code = (
            "import sys; from boards.cpython.file_store import FileStore; "
            "from tests.ports.contracts.files import Counter; "
            "sys.stdout.reconfigure(line_buffering=True); Counter(FileStore(sys.argv[1])).run()"
        )
        return [sys.executable, "-c", code, str(folder)]
    return on_board("tests.ports.board_benches", "count_for_ever", "whole_store", folder)


@pytest.mark.parametrize("runtime", WRITERS)
def test_what_was_synced_survives_a_kill_and_the_other_runtime_reads_it(runtime, tmp_path):
    """Three times: the second and third writer go on behind what the one before left."""
    base = 0
    for _ in range(3):
        process = subprocess.Popen(writer(runtime, tmp_path), stdout=subprocess.PIPE, cwd=ROOT)
        promised = [int(process.stdout.readline()) for _ in range(120)][-1]
        process.kill()
        promised = max([promised, *[int(line) for line in process.stdout.read().split(b"\n")[:-1] if line.isdigit()]])
        process.wait()
        process.stdout.close()
        store = FileStore(tmp_path)
        held = b"".join(store.read(first, size_bytes) for first, size_bytes in store.segments())[base:]
        store.roll()
        store.close()
        numbers = [int.from_bytes(held[at : at + 8], "big") for at in range(0, len(held) - 7, 8)]
        assert numbers[: promised + 1] == list(range(promised + 1))
        base += len(held)


def test_two_agents_never_share_a_journal(tmp_path):
    store = FileStore(tmp_path)
    with pytest.raises(BlockingIOError):
        FileStore(tmp_path)
    store.close()
    FileStore(tmp_path).close()


def test_a_killed_agent_does_not_keep_the_journal(tmp_path):
    process = subprocess.Popen(writer("cpython", tmp_path), stdout=subprocess.PIPE, cwd=ROOT)
    process.stdout.readline()
    with pytest.raises(BlockingIOError):
        FileStore(tmp_path)
    process.kill()
    process.wait()
    process.stdout.close()
    FileStore(tmp_path).close()


def test_only_the_owner_may_read(tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o755)
    store = FileStore(folder)
    store.append(b"abc")
    store.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@contextlib.contextmanager
def file_size_limit(size_bytes):
    """Let the kernel refuse to grow a file over a size, as a full disk does; pytest's own output must not meet it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_did_not_fit_counts_for_nothing_and_is_overwritten(tmp_path):
    store = FileStore(tmp_path)
    store.append(bytes(90))
    with file_size_limit(100), pytest.raises(OSError, match="full"):
        store.append(b"x" * 20)
    assert store.segments() == [(0, 90)]
    assert (tmp_path / "0000000000000000.log").stat().st_size == 100  # half of it is there
    with file_size_limit(100), pytest.raises(OSError) as none_at_all:
        store.append(b"y" * 200)
    assert none_at_all.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert store.append(b"z" * 20) == 90
    assert store.read(90, 99) == b"z" * 20
    store.close()


def test_a_sync_that_failed_is_never_followed_by_one_that_succeeds(tmp_path, monkeypatch):
    store = FileStore(tmp_path)
    store.append(b"abc")

    def broken_disk(handle):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken_disk)
        with pytest.raises(OSError, match="Input/output"):
            store.sync()
    for call in (store.sync, store.roll, lambda: store.append(b"d"), store.close):
        with pytest.raises(OSError, match="earlier sync failed"):
            call()
    FileStore(tmp_path).close()


def test_what_a_killed_agent_left_is_synced_before_it_is_relied_on(tmp_path, monkeypatch):
    """The bytes are in the kernel, not yet on the disk: the first sync must not be skipped for want of appends."""
    FileStore(tmp_path).close()
    synced = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda handle: (synced.append(handle), fdatasync(handle)))
    store = FileStore(tmp_path)
    store.sync()
    assert len(synced) == 1
    store.sync()
    assert len(synced) == 1
    store.close()
