"""`siteward run` at the fuse box: whatever is wrong ends as one sentence that names it, with exit code 2."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent import cbor
from agent.journal import Journal
from agent.ledger import Ledger
from boards.cpython.clock import SystemClock
from boards.cpython.console_host import GatewayHost
from boards.cpython.file_store import FileStore
from boards.cpython.signer import FileSigner
from tests.needs import ROOT
from tools.certs import Authority
from tools.demo.layout import toml
from tools.keys import create_key


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


def started(
    folder: Path, port: str, stdout: int, on_hangup: signal.Handlers = signal.SIG_DFL
) -> subprocess.Popen[bytes]:
    """Start the agent of a small site; a service manager in the same folder is told that it lives."""
    file = folder / "SITE.toml"
    file.write_text(toml(site(folder, port)))
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(file)]
    before = signal.signal(signal.SIGHUP, on_hangup)  # the child inherits it
    try:
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify")}
        return subprocess.Popen(command, cwd=ROOT, stdout=stdout, env=environment)
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def manager(folder: Path) -> Iterator[socket.socket]:
    """Listen as systemd does for what the agent says in each of its turns."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.settimeout(30)
        yield listening


def turns(feeds: socket.socket, count: int) -> bool:
    """Tell whether the agent turns so often from now on. Raises: TimeoutError when it stands still."""
    return all(b"WATCHDOG=1" in feeds.recv(100) for _ in range(count))


def end_of(agent: subprocess.Popen[bytes]) -> int:
    """Tell the agent to end and return its exit code. Raises: TimeoutExpired when it does not end soon."""
    agent.terminate()
    return agent.wait(10)


def full_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that takes nothing more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(1 << 12))
    os.set_blocking(writer, True)
    return reader, writer


