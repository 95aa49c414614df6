"""The `siteward` command as a user meets it: exit codes and one sentence instead of a traceback."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from tests.needs import ROOT
from tests.tools import evidence as e
from tools.keys import load_private, load_public
from tools.wire import point


def siteward(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tools.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


KEY = e.Maker().public.hex()
MISUSES = {
    "no sub-command": [],
    "unknown sub-command": ["dance"],
    "unknown option": ["verify", "x", "--key", KEY, "--shout"],
    "no key": ["verify", "x"],
    "missing file": ["verify", "no-such-file", "--key", KEY],
    "missing key file": ["verify", "README.md", "--key", "no-such-key"],
    "a key that is none": ["verify", "README.md", "--key", "README.md"],
    "hex that is no point": ["verify", "README.md", "--key", "04" + "11" * 64],
    "hex of another length": ["verify", "README.md", "--key", "04" * 300],
    "a hash that is none": ["verify", "README.md", "--key", KEY, "--after", "beef"],
    "missing site": ["run", "no-such-site.toml"],
    "missing head-end configuration": ["headend", "--config", "no-such-file.toml"],
    "head-end without configuration": ["headend"],
    "unknown key action": ["key", "sell", "x"],
    "key into a missing folder": ["key", "new", "no-such-folder/agent.key"],
}


@pytest.mark.parametrize("arguments", MISUSES.values(), ids=MISUSES.keys())
def test_misuse_ends_with_2_and_one_sentence(arguments):
    done = siteward(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("siteward: ")
    assert done.stderr.count("\n") == 1


def test_an_unreadable_key_is_named_with_the_reason():
    done = siteward("verify", "README.md", "--key", "README.md/agent.pub")
    assert done.returncode == 2
    assert "README.md/agent.pub: Not a directory" in done.stderr


def test_a_folder_in_place_of_a_site_is_refused(tmp_path):
    assert siteward("run", tmp_path).returncode == 2


def test_version_and_help_end_with_0():
    assert siteward("version").stdout.startswith("siteward 0.")
    assert "verify" in siteward("--help").stdout


@pytest.mark.parametrize("options", [[], ["--raw"]])
def test_a_new_key_is_private_never_overwritten_and_shown(tmp_path, options):
    path = tmp_path / "agent.key"
    made = siteward("key", "new", path, *options)
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    public = point(load_private(path).public_key())
    assert made.stdout.splitlines()[0] == f'public_key = "{public.hex()}"'
    assert siteward("key", "show", path).stdout == made.stdout
    again = siteward("key", "new", path, *options)
    assert again.returncode == 2
    assert "never overwritten" in again.stderr
    assert point(load_private(path).public_key()) == public


def test_a_private_key_that_others_can_read_is_refused(tmp_path):
    from tools.errors import UsageError

    path = tmp_path / "agent.key"
    siteward("key", "new", path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        load_private(path)


def test_public_keys_are_read_in_every_form(tmp_path):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    maker = e.Maker()
    pem = maker.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, content in [("a.pem", pem), ("b.bin", maker.public), ("c.hex", KEY.encode() + b"\n")]:
        (tmp_path / name).write_bytes(content)
        assert load_public(str(tmp_path / name)) == maker.public
    assert load_public(KEY) == maker.public


def test_a_closed_pipe_is_no_traceback(tmp_path):
    maker = e.Maker()
    (tmp_path / "pages.cbor").write_bytes(b"".join(maker.pages(3)))
    command = f"{sys.executable} -m tools.cli verify {tmp_path}/pages.cbor --json --key {KEY} | head -c 1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr


def test_devices_are_listed_for_people_and_for_programs():
    listed = siteward("devices", "--json")
    assert listed.returncode == 0, listed.stderr
    rows = json.loads(listed.stdout)
    assert {"driver", "product", "kind", "evidence"} == set(rows[0])
    plain = siteward("devices").stdout.splitlines()
    assert len(plain) == len(rows) + 1
    assert plain[1].split("\t")[0] == rows[0]["driver"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_an_interrupted_command_ends_quietly(tmp_path, number, code):
    pipe = tmp_path / "pages.cbor"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "tools.cli", "verify", str(pipe), "--key", KEY]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with pipe.open("wb"):  # returns once the command has opened its end
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    told = b"siteward: stopped after 0 bytes, 0 pages; nothing is proven\n" if code == 130 else b""
    assert (process.returncode, said) == (code, told)
