"""The home as a whole: its control socket, its process, its cost, its two clocks."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim_devices.__main__ import HOMES
from sim_devices.config import load
from sim_devices.control import Control
from sim_devices.home import Home, running_home
from sim_devices.series import NoSeries
from tests.needs import ROOT, lacking
from tests.sim_devices.homes import client_of, home_tree

HOME = """
[home]
control = "sim.sock"
[base_load]
constant_w = 500
[charge_point]
[car]
[[bus]]
id = "meters"
kind = "rtu"
link = "line"
[[device]]
id = "grid"
product = "eastron-sdm630"
bus = "meters"
"""


async def ask(path: Path, *requests: dict) -> list[dict]:
    """Send requests over the control socket, one after the other."""
    reader, writer = await asyncio.open_unix_connection(path)
    answers = []
    for request in requests:
        writer.write(json.dumps(request).encode() + b"\n")
        answers.append(json.loads(await asyncio.wait_for(reader.readline(), 10)))
    writer.close()
    return answers


async def test_control_socket_tells_the_truth_and_changes_the_world(tmp_path):
    (tmp_path / "home.toml").write_text(HOME)
    home = await Home.start(tmp_path / "home.toml")
    control = Control(home)
    await control.start()
    try:
        left, state, bad, unknown, faulty = await ask(
            tmp_path / "sim.sock",
            {"cmd": "set", "car": "leave"},
            {"cmd": "state"},
            {"cmd": "set", "car": "fly"},
            {"cmd": "dance"},
            {"cmd": "fault", "device": "grid", "kind": "silence", "seconds": 5},
        )
        assert left == {"ok": True}
        assert state["state"]["charge_point"]["pilot"] == "A"
        assert state["state"]["circuits"]["grid"]["power_w"] == pytest.approx(500)
        assert not bad["ok"] and not unknown["ok"]
        assert faulty["ok"] and home.state()["devices"]["grid"]["faults"] == ["silence"]
        cleared, moved, arrived, found = await ask(
            tmp_path / "sim.sock",
            {"cmd": "clear", "device": "grid"},
            {"cmd": "advance", "seconds": 3600},
            {"cmd": "set", "car": "arrive", "soc": 0.2},
            {"cmd": "devices"},
        )
        assert cleared["ok"] and moved["ok"] and arrived["ok"]
        assert home.house.grid.connection.import_wh == pytest.approx(500, rel=0.001)
        assert home.house.car.soc == 0.2 and home.house.charge_point.car is home.house.car
        assert found["devices"] == [
            {"id": "grid", "product": "eastron-sdm630", "kind": "rtu", "unit": 1, "path": str(tmp_path / "line")}
        ]
    finally:
        await control.close()
        await home.close()
    assert not (tmp_path / "sim.sock").exists() and not (tmp_path / "line").is_symlink()


async def test_control_socket_survives_rubbish(tmp_path):
    async with running_home({**home_tree(), "home": {"control": str(tmp_path / "s")}}) as home:
        control = Control(home)
        for line in (b"", b"[]", b"{", b'{"cmd": 3}', b'{"cmd": "fault"}', b'{"cmd": "set", "soc": "full"}', b"\xff"):
            assert not control.answer(line)["ok"]


def test_the_process_announces_itself_and_ends_cleanly_on_sigterm(tmp_path):
    (tmp_path / "home.toml").write_text(HOME)
    command = [sys.executable, "-m", "sim_devices", str(tmp_path / "home.toml")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first, second = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        assert first["id"] == "grid" and Path(first["path"]).exists()
        assert second == {"ready": True, "control": str(tmp_path / "sim.sock")}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home.toml"]


def test_a_wrong_home_ends_with_code_two_and_one_line(tmp_path):
    (tmp_path / "home.toml").write_text("[battery]\nsoc = 0.5\n")
    command = [sys.executable, "-m", "sim_devices", str(tmp_path / "home.toml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr == "sim_devices: battery: needs an [inverter]\n"


async def test_the_demo_home_draws_eleven_kilowatts_when_its_car_may(tmp_path):
    (tmp_path / "demo.toml").write_text((HOMES / "demo.toml").read_text())
    config = load(tmp_path / "demo.toml")
    try:
        config.house.base.flow(config.house.at)
    except NoSeries as missing:
        lacking(str(missing))
    house = config.house
    house.charge_point.limit_a = 16.0
    for _ in range(60):
        house.step(1)
    assert house.circuits["charger"].flow.total_w == pytest.approx(11000, rel=0.03)
    assert house.grid.connection.flow.total_w > 11000
    assert {device.product for device in config.devices} >= {"alfen-eve", "fronius-gen24", "luxtronik-shi"}


async def test_a_fast_house_leaves_the_products_in_real_time():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_registers(1210, [0x4180, 0], device_id=1)
        home.advance(30, speed=60)
        assert home.house.elapsed_s == pytest.approx(1800, abs=1)
        assert home.devices["charger"].product.valid_s == pytest.approx(30)


async def test_the_clock_keeps_up_with_real_time():
    async with running_home({**home_tree(), "home": {"speed": 100.0, "step_s": 0.05}}) as home:
        began = home.house.elapsed_s
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(home.run(), 0.3)
        assert 10 <= home.house.elapsed_s - began <= 60


async def test_a_second_of_the_whole_home_costs_well_under_a_millisecond():
    async with running_home(home_tree()) as home:
        began = time.process_time()
        home.advance(2000)
        assert (time.process_time() - began) / 2000 < 0.002  # 0.07 ms where it was written


async def test_energy_registers_go_on_after_a_power_cut(tmp_path):
    (tmp_path / "home.toml").write_text(HOME.replace("[base_load]", 'registers = "registers.json"\n[base_load]'))
    cut = await Home.start(tmp_path / "home.toml")
    cut.advance(3600)
    read_wh = cut.house.grid.connection.import_wh
    await cut.close()
    home = await Home.start(tmp_path / "home.toml")
    try:
        assert home.house.grid.connection.import_wh >= read_wh > 400
    finally:
        await home.close()
