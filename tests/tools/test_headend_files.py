"""The head-end's files: who may read its database, and that the configuration on its page is one."""

from __future__ import annotations

import os

import pytest

from tests.needs import ROOT
from tools.errors import UsageError
from tools.headend import load_settings
from tools.headend.store import Store
from tools.keys import create_key
from tools.wire import point


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


def test_the_configuration_on_the_page_is_one(tmp_path):
    example = (ROOT / "docs" / "headend.md").read_text().split("```toml")[1].split("```")[0]
    public_key = point(create_key(tmp_path / "agent.key").public_key()).hex()
    for name in ("receipt.key", "dso.key"):
        create_key(tmp_path / name)
    (tmp_path / "HEADEND.toml").write_text(example.replace("04…", public_key).replace("6a15…", "6a150b0e83b344c8"))
    settings = load_settings(tmp_path / "HEADEND.toml")
    assert settings.socket == tmp_path / "headend.sock"
    assert [(authority.name, authority.role) for authority in settings.authorities] == [("dso", "grid")]
    assert settings.agents[0].public_key.hex() == public_key
    assert settings.agents[0].revoked == ((bytes.fromhex("6a150b0e83b344c8"), 900),)
