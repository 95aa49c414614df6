"""`siteward board build`: what it makes is the same each time, holds what the site needs, and fits its board."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import threading
from pathlib import Path

import pytest

from agent.config import checked
from hal.pins import OUTPUT
from tests.needs import ROOT, needs_program
from tests.tools.board_sites import SITE, UNIX, build
from tools import board_build, board_check
from tools.board_check import Figure, figures, modelled, site_of
from tools.board_manifest import ROOMS, Room, channels_of, constant_of, files_of, has_room, modules_of
from tools.errors import UsageError
from tools.keys import create_key
from tools.stage import GATEWAYS

BOARD_SITE = (
    SITE.replace("no-such-port", "uart0")
    + """
[[bus]]
id = "own"
kind = "pins"

[[device]]
id = "boiler"
driver = "pin-relay"
bus = "own"
channel = "relay-1"
power_max_w = 2000
"""
)
MEASURED = 108_000
TABLE_BYTES = 960  # boards/micropython/p256.py


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    needs_program("micropython")
    return build(tmp_path_factory.mktemp("site"))


@pytest.fixture
def unmeasured(monkeypatch):
    """Take the heap for known: starting an agent takes seconds."""
    monkeypatch.setattr(board_check, "heap_on_twin", lambda *_: MEASURED)
    monkeypatch.setattr(board_build, "sizes_alone", lambda *_: {})


def tree(more=None, devices=1):
    found = board_build.tomllib.loads(SITE)
    first = found["device"][0]
    found["device"] += [dict(first, id=f"m{at}", unit=at + 2) for at in range(devices - 1)]
    for key, table in (more or {}).items():
        found[key] = dict(found[key], **table) if isinstance(table, dict) else found[key] + table
    return found


def config(more=None, devices=1):
    return site_of(UNIX, tree(more, devices))


def test_a_build_runs_and_is_told_in_full(built):
    told = json.loads((built / "board.json").read_text())
    there = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    assert set(told["files"]) == there - {"board.json"}
    assert (built / "agent.romfs").read_bytes()[:3] == b"\xd2\xcd\x31"  # MicroPython documentation, "ROMFS filesystem"
    assert json.loads((built / "site.json").read_text()) == board_build.tomllib.loads(SITE)
    assert told["named"] == {"agent.key": "key"}


def test_the_same_input_gives_the_same_bytes(built, tmp_path, unmeasured):
    again = build(tmp_path)
    for path in built.rglob("*"):
        if path.is_file():
            assert (again / path.relative_to(built)).read_bytes() == path.read_bytes(), path


def test_an_image_holds_the_products_of_its_site_and_no_others(built):
    names = {path.stem for path in (built / "mpy").iterdir()}
    modules = {row[1] for rows in json.loads((built / "agent.romfs.lines").read_text()).values() for row in rows}
    assert "drivers.meters.eastron_sdm630" in modules
    assert not [name for name in modules if "alfen" in name or "fronius" in name or "ring_store" in name]
    assert "agent.recorder" not in modules and len(names) < 10


def test_what_a_site_asks_for_is_in_its_image():
    ring = set(modules_of(UNIX, config({"agent": {"journal": "ring:journal"}})))
    assert {"boards.micropython.ring_store", "boards.micropython.ring_chunks"} <= ring
    assert "boards.micropython.ring_store" not in modules_of(UNIX, config())
    consoled = dict(tree(), console={"port": "stdio"})
    assert {"agent.console", "agent.console_scan"} <= set(modules_of(UNIX, site_of(UNIX, consoled)))
    assert "agent.console" not in modules_of(UNIX, config())
    taped = modules_of(UNIX, config({"agent": {"recorder_bytes_max": 65536}}))
    assert {"agent.recorder", "agent.tape"} <= set(taped)
    charger = {"id": "car", "driver": "alfen-eve", "bus": "meter", "power_max_w": 22080}
    loaded = modules_of(UNIX, config({"device": [charger]}))
    assert {"drivers.chargers.alfen_eve", "hal.capabilities.charger"} <= set(loaded)
    assert not [module for module in loaded if module.startswith(("boards.cpython", "tools", "tests"))]


UPLINK = {"host": "192.0.2.1", "ca": "ca.der", "cert": "cert.der", "cert_key": "key.der"}
NETWORK = {"wlan": {"ssid": "house"}, "clock": {"ntp": ["192.0.2.1"]}, "uplink": UPLINK}
BY_NAME = {"boards.micropython.dns", "boards.micropython.named"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, set()),
        ({"uplink": UPLINK | {"host": "broker.example"}}, BY_NAME),
        ({"bus": [{"id": "lan", "kind": "tcp", "host": "wallbox"}]}, BY_NAME),
    ],
)
def test_names_are_looked_up_by_the_image_of_a_site_that_has_any(changes, names):
    site = board_build.tomllib.loads(SITE.replace("no-such-port", "uart0")) | NETWORK
    site |= changes | {"bus": site["bus"] + changes.get("bus", [])}
    assert BY_NAME & set(modules_of("pico_w", site_of("pico_w", site))) == names


def test_a_name_that_nobody_could_look_up_is_refused():
    site = board_build.tomllib.loads(SITE.replace("no-such-port", "uart0")) | NETWORK
    site["uplink"] = NETWORK["uplink"] | {"host": "broker.local"}
    with pytest.raises(UsageError, match=r"\[uplink\] host = 'broker.local': expected an address"):
        site_of("pico_w", site)


def test_mip_installs_the_package_from_a_server(built, tmp_path):
    handler = functools.partial(QuietHandler, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/package.json"
        command = [needs_program("micropython"), "-m", "mip", "install", "--target", "lib", url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        server.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (built / "mpy").iterdir():
        assert (tmp_path / "lib" / path.name).read_bytes() == path.read_bytes()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and keeps quiet."""

    def log_message(self, *_):
        """Say nothing."""


