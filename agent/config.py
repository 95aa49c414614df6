"""A site's configuration: one tree of plain values, checked before anything is opened.

The tree comes from TOML on a gateway and from JSON on a board; docs/config.md explains every key. An
error names the key, the value and what was expected. Unknown keys are refused, except in the table of a
device or source: what the agent does not know there is handed to driver or source, which checks it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Check = Callable[[str, Any], Any]
    Field = tuple[str, Check, Any]

SHOWN_MAX = 60  # characters of a wrong value that an error repeats
ROLES = ("grid", "aggregator", "owner", "receipt")


class ConfigError(Exception):
    """Args: one sentence with key, value and what was expected."""


class _Required:
    """Marks a key that has no default."""


REQUIRED = _Required()


def _refuse(key: str, given: object, expected: str) -> ConfigError:
    return ConfigError("%s = %s: expected %s" % (key, _shown(given), expected))


def _shown(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= SHOWN_MAX else shown[:SHOWN_MAX] + "..."


def whole(lowest: int, highest: int, off: int | None = None) -> Check:
    """Return a check for a whole number within bounds, or `off` outside them."""

    def check(key: str, given: Any) -> int:
        if type(given) is not int or not (lowest <= given <= highest or given == off):
            either = "" if off is None else "%d or " % off
            raise _refuse(key, given, either + "a whole number from %d to %d" % (lowest, highest))
        return given

    return check


def text(longest: int = 255) -> Check:
    """Return a check for a non-empty text."""

    def check(key: str, given: Any) -> str:
        if type(given) is not str or not 0 < len(given) <= longest:
            raise _refuse(key, given, "a text of 1 to %d characters" % longest)
        return given

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of a few words."""

    def check(key: str, given: Any) -> str:
        if type(given) is not str or given not in allowed:
            raise _refuse(key, given, "one of " + ", ".join(allowed))
        return given

    return check


def identifier(key: str, given: Any) -> str:
    """Check a device or bus id: 1 to 16 of a-z, 0-9 and '-'."""
    if type(given) is not str or not 0 < len(given) <= 16 or given.strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise _refuse(key, given, "1 to 16 characters out of a-z, 0-9 and '-'")
    return given


def day(key: str, given: Any) -> int:
    """Check a date like 2026-12-31; return the Unix seconds at which it begins in UTC."""
    parts = given.split("-") if type(given) is str else []
    if [len(part) for part in parts] != [4, 2, 2] or "".join(parts).strip("0123456789"):
        raise _refuse(key, given, "a date like 2026-12-31")
    year, month, of_month = [int(part) for part in parts]
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= of_month <= longest[month - 1]):
        raise _refuse(key, given, "a day that exists, from 1970 on")
    before = year - 1
    days = year * 365 + before // 4 - before // 100 + before // 400 - 719527
    return (days + sum(longest[: month - 1]) + of_month - 1) * 86400


def agent_id(key: str, given: Any) -> bytes:
    """Check an agent's name: 16 hex digits."""
    digits = given.lower() if type(given) is str else ""
    if len(digits) != 16 or digits.strip("0123456789abcdef"):
        raise _refuse(key, given, "16 hex digits, the key_id of the agent's first key")
    return bytes.fromhex(digits)


def public_key(key: str, given: Any) -> bytes:
    """Check a SEC1 uncompressed P-256 point in hex, 65 bytes."""
    digits = given.lower() if type(given) is str else ""
    if len(digits) != 130 or not digits.startswith("04") or digits.strip("0123456789abcdef"):
        raise _refuse(key, given, "a P-256 public key: 130 hex digits that begin with 04")
    return bytes.fromhex(digits)


def servers(key: str, given: Any) -> list[tuple[str, int]]:
    """Check 1 to 4 IPv4 addresses, each `address` or `address:port`; return (address, port), port 123 unless it says.

    A name would have to be looked up, which blocks a board for seconds.
    """
    if type(given) is not list or not 0 < len(given) <= 4:
        raise _refuse(key, given, "a list of 1 to 4 addresses")
    return [_address(key, each) for each in given]


