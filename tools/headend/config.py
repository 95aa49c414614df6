"""The head-end's configuration file: which broker, which agents, with which keys it signs.

    [headend]
    database = "headend.sqlite"
    socket = "headend.sock"         # optional: the command door
    receipt_key = "receipt.key"     # private keys: PEM or 32 raw bytes, mode 0600

    [broker]
    host = "127.0.0.1"
    port = 8883
    server_name = "localhost"       # name in the broker's certificate; absent: host
    ca = "ca.crt"
    cert = "head-end.crt"
    cert_key = "head-end-tls.key"

    [[authority]]                   # signs commands
    name = "dso"
    role = "grid"                   # grid: limits · aggregator: claims · owner: both
    key = "dso.key"

    [[agent]]
    name = "house-12"
    public_key = "04…"              # hex, or a file
    revoked = ["6a15…@900"]        # optional: KID or KID@SEQ; what it signs from that record on is refused

Paths are relative to the file. Unknown keys are refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tools.errors import UsageError
from tools.keys import load_private, load_public
from tools.verifier.command import revoked_key
from tools.wire import key_id, point

ROLES = ("grid", "aggregator", "owner")


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How to reach the broker: TLS with a client certificate."""

    host: str
    port: int
    server_name: str
    ca: Path
    cert: Path
    cert_key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A key that signs commands."""

    name: str
    role: str
    key: ec.EllipticCurvePrivateKey

    @property
    def kid(self) -> bytes:
        """Key id as it stands in envelopes."""
        return key_id(point(self.key.public_key()))


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent whose pages are taken."""

    name: str
    public_key: bytes
    revoked: tuple[tuple[bytes, int], ...] = ()  # keys, each with the first record number that it may not sign

    @property
    def agent(self) -> str:
        """Its id in hex, as in topics."""
        return key_id(self.public_key).hex()


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a head-end needs."""

    database: Path
    broker: BrokerAccess
    receipt_key: ec.EllipticCurvePrivateKey
    authorities: tuple[Authority, ...]
    agents: tuple[KnownAgent, ...]
    socket: Path | None = None


def load_settings(path: Path) -> Settings:
    """Read a configuration file. Raises: UsageError, naming key and value."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from error
    root = _Table(f"{path}", tree, path.parent)
    settings = _settings(root)
    root.close()
    return settings


def _settings(root: _Table) -> Settings:
    own = root.table("headend")
    broker = root.table("broker")
    settings = Settings(
        database=own.path("database"),
        socket=own.path("socket") if own.has("socket") else None,
        receipt_key=load_private(own.path("receipt_key")),
        broker=_broker(broker),
        authorities=tuple(_authority(row) for row in root.rows("authority")),
        agents=tuple(_agent(row, root) for row in root.rows("agent")),
    )
    own.close()
    _unique("authority", [authority.name for authority in settings.authorities])
    _unique("agent", [known.agent for known in settings.agents])
    return settings


def _broker(table: _Table) -> BrokerAccess:
    host = table.text("host")
    access = BrokerAccess(
        host=host,
        port=table.number("port", 1, 65535),
        server_name=table.text("server_name") if table.has("server_name") else host,
        ca=table.path("ca"),
        cert=table.path("cert"),
        cert_key=table.path("cert_key"),
    )
    table.close()
    return access


def _authority(table: _Table) -> Authority:
    authority = Authority(table.text("name"), table.text("role"), load_private(table.path("key")))
    if authority.role not in ROLES:
        raise UsageError(f"{table.where} role = {authority.role!r}: expected one of {', '.join(ROLES)}")
    table.close()
    return authority


def _agent(table: _Table, root: _Table) -> KnownAgent:
    given = table.text("public_key")
    beside = root.folder / given
    is_file = len(given) < 100 and beside.is_file()
    public_key = load_public(str(beside) if is_file else given)
    revoked = tuple(revoked_key(each) for each in table.texts("revoked"))
    known = KnownAgent(table.text("name"), public_key, revoked)
    table.close()
    return known


def _unique(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"[[{what}]] {name}: expected each to stand once")


class _Table:
    """One TOML table whose keys are taken one by one; what is left over is unknown."""

    def __init__(self, where: str, tree: Any, folder: Path) -> None:
        if not isinstance(tree, dict):
            raise UsageError(f"{where}: missing, or not a table")
        self.where = where
        self.folder = folder
        self._left = dict(tree)

    def has(self, key: str) -> bool:
        return key in self._left

    def text(self, key: str) -> str:
        found = self._left.pop(key, None)
        if not isinstance(found, str) or not found:
            raise UsageError(f"{self.where} {key} = {found!r}: expected a text")
        return found

    def texts(self, key: str) -> list[str]:
        found = self._left.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise UsageError(f"{self.where} {key} = {found!r}: expected a list of texts")
        return found

    def number(self, key: str, lowest: int, highest: int) -> int:
        found = self._left.pop(key, None)
        if type(found) is not int or not lowest <= found <= highest:
            raise UsageError(f"{self.where} {key} = {found!r}: expected a whole number from {lowest} to {highest}")
        return found

    def path(self, key: str) -> Path:
        return self.folder / self.text(key)

    def table(self, key: str) -> _Table:
        return _Table(f"[{key}]", self._left.pop(key, None), self.folder)

    def rows(self, key: str) -> list[_Table]:
        found = self._left.pop(key, [])
        if not isinstance(found, list):
            raise UsageError(f"[[{key}]]: expected a list of tables")
        return [_Table(f"[[{key}]] {number}", row, self.folder) for number, row in enumerate(found, 1)]

    def close(self) -> None:
        if self._left:
            raise UsageError(f"{self.where} {min(self._left)}: no such key")
