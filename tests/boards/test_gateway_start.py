"""`siteward run` at the fuse box: whatever is wrong ends as one sentence that names it, with exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from boards.cpython.file_store import FileStore
from tests.needs import ROOT
from tools.demo.layout import toml
from tools.keys import create_key


@pytest.fixture
def port() -> Iterator[str]:
    """Return a serial port that is there: the near end of a pty."""
    far, near = os.openpty()
    tty.setraw(near)
    yield os.ttyname(near)
    os.close(far)
    os.close(near)


def site(folder: Path, port: str) -> dict[str, Any]:
    """Return a small correct site; its key is made."""
    create_key(folder / "agent.key")
    return {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "bus": [{"id": "rs485", "kind": "serial", "port": port}],
        "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"}],
    }


def run(folder: Path, tree: dict[str, Any]) -> str:
    """Run the site, which must be refused; return its one sentence."""
    file = folder / "SITE.toml"
    file.write_text(toml(tree))
    command = [sys.executable, "-m", "tools.cli", "run", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("siteward: ")
    return done.stderr


def test_absent_serial_device(tmp_path: Path) -> None:
    said = run(tmp_path, site(tmp_path, "/dev/ttyUSB99"))
    assert "[[bus]] rs485 port = '/dev/ttyUSB99'" in said and "No such file" in said


def test_serial_port_that_another_program_uses(tmp_path: Path, port: str) -> None:
    with serial.Serial(port, exclusive=True):
        assert f"[[bus]] rs485 port = {port!r}" in run(tmp_path, site(tmp_path, port))


def test_unknown_driver(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    tree["device"][0]["driver"] = "acme-9000"
    assert "[[device]] grid driver = 'acme-9000': expected one of alfen-eve" in run(tmp_path, tree)


def test_option_that_the_driver_does_not_know(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    tree["device"][0]["colour"] = "green"
    assert "[[device]] grid colour = 'green'" in run(tmp_path, tree)


def test_set_point_for_a_device_that_has_none(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    tree["device"][0]["default"] = 5
    assert "[[device]] grid default = 5" in run(tmp_path, tree)


def test_key_file_that_others_may_read(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    (tmp_path / "agent.key").chmod(0o644)
    assert "agent.key: group or others may use this private key" in run(tmp_path, tree)


def test_key_file_that_is_missing(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    tree["agent"]["key"] = "other.key"
    assert "other.key: No such file" in run(tmp_path, tree)


def test_journal_that_another_agent_holds(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    store = FileStore(tmp_path / "journal")
    try:
        assert "journal" in run(tmp_path, tree) and "another agent" in run(tmp_path, {**tree})
    finally:
        store.close()


def test_missing_certificate(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    tree["uplink"] = {"host": "127.0.0.1", "ca": "ca.crt", "cert": "a.crt", "cert_key": "a.key"}
    assert "[uplink] ca = 'ca.crt': there is no file" in run(tmp_path, tree)


def test_certificate_that_is_none(tmp_path: Path, port: str) -> None:
    tree = site(tmp_path, port)
    for name in ("ca.crt", "a.crt", "a.key"):
        (tmp_path / name).write_text("nothing")
    tree["uplink"] = {"host": "127.0.0.1", "ca": "ca.crt", "cert": "a.crt", "cert_key": "a.key"}
    assert "[uplink]" in run(tmp_path, tree)


def test_file_that_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "SITE.toml"
    file.write_bytes(b"\xff\xfe[site")
    command = [sys.executable, "-m", "tools.cli", "run", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "not TOML" in done.stderr


def test_agent_without_an_uplink_runs_and_stands_down_on_sigterm(tmp_path: Path, port: str) -> None:
    file = tmp_path / "SITE.toml"
    file.write_text(toml(site(tmp_path, port)))
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        ready = json.loads(agent.stdout.readline())
        agent.terminate()
        rest = agent.stdout.read()
    assert ready["fact"] == "ready" and ready["epoch"] == 1
    assert agent.returncode == 0
    assert '"cause": "shutdown"' in rest
