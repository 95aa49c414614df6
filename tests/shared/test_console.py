"""The console of a whole agent in virtual time: what may be asked, what must be unlocked, what becomes of it."""

from __future__ import annotations

import hashlib
import json

from agent import cbor, cose, record
from agent.console_config import hidden
from agent.kept import forget_others
from tests.shared.console_desk import OWNER, rig


def hex_of(raw: bytes) -> str:
    """Return the SHA-256 of bytes as it is sent."""
    digest = hashlib.sha256(raw).digest()
    return digest.hex()


async def test_identify_tells_who_the_agent_is_and_what_it_takes():
    desk = await rig()
    told = await desk.ask("identify")
    site = desk.site
    assert told["agent"] == site.signer.key_id.hex() and told["public_key"] == site.signer.public_key.hex()
    assert told["board"] == "twin" and told["epoch"] == site.loop.state.epoch and told["firmware"] == "11" * 32
    assert told["limits"] == {"line_bytes": 1024, "config_bytes": 4000, "devices": 8}
    assert told["unlocked_ms"] == 0 and told["presence"] == "press the button"
    assert desk.host.forgotten == 1
    await desk.stop()


async def test_read_gives_numbers_with_units_and_says_how_old_and_how_good():
    desk = await rig()
    told = await desk.ask("read", device="charger")
    assert told["values"] == {"power_w": 11040, "limit_ma": 16000, "ev_state": 3}
    assert told["quality"] == "good" and 0 <= told["age_ms"] <= 1000
    desk.site.charger.silent = True
    await desk.wait(30000)
    told = await desk.ask("read", device="charger")
    assert told["quality"] == "stale" and told["age_ms"] >= 30000 and told["values"]["power_w"] == 11040
    assert "charger" in (await desk.ask("read", device="boiler"))["error"]
    assert not (await desk.ask("read"))["ok"] and not (await desk.ask("read", device=3))["ok"]
    await desk.stop()


async def test_why_and_keys_are_told():
    desk = await rig()
    told = await desk.ask("why")
    assert told["site"]["devices"] == ["grid", "charger"]
    assert [each["authority"] for each in told["site"]["authorities"]] == ["dso", "headend", "me"]
    told = await desk.ask("why", device="charger")
    assert told["device"]["setpoint"] == 16000 and told["device"]["source"] == "default"
    assert (await desk.ask("keys"))["keys"]["next_key"] is None
    await desk.stop()


async def test_hostile_lines_end_as_one_error_line_and_what_follows_is_answered():
    desk = await rig()
    raw = b"\x00\xff\n" + b"[" * 800 + b"\n" + b"x" * 3000 + b'\n{"cmd": "stop"}\n{"cmd": "keys"}\n'
    heard = await desk.said(raw, 3000)
    assert [told["ok"] for told in heard] == [False] * 4 + [True]
    assert [told["code"] for told in heard[:4]] == ["malformed"] * 3 + ["unknown"]
    assert "1024 bytes" in heard[2]["error"]
    assert all(told["v"] == 1 and "id" not in told for told in heard)
    await desk.stop()


async def test_who_does_not_read_stops_only_his_own_answers():
    desk = await rig(1024, 2000)
    desk.console.listens = True
    for _ in range(30):
        if desk.console.has_room():
            desk.console.take(b'{"cmd": "why"}\n')
        desk.desk.say('{"fact": "made up"}' + " " * 200)
        await desk.site.let_pass(1000)
    assert desk.site.loop.failure is None and desk.site.loop.ticks > 25
    assert not desk.console.has_room()
    heard = await desk.said(b"", 3000)
    desk.desk.say('{"fact": "last"}')
    heard += await desk.said(b"", 100)
    assert len([told for told in heard if "site" in told]) >= 6  # said, on their way, and waiting
    dropped = [told["lines"] for told in heard if told.get("fact") == "dropped"]
    assert sum(dropped) + len([told for told in heard if told.get("fact") == "made up"]) >= 30
    await desk.stop()


async def test_whatever_changes_something_needs_an_unlocked_console():
    desk = await rig()
    changes = (
        {"cmd": "test", "device": "charger", "setpoint": 6000},
        {"cmd": "config-set", "text": "{}"},
        {"cmd": "config-begin", "size_bytes": 2, "sha256": "00" * 32},
        {"cmd": "config-part", "at": 0, "text": "{}"},
        {"cmd": "config-end"},
        {"cmd": "reboot"},
        {"cmd": "erase", "agent": desk.site.signer.key_id.hex()},
    )
    for request in changes:
        (told,) = await desk.said(json.dumps(request).encode() + b"\n")
        assert told["code"] == "locked", told
    assert (await desk.ask("config-get"))["code"] == "locked"
    assert desk.decisions() == [] and desk.host.left == [] and desk.host.part is None
    await desk.stop()