def _address(key: str, given: Any) -> tuple[str, int]:
    host, _, port = (given if type(given) is str else "").partition(":")
    port = port if ":" in str(given) else "123"
    numbers = host.split(".") + [port]
    fits = [0 < len(each) < 6 and not each.strip("0123456789") for each in numbers]
    if (
        len(numbers) != 5
        or False in fits
        or max([int(each) for each in numbers[:4]]) > 255
        or not 0 < int(port) < 65536
    ):
        raise _refuse(key, given, "an IPv4 address like 192.168.1.1, or 192.168.1.1:123")
    return host, int(port)


SITE: tuple[Field, ...] = (
    ("name", text(64), REQUIRED),
    ("meter", identifier, None),
    ("import_limit_w", whole(0, 1000000), REQUIRED),
    ("export_limit_w", whole(0, 1000000), REQUIRED),
    ("fuse_ma", whole(1000, 1000000), REQUIRED),
    ("imbalance_ma", whole(0, 1000000), 0),
    ("meter_stale_ms", whole(1000, 60000), 10000),
)
CIRCUIT: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("parent", identifier, None),
    ("fuse_ma", whole(1000, 1000000), REQUIRED),
    ("meter", identifier, None),
    ("import_limit_w", whole(0, 1000000), 1000000),
    ("export_limit_w", whole(0, 1000000), 1000000),
    ("imbalance_ma", whole(0, 1000000), 0),
    ("meter_stale_ms", whole(1000, 60000), 10000),
)
AGENT: tuple[Field, ...] = (
    ("key", text(), REQUIRED),
    ("next_key", text(), None),
    ("id", agent_id, None),
    ("journal", text(), "journal"),
    ("journal_bytes_max", whole(65536, 1 << 34), 67108864),
    ("segment_bytes", whole(4096, 1 << 26), 262144),
    ("tick_ms", whole(100, 10000), 1000),
    ("reading_s", whole(1, 3600), 60),
    ("page_s", whole(1, 3600), 900),
    ("page_bytes_max", whole(1024, 60000), 8192),
    ("sync_ms", whole(0, 60000), 1000),
    ("lease_ms", whole(2000, 60000), 10000),
    ("recorder_bytes_max", whole(65536, 1 << 34, 0), 8388608),
)
UPLINK: tuple[Field, ...] = (
    ("host", text(), REQUIRED),
    ("port", whole(1, 65535), 8883),
    ("server_name", text(), None),
    ("ca", text(), REQUIRED),
    ("cert", text(), REQUIRED),
    ("cert_key", text(), REQUIRED),
)
WLAN: tuple[Field, ...] = (
    ("ssid", text(32), REQUIRED),
    ("password", text(), None),
)
SOURCE: tuple[Field, ...] = (
    ("name", identifier, REQUIRED), ("kind", text(32), REQUIRED), ("power_max_w", whole(0, 1000000), REQUIRED),
    ("role", one_of("grid", "aggregator", "owner", "utility"), None), ("reservations", whole(0, 16), 0))  # fmt: skip
CLOCK: tuple[Field, ...] = (("ntp", servers, REQUIRED),)
AUTHORITY: tuple[Field, ...] = (
    ("name", identifier, REQUIRED), ("public_key", public_key, REQUIRED), ("role", one_of(*ROLES), REQUIRED),
    ("power_max_w", whole(0, 1000000), 0), ("reservations", whole(0, 16), 0))  # fmt: skip
