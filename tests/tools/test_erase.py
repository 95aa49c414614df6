"""`siteward erase`: keys, journal, tape and configuration are gone, nothing else is, and nothing by accident."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys

import pytest

from agent import record
from agent.journal import Journal
from agent.ledger import Ledger
from boards.cpython.file_store import FileStore
from boards.cpython.pkcs11_token import Token
from boards.cpython.token_uri import TokenError, TokenUri
from hal.memory import ManualClock
from tests.boards.test_gateway_start import site
from tests.needs import ROOT
from tests.softhsm import SoftToken
from tools import token_key
from tools.demo.layout import toml
from tools.erase import erase_file
from tools.keys import create_key

MARK = b"a household's evening"


def kept_journal(folder, records):
    """Write a journal of records that nobody has confirmed."""
    store = FileStore(folder)
    ledger = Ledger(Journal(store, 4096), b"agent-01", ManualClock(), 1024, 900, b"secret")
    ledger.recover()
    ledger.begin_epoch()
    for number in range(records):
        ledger.add([record.EVENT, 0, bytes([number]) * 32, record.STARTED])
    ledger.sync()
    store.close()


@pytest.fixture
def lived(tmp_path):
    """Return SITE.toml of an agent that has been at work, with a file beside it that is not its own."""
    tree = site(tmp_path, "/dev/null")
    tree["uplink"] = {"host": "h", "ca": "ca.crt", "cert": "agent.crt", "cert_key": "tls.key"}
    for name in ("ca.crt", "agent.crt", "tls.key", "letter.txt"):
        (tmp_path / name).write_bytes(MARK)
    kept_journal(tmp_path / "journal", 5)
    (tmp_path / "recorder").mkdir()
    (tmp_path / "recorder" / f"{0:016d}.log").write_bytes(MARK)
    file = tmp_path / "SITE.toml"
    file.write_text(toml(tree))
    return file


def siteward(*arguments, stdin=subprocess.DEVNULL):
    command = [sys.executable, "-m", "tools.cli", "erase", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, stdin=stdin, capture_output=True, text=True, timeout=30, check=False)


def answered(file, answer):
    """Answer the question as a person at a terminal."""
    near, far = pty.openpty()
    try:
        os.write(near, answer.encode() + b"\n")
        return siteward(file, stdin=far)
    finally:
        os.close(near)
        os.close(far)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_the_agents_goes_and_what_is_not_stays(lived):
    done = siteward(lived, "--yes")
    assert done.returncode == 0, done.stderr
    assert left(lived.parent) == ["ca.crt", "letter.txt"]
    assert "5 records are not confirmed upstream and will be lost: 1 to 5." in done.stdout
    assert "What stays" in done.stdout and "agent.key" in done.stdout


def test_the_key_that_is_to_follow_goes_too_and_what_the_file_said_before(lived):
    create_key(lived.parent / "agent-2.key")
    shutil.copy(lived, lived.with_name("SITE.toml.bak"))
    lived.write_text(lived.read_text().replace('key = "agent.key"', 'key = "agent.key"\nnext_key = "agent-2.key"'))
    done = siteward(lived, "--yes")
    assert done.returncode == 0, done.stderr
    assert left(lived.parent) == ["ca.crt", "letter.txt"] and "agent-2.key" in done.stdout


def test_the_answer_is_the_sites_name(lived):
    before = left(lived.parent)
    declined = answered(lived, "yes")
    assert declined.returncode == 1 and "nothing was erased" in declined.stdout
    assert left(lived.parent) == before
    assert answered(lived, "test").returncode == 0
    assert left(lived.parent) == ["ca.crt", "letter.txt"]


def test_nobody_at_a_terminal_means_no(lived):
    before = left(lived.parent)
    done = siteward(lived)
    assert done.returncode == 2 and "--yes" in done.stderr
    assert left(lived.parent) == before


def test_an_agent_that_runs_is_not_erased(lived):
    store = FileStore(lived.parent / "journal")
    try:
        done = siteward(lived, "--yes")
    finally:
        store.close()
    assert done.returncode == 2 and "stop it first" in done.stderr
    assert (lived.parent / "agent.key").exists()


def test_other_files_in_the_journals_folder_stay(lived):
    (lived.parent / "journal" / "notes.log").write_bytes(MARK)
    assert siteward(lived, "--yes").returncode == 0
    assert left(lived.parent / "journal") == ["notes.log"]


def test_an_erasure_cut_short_is_finished_by_the_same_command(lived):
    (lived.parent / "agent.key").unlink()
    (lived.parent / "journal" / f"{0:016d}.log").write_bytes(b"\x00\x01\x01")
    done = siteward(lived, "--yes")
    assert done.returncode == 0, done.stderr
    assert left(lived.parent) == ["ca.crt", "letter.txt"]
    assert siteward(lived, "--yes").returncode == 2  # there is no SITE.toml any more


def test_a_file_is_overwritten_where_it_lies_before_it_is_unlinked(tmp_path):
    real, link, witness = tmp_path / "real.key", tmp_path / "agent.key", tmp_path / "witness"
    real.write_bytes(MARK * 5000)
    real.chmod(0o400)
    witness.hardlink_to(real)  # sees the same blocks
    link.symlink_to(real)
    erase_file(link)
    assert not os.path.lexists(link) and not real.exists()
    assert MARK not in witness.read_bytes() and witness.stat().st_size >= len(MARK) * 5000


def test_the_key_in_a_token_goes_too_and_the_pin_with_it(lived, monkeypatch):
    hsm = SoftToken(lived.parent, monkeypatch)
    token_key.new(hsm.uri(), lived.parent)
    other = token_key.new(hsm.uri("other"), lived.parent)
    lived.write_text(lived.read_text().replace('"agent.key"', f'"{hsm.uri()}"'))
    pin = hsm.pin_file.read_bytes()
    done = siteward(lived, "--yes")
    assert done.returncode == 0, done.stderr
    assert not hsm.pin_file.exists() and pin.decode().strip() not in done.stdout + done.stderr
    hsm.pin_file.touch(mode=0o600)
    hsm.pin_file.write_bytes(pin)
    with pytest.raises(TokenError, match="no private EC keys"):
        Token(TokenUri(hsm.uri(), lived.parent)).find()
    assert token_key.show(hsm.uri("other"), lived.parent) == other


def test_a_token_that_is_away_leaves_everything(lived, monkeypatch):
    hsm = SoftToken(lived.parent, monkeypatch)
    lived.write_text(lived.read_text().replace('"agent.key"', f'"{hsm.uri(token="away")}"'))
    before = left(lived.parent)
    done = siteward(lived, "--yes")
    assert done.returncode == 2 and "no token 'away'" in done.stderr
    assert left(lived.parent) == before