async def test_presence_unlocks_for_ten_minutes_and_lock_ends_it():
    desk = await rig()
    desk.console.take(b'{"cmd": "unlock"}\n')
    await desk.site.let_pass(5000)
    assert desk.heard() == []
    desk.host.pressed = True
    (told,) = await desk.said(b"")
    assert told["ok"] and told["unlocked_ms"] == 600000
    assert (await desk.ask("identify"))["unlocked_ms"] > 590000
    (decision,) = desk.decisions()
    assert decision[3] == desk.desk.authority.key_id and decision[4] == 1 and decision[5] == record.ACCEPTED
    assert (await desk.ask("lock"))["ok"]
    assert (await desk.ask("reboot"))["code"] == "locked"
    await desk.unlock()
    await desk.wait(600000)
    assert (await desk.ask("reboot"))["code"] == "locked"
    await desk.stop()


async def test_nobody_there_is_recorded_and_attempts_become_rare():
    desk = await rig()
    pauses = []
    for _ in range(9):
        told = await desk.ask("unlock", 16000)
        assert told["code"] == "locked" and "press the button" in told["error"]
        pauses.append(told["wait_ms"])
        if told["wait_ms"] > 4000:
            assert (await desk.ask("unlock"))["wait_ms"] < told["wait_ms"]
            assert (await desk.ask("challenge"))["code"] == "locked"
        await desk.wait(told["wait_ms"])
    assert pauses == [1000, 2000, 4000, 8000, 16000, 32000, 64000, 64000, 64000]
    assert [fact[5] for fact in desk.decisions()] == [record.ROLE_FORBIDS] * 9
    await desk.stop()


async def test_the_owners_signature_unlocks_once():
    desk = await rig()
    asked = await desk.ask("challenge")
    signed = await desk.signed(OWNER, asked)
    told = await desk.ask("unlock", signed=signed)
    assert told["ok"] and told["unlocked_ms"] == 60000
    assert (await desk.ask("lock"))["ok"]
    assert (await desk.ask("unlock", signed=signed))["error"] == "not unlocked: replayed"
    desk.unplug()
    await desk.site.let_pass(2000)
    asked = await desk.ask("challenge")
    assert (await desk.ask("unlock", signed=signed))["error"] == "not unlocked: replayed"
    assert (await desk.ask("reboot"))["code"] == "locked"
    await desk.stop()


async def test_no_other_signature_unlocks():
    desk = await rig()
    reasons = []
    for signer, changes in (
        (desk.site.dso, {}),
        (desk.site.signer, {}),
        (OWNER, {"agent": "00" * 8}),
        (OWNER, {"epoch": 9}),
        (OWNER, {"nonce": "77" * 16}),
        (OWNER, {"seconds": 901}),
        (OWNER, {"seconds": 0}),
        (OWNER, {"late": True}),
    ):
        asked = await desk.ask("challenge")
        asked.update(changes)
        signed = await desk.signed(signer, asked, changes.get("seconds", 60))
        if "late" in changes:
            await desk.wait(60000)
        told = await desk.ask("unlock", signed=signed)
        assert told["code"] == "locked"
        reasons.append(told["error"][len("not unlocked: ") :])
        await desk.wait(told["wait_ms"])
    assert reasons == [
        "role forbids", "unknown key", "wrong addressee", "wrong epoch", "replayed", "malformed", "malformed",
        "replayed",
    ]  # fmt: skip
    for wrong in ("", "zz", "00", signed[:-2] + "00"):
        told = await desk.ask("unlock", signed=wrong)
        assert told["code"] == "locked", told
        await desk.wait(65000)
    assert len(desk.decisions()) == 12 and all(fact[5] != record.ACCEPTED for fact in desk.decisions())
    await desk.stop()


async def test_a_trial_moves_the_device_and_ends_with_its_lease():
    desk = await rig()
    await desk.unlock()
    told = await desk.ask("test", 3000, device="charger", setpoint=8000, lease_s=20)
    assert told["ok"] and told["granted"] == 8000 and told["source"] == "claim console" and told["lease_s"] == 20
    assert desk.site.charger.limit_ma == 8000
    desk.unplug()  # nobody is there any more
    await desk.site.let_pass(16000)
    assert desk.site.charger.limit_ma == 8000
    await desk.site.let_pass(14000)
    assert desk.site.charger.limit_ma == 16000 and desk.site.loop.state.claims == []
    events = [fact[3] for fact in desk.facts if fact[0] == record.EVENT]
    assert events == [record.STARTED, record.COMPLETED]
    await desk.stop()