SERIAL: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("kind", one_of("serial", "ascii", "tcp", "pins"), REQUIRED),
    ("port", text(), REQUIRED),
    ("baud", whole(1200, 921600), 9600),
    ("parity", one_of("N", "E", "O"), "N"),
    ("stop_bits", whole(1, 2), 1),
)
TCP: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("kind", one_of("tcp"), REQUIRED),
    ("host", text(), REQUIRED),
    ("port", whole(1, 65535), 502),
)
PINS: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("kind", one_of("pins"), REQUIRED),
)
SETPOINT = whole(-1000000, 1000000)
DEVICE: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("driver", text(32), REQUIRED),
    ("bus", identifier, REQUIRED),
    ("unit", whole(0, 255), 1),
    ("phases", whole(1, 7), 7),
    ("power_max_w", whole(0, 1000000), 0),
    ("default", SETPOINT, None),
    ("fallback", SETPOINT, None),
    ("priority", whole(0, 255), 100),
    ("circuit", identifier, None),
    ("switches", identifier, None),
    ("comfort_min", SETPOINT, None),
    ("comfort_max", SETPOINT, None),
    ("on_s", whole(0, 86400), None),
    ("off_s", whole(0, 86400), None),
    ("off_max_s", whole(0, 86400), None),
    ("starts_per_h", whole(0, 60), None),
    ("soc_min_pct", whole(0, 100), None),
    ("soc_max_pct", whole(0, 100), None),
    ("ramp_w_s", whole(0, 1000000), None),
    ("writes_per_day", whole(1, 1000000), None),
)
ENROLMENT: tuple[Field, ...] = (
    ("device", identifier, REQUIRED),
    ("asset", text(128), REQUIRED),
    ("programme", text(64), REQUIRED),
    ("from", day, REQUIRED),
    ("until", day, 0),
)
CONSOLE: tuple[Field, ...] = (
    ("port", text(), REQUIRED),
    ("baud", whole(1200, 921600), 115200),
)
TABLES = ("site", "agent", "uplink", "wlan", "clock", "console", "authority", "source", "circuit", "bus", "device",
    "enrolment")  # fmt: skip
BUSES_MAX = 1024
DEVICES_MAX = 1024
AUTHORITIES_MAX = 16
SOURCES_MAX = 8
CIRCUITS_MAX = 64
ENROLMENTS_MAX = 256


class Config:
    """The checked tree; every table is a dict with all its keys, absent optional ones are None.

    It has no methods: a board keeps it a little longer than this module, which a method would hold.
    """

    site: dict[str, Any]
    agent: dict[str, Any]
    uplink: dict[str, Any] | None
    wlan: dict[str, Any] | None  # these two only where a board joins its network itself
    clock: dict[str, Any] | None
    console: dict[str, Any] | None
    authorities: list[dict[str, Any]]
    sources: list[dict[str, Any]]  # each with its kind's own keys under "options"
    circuits: list[dict[str, Any]]  # each after the one it hangs on
    buses: list[dict[str, Any]]
    devices: list[dict[str, Any]]  # each with its driver's own keys under "options"
    enrolments: list[dict[str, Any]]  # under which programme a device is sold, in Unix seconds


def checked(tree: dict[str, Any]) -> Config:
    """Return the configuration that `tree` holds. Raises: ConfigError."""
    if type(tree) is not dict:
        raise _refuse("the configuration", tree, "tables")
    for key in tree:
        if key not in TABLES:
            raise ConfigError("[%s]: no such table; expected one of %s" % (key, ", ".join(TABLES)))
    config = Config()
    config.site = checked_table("[site]", SITE, tree.get("site"))
    config.agent = checked_table("[agent]", AGENT, tree.get("agent"))
    config.uplink = checked_table("[uplink]", UPLINK, tree["uplink"]) if "uplink" in tree else None
    config.wlan = checked_table("[wlan]", WLAN, tree["wlan"]) if "wlan" in tree else None
    config.clock = checked_table("[clock]", CLOCK, tree["clock"]) if "clock" in tree else None
    config.console = checked_table("[console]", CONSOLE, tree["console"]) if "console" in tree else None
    config.authorities, config.circuits, config.buses, config.devices = [], [], [], []
    for where, raw in _rows(tree, "authority", AUTHORITIES_MAX):
        config.authorities.append(checked_table(where, AUTHORITY, raw))
    config.sources = [checked_table(where, SOURCE, raw, "options") for where, raw in _rows(tree, "source", SOURCES_MAX)]
    for where, raw in _rows(tree, "circuit", CIRCUITS_MAX):
        config.circuits.append(checked_table(where, CIRCUIT, raw))
    for where, raw in _rows(tree, "bus", BUSES_MAX):
        kind = raw.get("kind") if type(raw) is dict else None
        fields = TCP if kind == "tcp" else PINS if kind == "pins" else SERIAL
        config.buses.append(checked_table(where, fields, raw))
    for where, raw in _rows(tree, "device", DEVICES_MAX):
        config.devices.append(checked_table(where, DEVICE, raw, "options"))
    config.enrolments = [
        checked_table(where, ENROLMENT, raw) for where, raw in _rows(tree, "enrolment", ENROLMENTS_MAX)
    ]
    _cross_check_sizes(config.agent)
    _cross_check_keys(config)
    _cross_check_ids(config)
    _cross_check_enrolments(config.enrolments, {row["id"]: True for row in config.devices})
    return config


