"""A site's configuration: one tree of plain values, checked before anything is opened.

The tree comes from TOML on a gateway and from JSON on a board; docs/config.md explains every key. An
error names the key, the value and what was expected. Unknown keys are refused, except in a device
table: what the agent does not know there is handed to the driver, which checks it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Check = Callable[[str, Any], Any]
    Field = tuple[str, Check, Any]

ROLES = ("grid", "aggregator", "owner", "receipt")


class ConfigError(Exception):
    """Args: one sentence with key, value and what was expected."""


class _Required:
    """Marks a key that has no default."""


REQUIRED = _Required()


def _refuse(key: str, value: object, expected: str) -> ConfigError:
    return ConfigError("%s = %r: expected %s" % (key, value, expected))


def whole(lowest: int, highest: int) -> Check:
    """Return a check for a whole number within bounds."""

    def check(key: str, value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise _refuse(key, value, "a whole number from %d to %d" % (lowest, highest))
        return value

    return check


def text(longest: int = 255) -> Check:
    """Return a check for a non-empty text."""

    def check(key: str, value: Any) -> str:
        if type(value) is not str or not 0 < len(value) <= longest:
            raise _refuse(key, value, "a text of 1 to %d characters" % longest)
        return value

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of a few words."""

    def check(key: str, value: Any) -> str:
        if value not in allowed:
            raise _refuse(key, value, "one of " + ", ".join(allowed))
        assert type(value) is str
        return value

    return check


def identifier(key: str, value: Any) -> str:
    """Check a device or bus id: 1 to 16 of a-z, 0-9 and '-'."""
    if type(value) is not str or not 0 < len(value) <= 16 or value.strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise _refuse(key, value, "1 to 16 characters out of a-z, 0-9 and '-'")
    return value


def public_key(key: str, value: Any) -> bytes:
    """Check a SEC1 uncompressed P-256 point in hex, 65 bytes."""
    try:
        raw = bytes.fromhex(value)
    except (TypeError, ValueError):
        raw = b""
    if len(raw) != 65 or raw[0] != 4:
        raise _refuse(key, value, "a P-256 public key: 130 hex digits that begin with 04")
    return raw


SITE: tuple[Field, ...] = (
    ("name", text(64), REQUIRED),
    ("meter", identifier, None),
    ("import_limit_w", whole(0, 1000000), REQUIRED),
    ("export_limit_w", whole(0, 1000000), REQUIRED),
    ("fuse_ma", whole(1000, 1000000), REQUIRED),
    ("meter_stale_ms", whole(1000, 60000), 10000),
)
AGENT: tuple[Field, ...] = (
    ("key", text(), REQUIRED),
    ("journal", text(), "journal"),
    ("journal_bytes_max", whole(65536, 1 << 34), 67108864),
    ("segment_bytes", whole(4096, 1 << 26), 262144),
    ("tick_ms", whole(100, 10000), 1000),
    ("reading_s", whole(1, 3600), 60),
    ("page_s", whole(1, 3600), 900),
    ("page_bytes_max", whole(1024, 60000), 8192),
    ("sync_ms", whole(0, 60000), 1000),
    ("lease_ms", whole(2000, 60000), 10000),
)
UPLINK: tuple[Field, ...] = (
    ("host", text(), REQUIRED),
    ("port", whole(1, 65535), 8883),
    ("server_name", text(), None),
    ("ca", text(), REQUIRED),
    ("cert", text(), REQUIRED),
    ("cert_key", text(), REQUIRED),
)
AUTHORITY: tuple[Field, ...] = (
    ("name", identifier, REQUIRED),
    ("public_key", public_key, REQUIRED),
    ("role", one_of(*ROLES), REQUIRED),
    ("power_max_w", whole(0, 1000000), 0),
)
SERIAL: tuple[Field, ...] = (
    ("id", identifier, REQUIRED),
    ("kind", one_of("serial"), REQUIRED),
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
)
BUSES_MAX = 1024
DEVICES_MAX = 1024
AUTHORITIES_MAX = 16


