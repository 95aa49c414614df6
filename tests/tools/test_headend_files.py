"""The head-end's files: who may read its database."""

from __future__ import annotations

import os

import pytest

from tools.errors import UsageError
from tools.headend.store import Store


def test_only_the_own_user_may_read_what_is_kept(tmp_path):
    masked = os.umask(0)
    try:
        store = Store(tmp_path / "headend.sqlite")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(masked)
    assert modes == dict.fromkeys(("headend.sqlite", "headend.sqlite-wal", "headend.sqlite-shm"), 0o600)
    with pytest.raises(UsageError, match="cannot use the database"):
        Store(tmp_path / "no-such-folder" / "headend.sqlite")
