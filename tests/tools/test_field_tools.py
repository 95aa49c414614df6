"""scan, read, set, capture and new-driver as a user meets them, against simulated products on real ports."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from drivers import catalogue
from hal.errors import DeviceError
from tests.needs import ROOT
from tests.sim_devices.homes import home_tree
from tests.tools.simulated_home import at_home
from tools import capture, cli, devices, new_driver
from tools.errors import UsageError
from tools.place import host_row, numbers


@pytest.fixture(scope="module")
def home():
    with at_home(home_tree(base_w=2000.0)) as running:
        yield running


def told(capsys, *arguments):
    code = cli.main([str(argument) for argument in arguments])
    return code, capsys.readouterr()


def site_of(home, folder, more=""):
    """Write a SITE.toml for the home's meter and charger."""
    charger = home.addresses["charger"]
    path = folder / "SITE.toml"
    path.write_text(
        f'[site]\nname = "h"\nmeter = "grid"\nimport_limit_w = 9000\nexport_limit_w = 9000\nfuse_ma = 25000\n'
        f'[agent]\nkey = "agent.key"\njournal = "journal"\ntick_ms = 250\nlease_ms = 2000\n'
        f'[[bus]]\nid = "rs485"\nkind = "serial"\nport = "{home.addresses["grid"].path}"\n'
        f'[[bus]]\nid = "lan"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {charger.port}\n'
        '[[device]]\nid = "grid"\ndriver = "eastron-sdm630"\nbus = "rs485"\nunit = 1\nphases = 7\n'
        '[[device]]\nid = "charger"\ndriver = "alfen-eve"\nbus = "lan"\nunit = 1\nphases = 7\npower_max_w = 11000\n'
        + more
    )
    return path


def test_a_scan_finds_a_serial_meter_by_its_driver_and_stops_at_the_speed_that_answers(home, capsys):
    arguments = ("--baud", "9600,19200", "--parity", "N", "--units", "1-3,9", "--timeout-ms", "60", "--json")
    code, said = told(capsys, "scan", "--port", home.addresses["grid"].path, *arguments)
    found = json.loads(said.out)["found"]
    assert code == 0 and [each["unit"] for each in found] == [1, 2, 3]
    assert "eastron-sdm630" in found[0]["drivers"] and found[1]["drivers"] == []
    assert all(" 9600 8N1" in each["where"] for each in found)


def test_a_scan_walks_the_sunspec_map_of_a_host(home, capsys):
    where = home.addresses["inverter"]
    code, said = told(capsys, "scan", "--host", f"127.0.0.1:{where.port}", "--units", "1", "--json")
    (found,) = json.loads(said.out)["found"]
    assert code == 0 and (found["maker"], found["product"]) == ("Fronius", "Symo GEN24 6.0 Plus")
    assert found["models"] == [1, 103, 120, 121, 122, 123, 124, 160]
    assert found["drivers"] == ["sunspec-inverter", "sunspec-production", "sunspec-storage"]
    product = home.devices["inverter"].product
    assert (product.written["StorCtl_Mod"], product.written["WMaxLim_Ena"]) == (0, 0)


def test_a_scan_that_finds_nobody_says_so_and_names_the_line_that_is_down(capsys):
    code, said = told(capsys, "scan", "--host", "127.0.0.1:1", "--units", "1,2")
    assert code == 1 and "nobody answers" in said.out and "127.0.0.1:1: " in said.out
    assert "1 of 2 addresses were asked" in said.out


@pytest.mark.parametrize(
    "arguments",
    [[], ["--host", "h:x"], ["--port", "p", "--parity", "X"], ["--port", "p", "--baud", "9"],
     ["--host", "h", "--units", "999"], ["--port", "p", "--baud", "300," * 400 + "300", "--units", "1-247"]],
)  # fmt: skip
def test_a_scan_that_is_misused_ends_with_2(arguments, capsys):
    assert told(capsys, "scan", *arguments)[0] == 2


def test_places_are_read_as_people_write_them():
    assert host_row("10.0.0.7") == {"kind": "tcp", "host": "10.0.0.7", "port": 502}
    assert host_row("box:1502")["port"] == 1502 and host_row("fe80::1")["host"] == "fe80::1"
    assert numbers("1-3,2,100", range(256), "--units") == [1, 2, 3, 100]


def test_one_device_of_a_site_is_read(home, tmp_path, capsys):
    code, said = told(capsys, "read", "grid", "--site", site_of(home, tmp_path), "--json")
    values = json.loads(said.out)["values"]
    assert code == 0 and "power_l3_w" in values and abs(values["voltage_l1_mv"] - 230000) < 9000
    assert told(capsys, "read", "charger", "--site", tmp_path / "SITE.toml")[0] == 0
    assert told(capsys, "read", "nobody", "--site", tmp_path / "SITE.toml")[0] == 2


def battery_of(home):
    """Return the home's battery as a site file has it."""
    return (
        f'[[bus]]\nid = "more"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {home.addresses["inverter"].port}\n'
        '[[device]]\nid = "battery"\ndriver = "fronius-gen24"\nbus = "more"\nunit = 1\npower_max_w = 5000\n'
    )


def test_a_sunspec_device_tells_what_it_is_besides(home, tmp_path, capsys):
    site = site_of(home, tmp_path, battery_of(home))
    code, said = told(capsys, "read", "battery", "--site", site, "--json")
    facts = [fact for fact in json.loads(said.out)["facts"] if fact["model"] == 1]
    assert code == 0 and [fact["told"] for fact in facts] == ["Fronius", "Symo GEN24 6.0 Plus", "1.30.7-1"]
    code, said = told(capsys, "read", "battery", "--site", site)
    assert code == 0 and "DC inputs (model 160), input 1" in said.out and "30000001" not in said.out
    assert "facts" not in json.loads(told(capsys, "read", "grid", "--site", site, "--json")[1].out)