class Config:
    """The checked tree; every table is a dict with all its keys, absent optional ones are None."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.site: dict[str, Any] = {}
        self.agent: dict[str, Any] = {}
        self.uplink: dict[str, Any] | None = None
        self.authorities: list[dict[str, Any]] = []
        self.buses: list[dict[str, Any]] = []
        self.devices: list[dict[str, Any]] = []  # each with its driver's own keys under "options"
        _fill(self, tree)


def _fill(config: Config, tree: dict[str, Any]) -> None:
    if type(tree) is not dict:
        raise ConfigError("the configuration is not a table")
    for key in sorted(tree):
        if key not in ("site", "agent", "uplink", "authority", "bus", "device"):
            raise ConfigError("[%s]: no such table; expected site, agent, uplink, authority, bus or device" % key)
    config.site = _table("[site]", SITE, tree.get("site"))
    config.agent = _table("[agent]", AGENT, tree.get("agent"))
    if "uplink" in tree:
        config.uplink = _table("[uplink]", UPLINK, tree["uplink"])
    for number, raw in enumerate(_list(tree, "authority", AUTHORITIES_MAX)):
        config.authorities.append(_table("[[authority]] %d" % (number + 1), AUTHORITY, raw))
    for number, raw in enumerate(_list(tree, "bus", BUSES_MAX)):
        fields = TCP if type(raw) is dict and raw.get("kind") == "tcp" else SERIAL
        config.buses.append(_table("[[bus]] %d" % (number + 1), fields, raw))
    for number, raw in enumerate(_list(tree, "device", DEVICES_MAX)):
        config.devices.append(_table("[[device]] %d" % (number + 1), DEVICE, raw, "options"))
    _cross_check(config)


def _list(tree: dict[str, Any], key: str, longest: int) -> list[Any]:
    rows = tree.get(key, [])
    if type(rows) is not list or len(rows) > longest:
        raise ConfigError("[[%s]]: expected a list of at most %d tables" % (key, longest))
    return rows


def _table(where: str, fields: tuple[Field, ...], raw: Any, rest: str | None = None) -> dict[str, Any]:
    """Check one table; keys it does not know go into `rest`, or are refused where there is none."""
    if type(raw) is not dict:
        raise ConfigError("%s: missing, or not a table" % where)
    checked: dict[str, Any] = {}
    for key, check, default in fields:
        if key in raw:
            checked[key] = check("%s %s" % (where, key), raw[key])
        elif default is REQUIRED:
            raise ConfigError("%s: %s is missing" % (where, key))
        else:
            checked[key] = default
    unknown = {key: raw[key] for key in raw if key not in checked}
    if rest is not None:
        checked[rest] = unknown
    elif unknown:
        key = sorted(unknown)[0]
        raise ConfigError("%s %s = %r: no such key; expected %s" % (where, key, unknown[key], ", ".join(f[0] for f in fields)))
    return checked


def _cross_check(config: Config) -> None:
    """Refuse ids that stand twice and references to nothing."""
    _unique("[[authority]] name", [row["name"] for row in config.authorities])
    _unique("[[authority]] public_key", [row["public_key"].hex() for row in config.authorities])
    _unique("[[bus]] id", [row["id"] for row in config.buses])
    _unique("[[device]] id", [row["id"] for row in config.devices])
    buses = [row["id"] for row in config.buses]
    for row in config.devices:
        if row["bus"] not in buses:
            raise _refuse("[[device]] %s bus" % row["id"], row["bus"], "the id of a [[bus]]: " + (", ".join(buses) or "there is none"))
    devices = [row["id"] for row in config.devices]
    meter = config.site["meter"]
    if meter is not None and meter not in devices:
        raise _refuse("[site] meter", meter, "the id of a [[device]]: " + (", ".join(devices) or "there is none"))


def _unique(key: str, values: list[str]) -> None:
    seen = {}
    for value in values:
        if value in seen:
            raise _refuse(key, value, "each to stand once")
        seen[value] = True
