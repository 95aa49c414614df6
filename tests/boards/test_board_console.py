"""The console of a board's agent in MicroPython: on its standard input, and on a cable that is pulled."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os

from tests.boards.board_rig import Bridge, Cable, again, running_board, sent
from tests.tools.test_why import siteward


async def settled(board) -> None:
    """Wait until the charger is set to what nothing but its nameplate bounds."""
    while (await board.heard("fact", "write"))["setpoint"] is None or board.lines[-1]["source"] != "nameplate":
        pass


async def test_everything_can_be_asked_on_standard_input_and_a_trial_ends_by_itself(tmp_path):
    async with running_board(tmp_path, "stdio") as board:
        await settled(board)
        told = await board.ask("identify", id="a")
        assert told["id"] == "a" and told["board"] == "micropython-unix" and told["limits"]["line_bytes"] == 512
        assert told["config"] == hashlib.sha256((tmp_path / "site.json").read_bytes()).hexdigest()
        assert len(told["firmware"]) == 64 and told["firmware"] != "00" * 32
        told = await board.ask("buses")
        assert [each["bus"] for each in told["buses"]] == ["lan", "rs485"]
        assert told["buses"][1]["devices"] == [["grid", 1]]
        told = await board.ask("read", device="grid")
        assert told["quality"] == "good" and told["values"]["voltage_l1_mv"] > 200000
        assert (await board.ask("why", device="charger"))["device"]["source"] == "nameplate"
        assert (await board.ask("keys"))["keys"]["step"] is None
        told = await board.ask("scan", bus="rs485", first=1, last=4)
        assert told["found"] == [1, 2, 3] and told["asked"] == 4, told
        assert (await board.ask("test", device="charger", setpoint=8000))["code"] == "locked"
        assert (await board.ask("config-get"))["code"] == "locked"
        (tmp_path / "present").touch()
        assert (await board.ask("unlock"))["unlocked_ms"] == 600000
        assert not (tmp_path / "present").exists()
        told = await board.ask("test", device="charger", setpoint=8000, lease_s=3)
        assert told["ok"] and told["granted"] == 8000, told
        write = await board.heard("fact", "write")
        assert write["setpoint"] == 8000 and write["kept"] == 8000
        assert (await board.heard("fact", "event"))["status"] == "completed"
        assert (await board.heard("fact", "write"))["source"] == "nameplate"
        assert (await board.ask("lock"))["ok"]
        assert (await board.ask("reboot"))["code"] == "locked"


async def test_a_configuration_over_the_cable_counts_from_the_next_start_and_a_pulled_one_never(tmp_path):
    cable = Cable()
    async with running_board(tmp_path, cable.port) as board:
        await cable.opened()
        (tmp_path / "present").touch()
        assert (await cable.ask("unlock"))["ok"]
        before = (tmp_path / "site.json").read_bytes()
        tree = json.loads(before)
        tree["site"]["name"] = "caf\xe9"
        wanted = json.dumps(tree, ensure_ascii=False).encode()
        sha256 = hashlib.sha256(wanted).hexdigest()
        begin = {"size_bytes": len(wanted), "sha256": sha256}
        assert (await cable.ask("config-begin", **begin))["at"] == 0
        assert (await cable.ask("config-part", at=0, text=wanted[:100].decode()))["at"] == 100
        assert (tmp_path / "site.json.part").exists()
        cable.write(b'{"cmd": "config-part", "at": 100, "te')  # and it is pulled
        assert (await cable.ask("config-end"))["code"] == "malformed"
        assert "announced" in (await cable.ask("config-end"))["error"]
        assert (tmp_path / "site.json").read_bytes() == before and not (tmp_path / "site.json.part").exists()

        wrong = json.dumps(tree | {"device": [tree["device"][0] | {"driver": "toaster"}]})
        assert len(wrong) > 512
        for text, sentence in ((wrong, "toaster"), ("{}", "[site]"), ('{"a": "(hidden)"}', "(hidden)"), ("{", "")):
            raw = text.encode()
            told = await sent(cable, raw)
            assert told["code"] == "refused" and sentence in told["error"], told
        assert (await sent(cable, wanted))["sha256"] == sha256
        assert (tmp_path / "site.json").read_bytes() == wanted
        assert (tmp_path / "site.json.bak").read_bytes() == before
        assert (await cable.ask("identify"))["config"] == hashlib.sha256(before).hexdigest()
        assert (await cable.ask("reboot"))["restarts"]
        await asyncio.wait_for(board.process.wait(), 20)
        assert board.process.returncode == 3
        async with again(tmp_path) as board:
            assert board.lines[-1]["epoch"] == 2 and board.lines[-1]["site"] == "caf\xe9"
            await cable.opened()
            assert (await cable.ask("identify"))["config"] == sha256
            assert (await cable.ask("reboot"))["code"] == "locked"
    cable.close()


async def test_nobody_reads_the_cable_and_the_agent_goes_on(tmp_path):
    cable = Cable()
    async with running_board(tmp_path, cable.port) as board:
        await cable.opened()
        cable.write(b'{"cmd": "events"}\n' + b'{"cmd": "why"}\n' * 40)
        for _ in range(3):
            await board.heard("fact")
        cable.write(b"\x00\xff" * 500 + b"\n" + b'{"cmd": "why"}\n' * 40)
        await settled(board)
        os.set_blocking(cable.near, False)
        answers = [told for told in [await cable.line() for _ in range(82)] if "ok" in told]
        assert [told["ok"] for told in answers].count(False) == 1
        assert board.process.returncode is None


async def test_erasing_takes_everything_of_the_agent_away(tmp_path):
    async with running_board(tmp_path, "stdio") as board:
        (tmp_path / "present").touch()
        assert (await board.ask("unlock"))["ok"]
        assert (await board.ask("erase", agent="00" * 8))["code"] == "malformed"
        agent = (await board.ask("identify"))["agent"]
        assert (await board.ask("erase", agent=agent))["ok"]
        await asyncio.wait_for(board.process.wait(), 20)
        assert board.process.returncode == 0
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["owner.key"], left


async def test_what_is_asked_often_leaves_nothing_behind(tmp_path):
    async with running_board(tmp_path, "stdio") as board:
        for _ in range(25):
            assert (await board.ask("why", device="charger"))["ok"]
            assert (await board.ask("identify"))["ok"]
            assert (await board.ask("read", device="grid"))["ok"]


async def test_siteward_console_does_it_all_over_a_port(tmp_path):
    bridge = Bridge()
    async with running_board(tmp_path, bridge.port) as board:
        await settled(board)
        where = ("console", "--port", bridge.host_port, "--key", tmp_path / "owner.key")
        code, said, wrong = await siteward(*where, "identify")
        assert (code, wrong) == (0, "") and "micropython-unix" in said
        code, said, wrong = await siteward(*where, "scan", "rs485", "--last", "4")
        assert (code, said.split()) == (0, ["1", "2", "3"]), wrong
        code, said, wrong = await siteward(*where, "test", "charger", "8000", "--lease", "20")
        assert code == 0 and "granted 8000" in said, wrong
        shown = tmp_path / "shown.json"
        code, said, wrong = await siteward(*where, "config", "get", "-o", shown)
        assert code == 0 and shown.read_bytes() == (tmp_path / "site.json").read_bytes(), wrong
        tree = json.loads(shown.read_text())
        tree["site"]["import_limit_w"] = 9000
        shown.write_text(json.dumps(tree, indent=1))
        code, said, wrong = await siteward(*where, "config", "set", shown)
        assert code == 0 and hashlib.sha256(shown.read_bytes()).hexdigest() in said, wrong
        assert (tmp_path / "site.json").read_bytes() == shown.read_bytes()
        code, said, wrong = await siteward(*where, "reboot")
        assert code == 0, wrong
        await asyncio.wait_for(board.process.wait(), 20)
    bridge.close()
