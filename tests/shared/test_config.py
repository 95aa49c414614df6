"""A wrong configuration ends as one sentence that names the key, the value and what was expected."""

from __future__ import annotations

from agent import config
from agent.config import ConfigError, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "04" + "5a" * 64
TABLES = (
    ("site", config.SITE, 0),
    ("agent", config.AGENT, 0),
    ("uplink", config.UPLINK, 0),
    ("wlan", config.WLAN, 0),
    ("clock", config.CLOCK, 0),
    ("authority", config.AUTHORITY, 1),
    ("source", config.SOURCE, 1),
    ("circuit", config.CIRCUIT, 1),
    ("bus", config.SERIAL, 1),
    ("bus", config.TCP, 2),
    ("device", config.DEVICE, 1),
    ("enrolment", config.ENROLMENT, 1),
)
WRONG = (None, True, -1, 1 << 40, "", "x" * 300, "Ä b", b"x", [], [1], {}, {"a": 1})


def tree() -> dict[str, Any]:
    """Return a right configuration with every table in it."""
    return {
        "site": {"name": "house", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "uplink": {"host": "h", "ca": "ca", "cert": "c", "cert_key": "k"},
        "wlan": {"ssid": "house", "password": "wlan.key"},
        "clock": {"ntp": ["192.168.1.1"]},
        "authority": [{"name": "dso", "public_key": KEY, "role": "grid"}],
        "source": [{"name": "relays", "kind": "k", "power_max_w": 20000}],
        "circuit": [{"id": "garage", "fuse_ma": 16000}],
        "bus": [{"id": "rs485", "kind": "serial", "port": "/dev/null"}, {"id": "lan", "kind": "tcp", "host": "h"}],
        "device": [{"id": "grid", "driver": "d", "bus": "lan"}],
        "enrolment": [{"device": "grid", "asset": "em24 4711", "programme": "mfrr", "from": "2026-11-22"}],
    }


def row(made: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """Return one table of a tree; `number` 0 is the table itself, else its place in the list."""
    found: dict[str, Any] = made[name][number - 1] if number else made[name]
    return found


def refusal(made: Any) -> str:
    """Return the sentence that refuses a tree, "" when it is right."""
    try:
        checked(made)
    except ConfigError as fault:
        assert len(fault.args) == 1
        return str(fault.args[0])
    return ""


def test_a_next_key_needs_a_file_of_its_own_and_somebody_who_confirms_it():
    made = tree()
    made["agent"].update({"next_key": "agent.key", "id": "00112233445566AA"})
    assert refusal(made) == "[agent] next_key = 'agent.key': expected another file than key"
    made["agent"]["next_key"] = "agent-2.key"
    assert checked(made).agent["id"] == bytes.fromhex("00112233445566aa")
    del made["uplink"]
    assert refusal(made) == "[agent] next_key: expected an [uplink]: a key follows once receipts have confirmed it"


def test_right_tree_is_filled_with_defaults():
    filled = checked(tree())
    assert filled.agent["tick_ms"] == 1000 and filled.site["meter_stale_ms"] == 10000
    assert filled.authorities[0]["public_key"][0] == 4
    assert filled.devices[0]["default"] is None and filled.devices[0]["options"] == {}


def test_every_wrong_value_of_every_key_is_named():
    for name, fields, number in TABLES:
        for key, _, _ in fields:
            for wrong in WRONG:
                made = tree()
                row(made, name, number)[key] = wrong
                said = refusal(made)
                if said:
                    assert name in said and "expected" in said, said
                    assert key in said or key == "kind" or key == "id", said
                    assert len(said) < 400, said
                assert said or type(wrong) in (int, str), (key, wrong)


def test_every_required_key_is_missed_by_name():
    for name, fields, number in TABLES:
        for key, _, default in fields:
            made = tree()
            row(made, name, number).pop(key, None)
            said = refusal(made)
            assert (said != "") is (default is config.REQUIRED), key
            assert key in said or not said


def test_unknown_keys_are_refused_and_a_devices_own_are_kept():
    for name, fields, number in TABLES:
        if fields in (config.DEVICE, config.SOURCE):
            continue
        made = tree()
        row(made, name, number)["surprise"] = 1
        assert "surprise = 1: no such key" in refusal(made)
    made = tree()
    made["device"][0]["fallback_ma"] = 6000
    assert checked(made).devices[0]["options"] == {"fallback_ma": 6000}
    row(made, "source", 1)["w3"] = "relay-1"
    assert checked(made).sources[0]["options"] == {"w3": "relay-1"}


def test_tables_of_a_wrong_kind_are_refused():
    for wrong in (None, 1, "x", [], [1]):
        assert refusal(wrong)
        for name, _, number in TABLES:
            made = tree()
            made[name] = wrong
            said = refusal(made)
            assert name in said or (number and wrong == []), (name, wrong)
    made = tree()
    made["sight"] = {}
    assert "sight" in refusal(made)
    made = tree()
    made["device"] = made["device"] * 1025
    assert "at most 1024" in refusal(made)


def test_ids_stand_once_and_point_at_something():
    for name in ("authority", "bus", "device"):
        made = tree()
        made[name].append(made[name][0])
        assert "each to stand once" in refusal(made)


def test_two_buses_are_not_on_one_line():
    serial, lan = tree()["bus"]
    for twin, shared in (
        ({"id": "x", "kind": "tcp", "host": "h", "port": 1502}, ""),
        ({"id": "x", "kind": "tcp", "host": "i"}, ""),
        ({"id": "x", "kind": "serial", "port": "/dev/ttyS1"}, ""),
        ({"id": "x", "kind": "tcp", "host": lan["host"], "port": 502}, "h:502"),
        ({"id": "x", "kind": "ascii", "port": serial["port"]}, "/dev/null"),
    ):
        made = tree()
        made["bus"].append(twin)
        assert refusal(made) == (shared and "[[bus]] port = %r: expected each to stand once" % shared)
    made = tree()
    made["site"]["meter"] = "gird"
    assert refusal(made) == "[site] meter = 'gird': expected the id of a [[device]]: grid"
    made = tree()
    made["bus"] = []
    assert refusal(made) == "[[device]] grid bus = 'lan': expected the id of a [[bus]]: there is none"
    for key, where in (("meter", "[[device]]: grid"), ("parent", "[[circuit]] before it: there is none")):
        made = tree()
        made["circuit"][0][key] = "garage"
        assert refusal(made) == "[[circuit]] garage %s = 'garage': expected the id of a %s" % (key, where)
    made = tree()
    made["device"][0]["circuit"] = "cellar"
    assert refusal(made) == "[[device]] grid circuit = 'cellar': expected the id of a [[circuit]]: garage"
    for twin in ("grid", "garage"):
        made = tree()
        made["circuit"].append({"id": twin, "fuse_ma": 16000})
        assert "an id of its own" in refusal(made)


def test_a_source_has_a_name_that_nobody_else_has():
    for name in ("dso", "console", "relays"):
        made = tree()
        made["source"].append({"name": name, "kind": "k", "power_max_w": 0})
        assert "[[source]] name = '%s'" % name in refusal(made), name
    made = tree()
    made["source"] = [dict(made["source"][0], name="s%d" % at) for at in range(9)]
    assert "[[source]]" in refusal(made)


def test_a_phase_switch_moves_one_other_device_that_no_other_one_moves():
    made = tree()
    made["device"] += [
        {"id": "charger", "driver": "d", "bus": "lan"},
        {"id": "phases", "driver": "d", "bus": "lan", "switches": "charger"},
    ]
    assert checked(made).devices[2]["switches"] == "charger" and checked(made).devices[0]["switches"] is None
    made["device"][2]["switches"] = "chargers"
    assert "phases switches = 'chargers': expected the id of a [[device]]: charger, grid, phases" in refusal(made)
    made["device"][2]["switches"] = "phases"
    assert "phases switches = 'phases': expected another device that no other one switches" in refusal(made)
    made["device"][0]["switches"] = made["device"][2]["switches"] = "charger"
    assert "phases switches = 'charger': expected another device that no other one switches" in refusal(made)


def test_circuits_hang_on_those_before_them():
    made = tree()
    made["circuit"].append({"id": "wallbox", "parent": "garage", "fuse_ma": 16000})
    made["device"][0]["circuit"] = "wallbox"
    filled = checked(made)
    assert [(row["id"], row["parent"]) for row in filled.circuits] == [("garage", None), ("wallbox", "garage")]
    assert filled.circuits[1]["import_limit_w"] == 1000000 and filled.circuits[1]["imbalance_ma"] == 0
    made["circuit"].reverse()
    assert (
        refusal(made)
        == "[[circuit]] wallbox parent = 'garage': expected the id of a [[circuit]] before it: there is none"
    )


def test_a_lower_bound_is_not_above_its_upper_one():
    for low, high in (("comfort_min", "comfort_max"), ("soc_min_pct", "soc_max_pct")):
        made = tree()
        made["device"][0][low], made["device"][0][high] = 51, 50
        assert refusal(made) == "[[device]] grid %s = 51: expected at most %s, which is 50" % (low, high)
        made["device"][0][low] = 50
        assert refusal(made) == ""


def test_sizes_fit_into_one_another():
    for key, wrong in (("segment_bytes", 1 << 26), ("page_bytes_max", 60000), ("tick_ms", 6000)):
        made = tree()
        made["agent"]["segment_bytes"] = 32768
        made["agent"][key] = wrong
        assert refusal(made).startswith("[agent] %s = %d: expected at most" % (key, wrong))


def test_time_servers_are_a_few_addresses_and_never_names():
    made = tree()
    made["clock"]["ntp"] = ["192.168.1.1", "10.0.0.255:1123"]
    assert checked(made).clock == {"ntp": [("192.168.1.1", 123), ("10.0.0.255", 1123)]}
    for wrong in (
        "pool.ntp.org",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.4:",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "::1",
        "1..2.3",
    ):
        made["clock"]["ntp"] = [wrong]
        assert refusal(made).startswith("[clock] ntp = %r: expected an IPv4 address" % wrong), wrong
    for wrong_list in ([], ["1.2.3.4"] * 5, "1.2.3.4"):
        made["clock"]["ntp"] = wrong_list
        assert refusal(made).endswith("expected a list of 1 to 4 addresses")


def test_public_key_is_hex_of_the_right_length_and_nothing_else():
    for wrong in ("04", KEY[:-1], KEY + "00", "05" + KEY[2:], KEY[:-2] + " 1", KEY[:-2] + "zz", KEY.encode()):
        made = tree()
        made["authority"][0]["public_key"] = wrong
        assert "130 hex digits" in refusal(made), wrong
    made = tree()
    made["authority"][0]["public_key"] = KEY.upper()
    assert refusal(made) == ""


def enrolled(**changed: Any) -> str:
    """Return the refusal of a tree with a second enrolment."""
    made = tree()
    made["enrolment"].append(dict(made["enrolment"][0], **changed))
    return refusal(made)


def test_dates_are_days_of_utc_that_exist():
    for given, unix_s in (
        ("1970-01-01", 0),
        ("2000-02-29", 951782400),
        ("2026-12-31", 1798675200),
        ("2100-03-01", 4107542400),
    ):
        assert config.day("from", given) == unix_s
    for given in (
        "2026-13-01",
        "2026-00-10",
        "2025-02-29",
        "2100-02-29",
        "1969-12-31",
        "2026-1-1",
        "26-01-01",
        20260101,
    ):
        assert "from" in refusal(dict(tree(), enrolment=[dict(tree()["enrolment"][0], **{"from": given})])), given


def test_an_asset_is_sold_once_at_a_time():
    assert "each asset in one enrolment at a time" in enrolled(programme="other")
    assert "each asset in one enrolment at a time" in enrolled(**{"from": "2030-01-01"})
    assert enrolled(asset="another") == ""
    made = tree()
    made["enrolment"][0]["until"] = "2027-01-01"
    made["enrolment"].append(dict(made["enrolment"][0], **{"from": "2027-01-01", "until": "2027-02-01"}))
    assert refusal(made) == ""
    made["enrolment"][1]["from"] = "2026-12-31"
    assert "each asset in one enrolment at a time" in refusal(made)
    assert "a day after from" in enrolled(asset="another", until="2026-11-22")
    assert "the id of a [[device]]" in enrolled(asset="another", device="nobody")