async def test_a_trial_is_under_every_limit_and_can_be_taken_back():
    desk = await rig()
    await desk.unlock()
    desk.site.uplink.deliver("command", await desk.site.limit(5000, 600))
    await desk.site.let_pass(3000)
    told = await desk.ask("test", 3000, device="charger", setpoint=16000)
    assert told["ok"] and told["source"] == "limit dso" and told["granted"] < 7000 and told["lease_s"] == 60
    assert 500 + desk.site.charger.power_w() <= 5000
    for setpoint in (99000, -1):
        told = await desk.ask("test", device="charger", setpoint=setpoint)
        assert told["error"] == "charger = %d: out of range" % setpoint
    assert "unknown device" in (await desk.ask("test", device="grid", setpoint=5))["error"]
    for wrong in ({"setpoint": "6000"}, {}, {"setpoint": 6000, "lease_s": 901}, {"setpoint": 6000, "lease_s": 0}):
        assert (await desk.ask("test", device="charger", **wrong))["code"] == "malformed"
    assert (await desk.ask("test", device="charger", setpoint=None))["ok"]
    assert desk.site.loop.state.claims == []
    assert (await desk.ask("test", device="charger", setpoint=None))["code"] == "refused"
    await desk.stop()


async def test_a_trial_does_not_outlive_a_reboot():
    desk = await rig()
    await desk.unlock()
    assert (await desk.ask("test", 3000, device="charger", setpoint=8000, lease_s=900))["ok"]
    desk.task.cancel()
    await desk.site.settle()
    desk.site.boot()
    state = desk.site.loop.state
    forget_others(state, ["dso", "headend", "me"])
    assert state.claims == [] and state.counters[desk.desk.authority.key_id] == 2


async def test_a_scan_finds_who_answers_and_the_agent_goes_on():
    desk = await rig()
    ticks = desk.site.loop.ticks
    heard = await desk.said(b'{"cmd": "scan", "bus": "rs485", "id": "s"}\n', 4000)
    assert heard[-1] == {
        "v": 1, "id": "s", "ok": True, "found": [3, 40], "noise": [50], "cancelled": False, "asked": 247
    }  # fmt: skip
    progress = [told["progress"] for told in heard[:-1]]
    assert progress[0] == {"unit": 3, "last": 247, "found": [3]} and progress[-1]["unit"] >= 240
    assert [request[1] for request in desk.host.line.requests] == [3] * 247
    assert desk.site.loop.ticks >= ticks + 3
    told = await desk.ask("scan", bus="lan")
    assert "rs485" in told["error"]
    told = await desk.ask("scan", bus="rs485", first=40, last=40)
    assert told["found"] == [40] and told["asked"] == 1
    await desk.stop()


async def test_a_scan_is_cancelled_by_the_next_line():
    desk = await rig()
    heard = await desk.said(b'{"cmd": "scan", "bus": "rs485"}\n{"cmd": "cancel"}\n{"cmd": "keys"}\n')
    assert heard[0]["cancelled"] and heard[0]["asked"] < 20 and [told["ok"] for told in heard[1:]] == [True, True]
    await desk.stop()


async def test_events_are_told_to_who_wants_them():
    desk = await rig()
    assert (await desk.ask("events"))["on"] is True
    desk.site.uplink.deliver("command", await desk.site.limit(5000, 600))
    facts = [told["fact"] for told in await desk.said(b"", 3000)]
    assert "decision" in facts and "binding" in facts and "write" in facts
    assert (await desk.ask("events", on=False))["on"] is False
    desk.site.uplink.deliver("command", await desk.site.limit(6000, 600))
    assert await desk.said(b"", 3000) == []
    await desk.stop()


async def test_the_configuration_is_shown_in_pieces_without_its_secrets():
    desk = await rig(60)
    await desk.unlock()
    shown = ""
    while True:
        told = await desk.ask("config-get", at=len(shown.encode()))
        shown += told["text"]
        if len(shown.encode()) == told["size_bytes"]:
            break
    assert json.loads(shown) == {"site": "caf\xe9", "wlan": {"password": "(hidden)", "ssid": "home"}}
    assert told["hides"]
    await desk.stop()