def test_the_freeze_manifest_names_sources_that_compile(built):
    frozen = []

    def module(name, base_path):
        text = (built / base_path / name).read_text()
        compile(text, name, "exec")
        frozen.append(name)

    said = {}
    world = {"module": module, "metadata": lambda **words: said.update(words)}
    exec((built / "manifest.py").read_text(), world)
    assert {name.removesuffix(".py") for name in frozen} == {path.stem for path in (built / "mpy").iterdir()}
    assert said["version"]


def test_a_boards_numbers_are_read_without_running_its_file():
    assert constant_of(UNIX, "DEVICES_MAX") == 8
    assert constant_of(UNIX, "FLASH_UNIT_BYTES") == 16
    assert constant_of(UNIX, "NOTHING") is None
    assert channels_of("pico_w")["relay-1"] == OUTPUT


def test_every_board_has_a_room():
    boards = [path.stem for path in (ROOT / "boards").glob("*.py") if f"boards/{path.name}" not in GATEWAYS]
    assert {board for board in boards if has_room(board)} == set(ROOMS)


TOO_LARGE = {
    "devices": (config(devices=9), Room(1 << 30, 100, 0, True, 1 << 20, 1 << 30)),
    "image bytes": (config(), Room(1 << 30, 100, 0, True, 1000, 1 << 30)),
    "journal bytes": (
        config({"agent": {"journal": "ring:journal", "journal_bytes_max": (1 << 20) + 1}}),
        Room(1 << 30, 100, 0, True, 1 << 20, 1 << 30),
    ),
    "file bytes": (config(), Room(1 << 30, 100, 0, True, 1 << 20, 65536)),
    "heap bytes": (config(), Room(MEASURED + 999, 100, 1000, True, 1 << 20, 1 << 30)),
}  # fmt: skip


@pytest.mark.parametrize("exceeded", TOO_LARGE)
def test_each_maximum_is_held_by_itself(exceeded, built, unmeasured, monkeypatch):
    site, room = TOO_LARGE[exceeded]
    monkeypatch.setitem(ROOMS, UNIX, room)
    found = figures(UNIX, site, b"{}", built / "agent.romfs")
    assert [each.name for each in found if each.exceeds] == [exceeded]


def test_a_maximum_itself_is_allowed():
    assert not Figure("devices", 8, 8).exceeds
    assert Figure("devices", 9, 8).exceeds


