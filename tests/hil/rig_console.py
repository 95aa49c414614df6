"""A board on a bench: who it is, what it measures, what it does when it is told to, and that it comes back.

    python -m pytest -c tests/hil/pytest.ini tests/hil --port /dev/ttyUSB0 --owner-key owner.key --moves charger=8000

Source: docs/console.md. A test that moves something says so in its name; nothing is moved without --moves.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from tools.console_link import Refused

LEASE_S = 3
LOOKS = 40  # at what is not there yet when a board has just started
LOOK_S = 0.5


def devices_of(rig):
    """Return the ids of all devices, in the order of their buses."""
    return [name for bus in rig.link.ask({"cmd": "buses"})["buses"] for name, _ in bus["devices"]]


def once(rig, request, found):
    """Return the answer to a request once it is as wanted, or the last one."""
    for _ in range(LOOKS):
        told = rig.link.ask(request)
        if found(told):
            break
        rig.link.hear(LOOK_S)
    return told


def test_it_says_who_it_is_and_that_nothing_is_unlocked(rig):
    told = rig.link.ask({"cmd": "identify"})
    assert told["protocol"] == 1 and told["unlocked_ms"] == 0
    public = bytes.fromhex(told["public_key"])
    assert hashlib.sha256(public).hexdigest().startswith(told["key"])
    for request in ({"cmd": "reboot"}, {"cmd": "config-get"}):
        with pytest.raises(Refused) as refused:
            rig.link.ask(request)
        assert refused.value.told["code"] == "locked"


def test_every_device_is_read(rig):
    devices = devices_of(rig)
    assert devices
    read = [{"cmd": "read", "device": device} for device in devices]
    told = {one["device"]: once(rig, one, lambda answer: answer["quality"] == "good") for one in read}
    assert {device: one["quality"] for device, one in told.items()} == dict.fromkeys(devices, "good")
    assert all(one["values"] and one["age_ms"] <= one["stale_ms"] for one in told.values())


def test_its_configuration_is_the_one_that_runs_and_hides_secrets(rig):
    rig.unlock()
    text, told = "", {"size_bytes": 1}
    while len(text.encode()) < told["size_bytes"]:
        told = rig.link.ask({"cmd": "config-get", "at": len(text.encode())})
        text += told["text"]
    assert told["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    tree = json.loads(text)
    assert sorted(device["id"] for device in tree["device"]) == sorted(devices_of(rig))


def test_a_device_is_moved_for_its_lease_and_then_let_go(rig, moves):
    device, setpoint = moves
    why = {"cmd": "why", "device": device}
    once(
        rig, why, lambda answer: not answer["device"]["source"].startswith("meter ")
    )  # the board may have just started
    rig.unlock()
    rig.link.ask({"cmd": "events"})
    told = rig.link.ask({"cmd": "test", "device": device, "setpoint": setpoint, "lease_s": LEASE_S})
    assert (told["granted"], told["source"]) == (setpoint, "claim console")
    write = rig.until("setpoint", setpoint)
    assert write["kept"] == setpoint, "the product keeps something else"
    assert rig.link.ask(why)["device"]["source"] == "claim console"
    assert rig.until("status")["status"] == "completed"
    assert rig.link.ask(why)["device"]["source"] != "claim console"


def test_it_stands_down_and_comes_back_when_it_is_started_anew(rig):
    before = rig.link.ask({"cmd": "identify"})
    rig.unlock()
    assert rig.link.ask({"cmd": "reboot"})["restarts"]
    after = rig.identity_after_restart()
    assert after["agent"] == before["agent"] and after["config"] == before["config"]
    assert after["epoch"] == before["epoch"] + 1