async def test_a_configuration_comes_whole_or_in_pieces_and_is_put_in_place_at_the_end():
    desk = await rig()
    await desk.unlock()
    told = await desk.ask("config-set", text='{"a": 1}')
    assert told["ok"] and desk.host.kept == b'{"a": 1}'
    wanted = '{"b": "caf\xe9"}'.encode()
    sha256 = hex_of(wanted)
    assert (await desk.ask("config-begin", size_bytes=len(wanted), sha256=sha256))["at"] == 0
    assert "at: expected 0" in (await desk.ask("config-part", at=3, text="x"))["error"]
    raw = json.dumps({"cmd": "config-part", "at": 0, "text": wanted[:10].decode()}).encode()
    assert (await desk.said(raw + b"\n"))[0]["at"] == 10
    assert desk.host.kept == b'{"a": 1}'
    raw = b'{"cmd": "config-part", "at": 10, "text": "' + wanted[10:].replace(b'"', b'\\"') + b'"}\n'
    assert (await desk.said(raw))[0]["at"] == len(wanted)
    told = await desk.ask("config-end")
    assert told["sha256"] == sha256 and told["takes_effect"] == "next start"
    assert desk.host.kept == wanted
    accepted = [fact[4] for fact in desk.decisions() if fact[5] == record.ACCEPTED]
    assert accepted == [1, 2, 3]
    await desk.stop()


async def test_what_is_no_configuration_leaves_the_present_one():
    desk = await rig()
    await desk.unlock()
    before = desk.host.kept
    assert "hidden" in (await desk.ask("config-set", text='{"password": "(hidden)"}'))["error"]
    assert (await desk.ask("config-set", text="{"))["code"] == "refused"
    assert (await desk.ask("config-begin", size_bytes=4001, sha256="00" * 32))["code"] == "refused"
    assert (await desk.ask("config-begin", size_bytes=4, sha256="00"))["code"] == "malformed"
    assert (await desk.ask("config-end"))["code"] == "malformed"
    assert (await desk.ask("config-begin", size_bytes=2, sha256="00" * 32))["ok"]
    assert (await desk.ask("config-part", at=0, text="123"))["code"] == "malformed"
    assert (await desk.ask("config-begin", size_bytes=2, sha256="00" * 32))["ok"]
    assert (await desk.ask("config-part", at=0, text="{}"))["ok"]
    assert "announced" in (await desk.ask("config-end"))["error"]
    assert desk.host.kept == before and desk.host.part is None and len(desk.decisions()) == 1
    await desk.stop()


async def test_a_cable_that_is_pulled_leaves_the_present_configuration():
    desk = await rig()
    await desk.unlock()
    before = desk.host.kept
    assert (await desk.ask("config-begin", size_bytes=20, sha256="00" * 32))["ok"]
    assert (await desk.ask("config-part", at=0, text="{}"))["ok"]
    assert desk.host.part == b"{}"
    desk.unplug()
    assert desk.host.part is None and desk.host.kept == before
    assert (await desk.ask("config-end"))["code"] == "locked"
    await desk.stop()


async def test_reboot_and_erase_are_recorded_before_they_are_done():
    desk = await rig()
    await desk.unlock()
    assert (await desk.ask("erase"))["code"] == "malformed"
    assert (await desk.ask("erase", agent="00" * 8))["code"] == "malformed"
    assert desk.host.left == []
    assert (await desk.ask("reboot"))["restarts"]
    assert (await desk.ask("erase", agent=desk.site.signer.key_id.hex()))["ok"]
    assert desk.host.left == [False, True] and len(desk.decisions()) == 3
    assert [fact[4] for fact in desk.decisions()] == [1, 2, 3]
    await desk.stop()


async def test_nobody_can_sign_as_the_console():
    desk = await rig()
    key_id = desk.desk.authority.key_id
    state = desk.site.loop.state
    payload = cbor.encode([3, 1, state.agent_id, state.epoch, 99, 1000, 2, ["charger", 6000, 60, 0]])
    raw = cose.envelope(key_id, payload, bytes(64))
    desk.site.uplink.deliver("command", raw)
    await desk.site.let_pass(2000)
    assert [fact[5] for fact in desk.decisions()] == [record.UNKNOWN_KEY]
    await desk.stop()


def test_secrets_are_taken_out_of_both_kinds_of_file():
    toml = 'a = 1\npassword = "x\\"y"\n[b]\npsk=\'z\'\ntoken = """m\nn"""\nsecret_ms = 5\npin = 4\nkey = "k"\n'
    shown = hidden(toml)
    assert '"y' not in shown and "z" not in shown and "m\nn" not in shown
    assert shown.count("(hidden)") == 3 and "secret_ms = 5\npin = 4\n" in shown and 'key = "k"' in shown
    shown = hidden('{"password" : "p", "x": {"psk":"q"}, "password": 3}')
    assert json.loads(shown) and '"p"' not in shown and '"q"' not in shown
    assert hidden('password = "no end') == 'password = "(hidden)'