def test_one_device_is_set_and_left_as_it_was(home, tmp_path, capsys):
    site, written = site_of(home, tmp_path, battery_of(home)), home.devices["inverter"].product.written
    written["OutWRte"] = 5555
    code, said = told(capsys, "set", "battery", -1500, "--site", site, "--lease", 1)
    assert code == 0 and "battery: discharging at 1500 W" in said.out
    assert (written["StorCtl_Mod"], written["OutWRte"]) == (0, 10000)


def test_what_a_site_does_not_bear_is_not_set(home, tmp_path, capsys):
    site = site_of(home, tmp_path)
    code, said = told(capsys, "set", "charger", 32000, "--site", site, "--wait", 1, "--lease", 1)
    assert code == 1 and "the connection carries no more" in said.out
    assert told(capsys, "set", "charger", 99000, "--site", site)[0] == 2
    assert told(capsys, "set", "grid", 1, "--site", site)[0] == 2


def recorded(home, folder, capsys, driver="fronius-gen24", device="inverter"):
    where, path = home.addresses[device], folder / f"{driver}.json"
    line = ("--host", f"127.0.0.1:{where.port}") if where.kind == "tcp" else ("--port", where.path)
    code, said = told(capsys, "capture", driver, *line, "--unit", where.unit, "--readings", 2, "--json", "-o", path)
    assert code == 0, said
    summary = json.loads(said.out)
    assert (summary["file"], summary["readings"]) == (str(path), 2) and summary["exchanges"] > 2
    return capture.load(path)


def test_a_capture_plays_again_and_has_no_serial_number(home, tmp_path, capsys):
    kept = recorded(home, tmp_path, capsys)
    assert asyncio.run(capture.played(kept)) == kept["readings"] and len(kept["readings"]) == 2
    words = "".join(answer for _, answer in kept["exchanges"])
    assert b"Fronius".hex() in words and b"30000001".hex() not in words
    kept["exchanges"] = kept["exchanges"][:5]
    with pytest.raises(DeviceError):
        asyncio.run(capture.played(kept))


def test_a_capture_of_a_serial_meter_has_its_numbers(home, tmp_path, capsys):
    kept = recorded(home, tmp_path, capsys, "eastron-sdm630", "grid")
    assert "power_w" in kept["readings"][0] and kept["exchanges"][0][0].startswith("0400")


def test_text_is_scrubbed_and_numbers_are_not():
    text = b"\x03\x10ACME PM12-4711\0\0"
    asked = bytes((3, 0, 100, 0, 8)).hex()
    ((_, clean),) = capture.scrub([[asked, text.hex()]], set())
    assert bytes.fromhex(clean) == b"\x03\x10ACME PM00-0000\0\0"
    ((_, same),) = capture.scrub([[asked, text.hex()]], set(range(100, 108)))
    assert same == text.hex()


CAPTURES = sorted((ROOT / "tests" / "drivers" / "captures").glob("*.json"))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
async def test_every_capture_reads_as_it_did(path):
    kept = capture.load(path)
    assert kept["seen"] and await capture.played(kept) == kept["readings"]


def test_hardware_and_field_are_claimed_with_a_capture_only():
    kept = [capture.load(path) for path in CAPTURES]
    proven = {each["driver"] for each in kept if not each["seen"].startswith("simulated")}
    assert {row[0] for row in catalogue.PRODUCTS if row[5] in (catalogue.HARDWARE, catalogue.FIELD)} <= proven


def test_the_page_of_supported_products_is_current():
    assert devices.PAGE.read_text() == devices.page(), "siteward devices --write"


@pytest.mark.parametrize("kind", new_driver.KINDS)
def test_what_a_new_driver_begins_with_works_in_a_checkout(kind, tmp_path, monkeypatch):
    made = new_driver.files("acme-pm100", kind, "ACME PM100")
    assert len(made) == 3
    for path, text in made.items():
        compile(text, path, "exec")
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--stdin-filename", "drivers/meters/x.py", "-"],
        input=next(iter(made.values())), text=True, capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    spaces = {}
    exec(next(iter(made.values())), spaces)
    assert spaces["AcmePm100"].model == "acme-pm100"


def test_a_new_driver_is_written_and_the_next_steps_are_told(tmp_path, monkeypatch, capsys):
    for folder in ("drivers/meters", "tests/shared", "sim_devices/products"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(new_driver, "ROOT", tmp_path)
    assert new_driver.run(cli._parser().parse_args(["new-driver", "acme-pm100", "meter", "x", "--json"])) == 0
    made = json.loads(capsys.readouterr().out)
    assert len(made["files"]) == 3 and all((tmp_path / path).stat().st_size > 200 for path in made["files"])
    assert any("drivers/catalogue.py" in step for step in made["next"])


def test_a_new_driver_has_a_name_that_is_free():
    with pytest.raises(UsageError, match="small letters"):
        new_driver.run(cli._parser().parse_args(["new-driver", "Acme", "meter", "x"]))
    with pytest.raises(UsageError, match="there already"):
        new_driver.run(cli._parser().parse_args(["new-driver", "eastron-sdm630", "meter", "x"]))
    assert "DOCUMENT" in new_driver.next_steps("acme-pm100", "heat-pump", "x")
