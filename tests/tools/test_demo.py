"""The demonstration itself, in its fast form, and what is left when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ROOT, needs_program


def command(out: Path) -> list[str]:
    return [sys.executable, "-m", "tools.cli", "demo", "--fast", "--out", str(out)]


def processes_of(session: int) -> list[str]:
    """Return the command lines of all processes whose environment carries this run's mark."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if f"SITEWARD_DEMO_TEST={session}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue
    return found


def test_fast_demo_holds_every_check_and_leaves_picture_pages_and_report(tmp_path: Path) -> None:
    needs_program("micropython")
    needs_program("nats-server")
    done = subprocess.run(command(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["checks"]) >= 10 and all(check["held"] for check in report["checks"])
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert "\x1b[" not in done.stdout
    verify = [
        sys.executable,
        "-m",
        "tools.cli",
        "verify",
        str(tmp_path / "gateway.pages"),
        str(tmp_path / "board.pages"),
    ]
    verify += ["--key", str(tmp_path / "gateway.pub"), "--key", str(tmp_path / "board.pub")]
    assert subprocess.run(verify, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_demo_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    needs_program("micropython")
    needs_program("nats-server")
    mark = os.getpid()
    environment = {**os.environ, "SITEWARD_DEMO_TEST": str(mark)}
    with subprocess.Popen(command(tmp_path), cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "in MicroPython" in line:
                break
        assert any("sim_devices" in each for each in processes_of(mark))
        demo.send_signal(number)
        demo.send_signal(signal.SIGINT)  # an impatient second one
        demo.stdout.read()
    assert demo.returncode in (128 + number, 128 + signal.SIGINT)  # two that wait come in either order: signal(7)
    assert processes_of(mark) == []