def test_network_and_time_that_its_system_keeps(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    for table in ({"wlan": {"ssid": "house"}}, {"clock": {"ntp": ["192.168.1.1"]}}):
        said = run(tmp_path, tree | table)
        assert "[wlan], [clock]: a gateway's network and time are kept by its system" in said


def test_pins_that_only_boards_have(tmp_path: Path, serial_port: str) -> None:
    pins = {"bus": [{"id": "own", "kind": "pins"}], "device": [{"id": "boiler", "driver": "pin-relay", "bus": "own"}]}
    tree = site(tmp_path, serial_port) | pins
    del tree["site"]["meter"]
    said = run(tmp_path, tree)
    assert "[[bus]] own kind = 'pins': a gateway has no pins for devices; a board has" in said
    path = tmp_path / "SITE.toml"
    host = GatewayHost(path, "linux-gateway", b"", 1000)
    host.put_part(0, path.read_bytes())
    with pytest.raises(ValueError, match="a gateway has no pins"):
        host.check_part()


def test_more_starts_than_survive_a_reboot(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    pump = {"driver": "luxtronik-shi", "bus": "rs485", "starts_per_h": 60}
    tree["device"] += [pump | {"id": f"pump-{number}", "unit": number + 2} for number in range(200)]
    assert "200 devices are 42200 bytes to keep over a reboot, and 36500 have room" in run(tmp_path, tree)


def test_absent_serial_device(tmp_path: Path) -> None:
    said = run(tmp_path, site(tmp_path, "/dev/ttyUSB99"))
    assert "[[bus]] rs485 port = '/dev/ttyUSB99'" in said and "No such file" in said


def test_serial_port_that_another_program_uses(tmp_path: Path, serial_port: str) -> None:
    with serial.Serial(serial_port, exclusive=True):
        assert f"[[bus]] rs485 port = {serial_port!r}" in run(tmp_path, site(tmp_path, serial_port))


def test_unknown_driver(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["device"][0]["driver"] = "acme-9000"
    assert "[[device]] grid driver = 'acme-9000': expected one of abl-emh1, alfen-eve" in run(tmp_path, tree)


def test_option_that_the_driver_does_not_know(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["device"][0]["colour"] = "green"
    assert "[[device]] grid colour = 'green'" in run(tmp_path, tree)


def test_set_point_for_a_device_that_has_none(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["device"][0]["default"] = 5
    assert "[[device]] grid default = 5" in run(tmp_path, tree)


def test_phase_switch_without_a_charger_and_a_meter_that_switches(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    switch = dict(tree["device"][0], id="phases", driver="alfen-eve-phases")
    tree["device"].append(switch)
    assert "[[device]] phases switches = None: expected the id of a charger with phases = 7" in run(tmp_path, tree)
    switch["switches"] = "grid"
    assert "[[device]] phases switches = 'grid': expected the id of a charger" in run(tmp_path, tree)
    tree["device"].append(dict(tree["device"][0], id="charger", driver="alfen-eve", phases=1))
    switch["switches"] = "charger"
    assert "[[device]] phases switches = 'charger': expected the id of a charger" in run(tmp_path, tree)
    tree["device"][0]["switches"] = switch["switches"]
    del tree["device"][1:]
    tree["device"].append({"id": "charger", **{k: tree["device"][0][k] for k in ("driver", "bus")}})
    assert "[[device]] grid switches = 'charger': expected no such key" in run(tmp_path, tree)


def test_key_file_that_others_may_read(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    (tmp_path / "agent.key").chmod(0o644)
    assert "agent.key: group or others may use this private file" in run(tmp_path, tree)


def test_key_file_that_is_missing(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["agent"]["key"] = "other.key"
    assert "other.key: No such file" in run(tmp_path, tree)


def test_next_key_that_is_missing_or_the_same_or_of_another_curve(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["uplink"] = uplink_files(tmp_path)
    tree["agent"]["next_key"] = "agent-2.key"
    assert "agent-2.key: No such file" in run(tmp_path, tree)
    (tmp_path / "agent-2.key").write_bytes((tmp_path / "agent.key").read_bytes())
    (tmp_path / "agent-2.key").chmod(0o600)
    assert "[agent] next_key: expected a key that this agent has not had" in run(tmp_path, tree)
    other = ec.generate_private_key(ec.SECP384R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "agent-2.key").write_bytes(pem)
    assert "agent-2.key: not a P-256 key" in run(tmp_path, tree)


def test_id_of_which_the_journal_knows_another(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    store = FileStore(tmp_path / "journal")
    signer = FileSigner(tmp_path / "agent.key")
    ledger = Ledger(Journal(store, 4096), signer.key_id, SystemClock(), 1024, 900, b"")
    ledger.keys_blob = cbor.encode([signer.key_id, signer.key_id, b""])
    ledger.begin_epoch()
    store.close()
    tree["agent"]["id"] = "00112233445566aa"
    expected = f"[agent] id: the journal is of agent {signer.key_id.hex()}, not of 00112233445566aa"
    assert expected in run(tmp_path, tree)
    tree["agent"]["id"] = "agent"
    assert "[agent] id = 'agent': expected 16 hex digits" in run(tmp_path, tree)


def uplink_files(folder: Path) -> dict[str, str]:
    """Make an authority and an agent's certificate; return the table that names them."""
    authority = Authority(folder)
    files = authority.client("agent")
    return {"host": "127.0.0.1", "ca": str(authority.files.cert), "cert": str(files.cert), "cert_key": str(files.key)}


def test_journal_that_another_agent_holds(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    store = FileStore(tmp_path / "journal")
    try:
        assert "journal" in run(tmp_path, tree) and "another agent" in run(tmp_path, {**tree})
    finally:
        store.close()


def test_missing_certificate(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    tree["uplink"] = {"host": "127.0.0.1", "ca": "ca.crt", "cert": "a.crt", "cert_key": "a.key"}
    assert "[uplink] ca = 'ca.crt': there is no file" in run(tmp_path, tree)


def test_certificate_that_is_none(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    for name in ("ca.crt", "a.crt", "a.key"):
        (tmp_path / name).write_text("nothing")
    (tmp_path / "a.key").chmod(0o600)
    tree["uplink"] = {"host": "127.0.0.1", "ca": "ca.crt", "cert": "a.crt", "cert_key": "a.key"}
    assert "[uplink]" in run(tmp_path, tree)


def test_key_of_the_certificate_that_others_may_read(tmp_path: Path, serial_port: str) -> None:
    tree = site(tmp_path, serial_port)
    for name in ("ca.crt", "a.crt", "a.key"):
        (tmp_path / name).write_text("nothing")
    (tmp_path / "a.key").chmod(0o640)
    tree["uplink"] = {"host": "127.0.0.1", "ca": "ca.crt", "cert": "a.crt", "cert_key": "a.key"}
    said = run(tmp_path, tree)
    assert "[uplink] cert_key" in said and "a.key: group or others may use" in said and "chmod 600" in said


def test_file_that_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "SITE.toml"
    file.write_bytes(b"\xff\xfe[site")
    command = [sys.executable, "-m", "tools.cli", "run", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "not TOML" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_agent_without_an_uplink_runs_and_stands_down_when_told_to_end(
    tmp_path: Path, serial_port: str, number: signal.Signals
) -> None:
    with started(tmp_path, serial_port, subprocess.PIPE) as agent:
        assert agent.stdout is not None
        ready = json.loads(agent.stdout.readline())
        agent.send_signal(number)
        rest = agent.stdout.read()
    assert ready["fact"] == "ready" and ready["epoch"] == 1
    assert agent.returncode == 0
    assert b'"cause": "shutdown"' in rest


def test_agent_that_shall_outlive_its_terminal_does(tmp_path: Path, serial_port: str) -> None:
    with manager(tmp_path) as feeds, started(tmp_path, serial_port, subprocess.DEVNULL, signal.SIG_IGN) as agent:
        assert turns(feeds, 1)
        agent.send_signal(signal.SIGHUP)
        assert turns(feeds, 3)
        assert end_of(agent) == 0


def test_reader_that_stops_does_not_stop_the_agent(tmp_path: Path, serial_port: str) -> None:
    reader, writer = full_pipe()
    with manager(tmp_path) as feeds, started(tmp_path, serial_port, writer) as agent:
        os.close(writer)
        assert turns(feeds, 3)
        assert end_of(agent) == 0
    os.close(reader)


def test_reader_that_goes_does_not_end_the_agent(tmp_path: Path, serial_port: str) -> None:
    with manager(tmp_path) as feeds, started(tmp_path, serial_port, subprocess.PIPE) as agent:
        assert agent.stdout is not None
        agent.stdout.close()
        assert turns(feeds, 3)
        assert end_of(agent) == 0
