"""Sources of control of a real gateway: named in SITE.toml, at work in its agent, refused with one sentence."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from boards.cpython.door import address
from tests.boards.test_gateway_start import run, site
from tests.eebus.test_bridge import line
from tests.eebus.test_spine import heartbeat, limit
from tests.needs import ROOT
from tools.demo.layout import toml

GUARD = {"name": "guard", "kind": "eebus-lpc", "power_max_w": 20000}


def answer(stack: socket.socket, sent: bytes) -> Any:
    """Return what a stack is answered."""
    stack.sendall(sent)
    return json.loads(stack.makefile().readline())


def until(lines: Any, fact: str) -> dict[str, Any]:
    """Return the first line that tells such a fact."""
    for said in lines:
        told: dict[str, Any] = json.loads(said)
        if told["fact"] == fact:
            return told
    raise AssertionError(f"no {fact}")


def test_a_gateway_serves_an_eebus_stack_and_decides_what_it_says(tmp_path, serial_port):
    file = tmp_path / "SITE.toml"
    file.write_text(toml(site(tmp_path, serial_port) | {"source": [GUARD]}))
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as agent:
        until(agent.stdout, "ready")
        assert until(agent.stdout, "decision")["reason"] == "accepted"  # it starts in its failsafe
        with socket.socket(socket.AF_UNIX) as stack, address(tmp_path, "eebus") as near:
            stack.connect(near)
            told = answer(stack, line(heartbeat(), "notify") + line(limit(9000)))
            assert told["datagram"]["payload"]["cmd"] == [{"resultData": {"errorNumber": 0}}]
            assert until(agent.stdout, "decision")["reason"] == "accepted"
        agent.terminate()
        assert agent.wait(20) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "eebus"}, "kind = 'eebus': expected one of"),
        ({"failsafe_s": 5}, "failsafe_s = 5: expected 7200..86400"),
    ],
)
def test_a_wrong_source_is_refused_with_one_sentence(tmp_path, serial_port, changed, said):
    tree = site(tmp_path, serial_port) | {"source": [GUARD | changed]}
    refused = run(Path(tmp_path), tree)
    assert f"[[source]] guard {said}" in refused


def test_prices_of_somebody_who_is_not_there_are_refused(tmp_path, serial_port):
    market = {"name": "market", "kind": "prices", "power_max_w": 0, "from": ["market", "nobody"]}
    refused = run(Path(tmp_path), site(tmp_path, serial_port) | {"source": [market]})
    assert "[[source]] from = 'nobody': expected the name of an [[authority]] or [[source]]" in refused
