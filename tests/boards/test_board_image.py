"""A board that was built for one site is sent the configuration of another: what its image lacks is refused at once."""

from __future__ import annotations

import asyncio
import copy
import json
import tomllib

from tests.boards.board_rig import HEAP, again, sent
from tests.needs import needs_program
from tests.tools.board_sites import SITE, UNIX
from tools.board_check import site_of
from tools.board_manifest import modules_of
from tools.image import compile_linked, linked_agent, write_romfs

LAN = {"id": "lan", "kind": "tcp", "host": "192.0.2.1"}
CAR = {"id": "car", "driver": "alfen-eve", "bus": "meter", "unit": 2}
UPLINK = {"host": "192.0.2.1", "ca": "ca.der", "cert": "cert.der", "cert_key": "key.der"}


def changed(tree, **tables):
    """Return the site with rows added to lists, and with tables replaced or their keys changed."""
    made = copy.deepcopy(tree)
    for name, table in tables.items():
        made[name] = made[name] + table if isinstance(table, list) else made.get(name, {}) | table
    return made


VPP = {"name": "vpp", "public_key": "04" + 128 * "1", "role": "aggregator", "reservations": 1}


def test_what_is_not_in_the_image_is_refused_when_it_is_sent(tmp_path):
    needs_program("micropython")
    tree = tomllib.loads(SITE) | {"console": {"port": "stdio"}}
    (tmp_path / "site.json").write_text(json.dumps(tree))
    (tmp_path / "agent.key").write_bytes(bytes(31) + b"\x01")
    image = tmp_path / "site.romfs"
    modules = modules_of(UNIX, site_of(UNIX, tree))
    compile_linked(linked_agent(f"boards.{UNIX}", only=modules.values()), tmp_path / "mpy")
    write_romfs(tmp_path / "mpy", image)
    lacking = [
        ("driver = 'alfen-eve'", changed(tree, device=[CAR])),
        ("kind = 'tcp'", changed(tree, bus=[LAN])),
        ("[uplink]", changed(tree, uplink=UPLINK)),
        ("journal = 'ring:journal'", changed(tree, agent={"journal": "ring:journal"})),
        ("recorder_bytes_max = 65536", changed(tree, agent={"recorder_bytes_max": 65536})),
        ("vpp reservations = 1", tree | {"authority": [VPP]}),
    ]

    async def refusals():
        async with again(tmp_path, HEAP, image) as board:
            (tmp_path / "present").touch()
            assert (await board.ask("unlock"))["ok"]
            told = {words: await sent(board, json.dumps(other).encode()) for words, other in lacking}
            return told, await sent(board, json.dumps(changed(tree, site={"name": "barn"})).encode())

    told, good = asyncio.run(refusals())
    assert {words: one.get("code") for words, one in told.items()} == dict.fromkeys(told, "refused"), told
    for words, one in told.items():
        assert words in one["error"] and one["error"].endswith("not in this image: build it with this site"), one
    assert good["ok"], good