def _rows(tree: dict[str, Any], key: str, longest: int) -> list[tuple[str, Any]]:
    rows = tree.get(key, [])
    if type(rows) is not list or len(rows) > longest:
        raise _refuse("[[%s]]" % key, rows, "a list of at most %d tables" % longest)
    return [("[[%s]] %d" % (key, at + 1), raw) for at, raw in enumerate(rows)]


def checked_table(where: str, fields: tuple[Field, ...], raw: Any, rest: str | None = None) -> dict[str, Any]:
    """Check one table; what it does not know goes into `rest`, or is refused where there is none: ConfigError."""
    if type(raw) is not dict:
        raise _refuse(where, raw, "a table with " + _names(fields))
    table: dict[str, Any] = {}
    for key, check, default in fields:
        if key in raw:
            table[key] = check("%s %s" % (where, key), raw[key])
        elif default is REQUIRED:
            raise ConfigError("%s: %s is missing" % (where, key))
        else:
            table[key] = default
    unknown = {key: raw[key] for key in raw if key not in table}
    if rest is None:
        for key in sorted(unknown):
            raise ConfigError("%s %s = %s: no such key; expected %s" % (where, key, _shown(raw[key]), _names(fields)))
    else:
        table[rest] = unknown
    return table


def _names(fields: tuple[Field, ...]) -> str:
    return ", ".join([field[0] for field in fields])