def test_a_site_too_large_is_refused_with_the_figure_and_nothing_is_written(tmp_path, unmeasured):
    more = "".join(f'[[device]]\nid = "m{at}"\ndriver = "eastron-sdm630"\nbus = "meter"\n' for at in range(8))
    with pytest.raises(UsageError, match="9 devices, and it takes 8"):
        build(tmp_path, SITE + more)
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("fuse_ma = 32000", "fuse_ma = 3", "fuse_ma = 3"),
        ("eastron-sdm630", "eastron-sdm6300", "one of "),
        ('bus = "meter"', 'bus = "meter"\nfallback = 3', "has nothing to set"),
        ('bus = "meter"', 'bus = "meter"\nnonsense = 3', "no options"),
        ('"agent.key"', '"../agent.key"', "below the folder"),
        ("[site]", "[site", "SITE.toml"),
    ],
)
def test_a_site_that_cannot_start_is_refused_by_its_sentence(tmp_path, was, becomes, said):
    with pytest.raises(UsageError, match=said):
        build(tmp_path, SITE.replace(was, becomes))


ON_THE_PICO = [
    (BOARD_SITE, None),
    (BOARD_SITE.replace("uart0", "uart7"), "expected one of uart0, uart1"),
    (BOARD_SITE.replace('channel = "relay-1"', 'channel = "relay-9"'), "relay-9"),
    (BOARD_SITE.replace("[agent]", "[agent]\ntick_ms = 100"), "tick_ms = 100"),
    (BOARD_SITE + '[[bus]]\nid = "lan"\nkind = "tcp"\nhost = "192.168.1.2"\n', r"\[wlan\] is missing"),
]


@pytest.mark.parametrize(("text", "said"), ON_THE_PICO)
def test_what_only_one_board_has_is_checked_for_it(text, said):
    site = board_build.tomllib.loads(text)
    if said is None:
        assert len(site_of("pico_w", site).devices) == 2
    else:
        with pytest.raises(UsageError, match=said):
            site_of("pico_w", site)


@pytest.mark.parametrize("board", ["esp32_generic", "esp32_s3_devkit", "pico_w"])
def test_the_documents_site_fits_each_board(board):
    text = (ROOT / "docs" / "boards.md").read_text().partition("```toml\n")[2].partition("```")[0]
    site = site_of(board, board_build.tomllib.loads(text))
    assert set(files_of(site)) == {"agent.key", "ca.der", "agent.crt.der", "agent.key.der", "wlan.password"}


@pytest.mark.parametrize(("board", "host"), [("esp32_generic", "192.168.1.10"), ("pico_w", "broker.lan")])
def test_the_documents_site_is_measured_and_fits_with_its_broker_by_address_and_by_name(board, host, built):
    text = (ROOT / "docs" / "boards.md").read_text().partition("```toml\n")[2].partition("```")[0]
    site = board_build.tomllib.loads(text)
    site["uplink"]["host"] = host
    found = figures(board, site_of(board, site), board_build.canonical(site), built / "agent.romfs")
    assert not [each for each in found if each.exceeds] and "measured" in found[-1].how


def test_what_is_no_board_and_what_is_no_build_stay_as_they_are(tmp_path):
    with pytest.raises(UsageError, match=UNIX):
        build(tmp_path, board="toaster")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="is no build"):
        build(tmp_path, name="mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def authorities(folder, count):
    """Return as many authorities, each with a key of its own."""
    return [{"name": f"a{at}", "role": "grid", "public_key": public_key(folder / f"{at}.key")} for at in range(count)]


def test_a_key_that_may_sign_has_a_table_of_its_own_up_to_three(built, tmp_path):
    rows = authorities(tmp_path, 4)
    taken = []
    for count in (2, 3, 4):
        site = dict(tree(), authority=rows[:count])
        image = built / "agent.romfs"
        taken.append(board_check.heap_on_twin(checked_for_boards(site), json.dumps(site).encode(), image))
    assert taken[1] - taken[0] > TABLE_BYTES > taken[2] - taken[1] > 0


def test_the_model_stands_near_what_is_measured(tmp_path):
    needs_program("micropython")
    site = tree(devices=4)
    site["authority"] = authorities(tmp_path, 2)
    measured = board_check.heap_on_twin(checked_for_boards(site), json.dumps(site).encode(), None)
    assert abs(measured - modelled(UNIX, checked_for_boards(site))) * 100 < 10 * measured


def checked_for_boards(site):
    found = checked(site)
    found.agent["recorder_bytes_max"] = 0
    return found


def public_key(path: Path) -> str:
    from tools.wire import point

    return point(create_key(path).public_key()).hex()