def _cross_check_sizes(agent: dict[str, Any]) -> None:
    """Refuse sizes that do not fit into one another."""
    for key, outer, parts in (
        ("segment_bytes", "journal_bytes_max", 4),  # the journal drops whole segments to make room
        ("page_bytes_max", "segment_bytes", 1),
        ("tick_ms", "lease_ms", 2),  # a lease must not end between two ticks
    ):
        if agent[key] * parts > agent[outer]:
            share = outer if parts == 1 else "%s / %d" % (outer, parts)
            raise _refuse("[agent] " + key, agent[key], "at most %s, which is %d" % (share, agent[outer] // parts))


def _cross_check_keys(config: Config) -> None:
    """Refuse a next key that can never follow."""
    following = config.agent["next_key"]
    if following is not None and following == config.agent["key"]:
        raise _refuse("[agent] next_key", following, "another file than key")
    if following is not None and config.uplink is None:
        raise ConfigError("[agent] next_key: expected an [uplink]: a key follows once receipts have confirmed it")


def _cross_check_ids(config: Config) -> None:
    """Refuse ids that stand twice and references to nothing."""
    names = _unique("[[authority]] name", [row["name"] for row in config.authorities])
    if "console" in names:
        raise _refuse("[[authority]] name", "console", "another name: this one is the console's own")
    _unique("[[source]] name", ["console"] + sorted(names) + [row["name"] for row in config.sources])
    _unique("[[authority]] public_key", [row["public_key"].hex() for row in config.authorities])
    buses = _unique("[[bus]] id", [row["id"] for row in config.buses])
    _unique("[[bus]] kind", [row["kind"] for row in config.buses if row["kind"] == "pins"])
    # A line has one queue: what shares it would mix up answers, and many products take one connection only.
    lines = [(row.get("host", ""), row["port"]) for row in config.buses if row["kind"] != "pins"]
    _unique("[[bus]] port", ["%s:%s" % line if line[0] else line[1] for line in lines])
    devices = _unique("[[device]] id", [row["id"] for row in config.devices])
    for row in config.devices:
        _known("[[device]] %s bus" % row["id"], row["bus"], "[[bus]]", buses)
    _cross_check_circuits(config.circuits, devices)
    _cross_check_switches(config.devices, devices)
    circuits = {row["id"]: True for row in config.circuits}
    for row in config.devices:
        where = "[[device]] %s " % row["id"]
        if row["circuit"] is not None:
            _known(where + "circuit", row["circuit"], "[[circuit]]", circuits)
        for low, high in (("comfort_min", "comfort_max"), ("soc_min_pct", "soc_max_pct")):
            if row[low] is not None and row[high] is not None and row[low] > row[high]:
                raise _refuse(where + low, row[low], "at most %s, which is %d" % (high, row[high]))
    if config.site["meter"] is not None:
        _known("[site] meter", config.site["meter"], "[[device]]", devices)


def _cross_check_switches(rows: list[dict[str, Any]], devices: dict[str, bool]) -> None:
    """Refuse a charger whose phases are moved by itself, or by two switches."""
    before: dict[str, bool] = {}
    for row in rows:
        key, moved = "[[device]] %s switches" % row["id"], row["switches"]
        if moved is not None:
            _known(key, moved, "[[device]]", devices)
            if moved == row["id"] or moved in before:
                raise _refuse(key, moved, "another device that no other one switches")
            before[moved] = True


def _cross_check_circuits(circuits: list[dict[str, Any]], devices: dict[str, bool]) -> None:
    """Refuse a circuit that hangs on one that stands after it: so none hangs on itself."""
    before: dict[str, bool] = {}
    for row in circuits:
        where = "[[circuit]] %s " % row["id"]
        if row["id"] in before or row["id"] in devices:
            raise _refuse(where + "id", row["id"], "each circuit and device to have an id of its own")
        if row["parent"] is not None:
            _known(where + "parent", row["parent"], "[[circuit]] before it", before)
        if row["meter"] is not None:
            _known(where + "meter", row["meter"], "[[device]]", devices)
        before[row["id"]] = True


def _cross_check_enrolments(rows: list[dict[str, Any]], devices: dict[str, bool]) -> None:
    """Refuse to sell an asset twice for the same time."""
    for at, row in enumerate(rows):
        where = "[[enrolment]] %d " % (at + 1)
        _known(where + "device", row["device"], "[[device]]", devices)
        if row["until"] and row["until"] <= row["from"]:
            raise ConfigError(where + "until: expected a day after from")
        for other in rows[:at]:
            apart = 0 < row["until"] <= other["from"] or 0 < other["until"] <= row["from"]
            if row["asset"] == other["asset"] and not apart:
                raise _refuse(where + "asset", row["asset"], "each asset in one enrolment at a time")


def _unique(key: str, names: list[str]) -> dict[str, bool]:
    seen: dict[str, bool] = {}
    for name in names:
        if name in seen:
            raise _refuse(key, name, "each to stand once")
        seen[name] = True
    return seen


def _known(key: str, given: str, where: str, ids: dict[str, bool]) -> None:
    if given not in ids:
        raise _refuse(key, given, "the id of a %s: %s" % (where, _few(sorted(ids))))


def _few(ids: list[str]) -> str:
    if not ids:
        return "there is none"
    return ", ".join(ids[:10]) + (" ..." if len(ids) > 10 else "")
