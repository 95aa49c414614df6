"""An OpenADR VTN: programmes and events that come and go, and lists that are stale, contradictory, huge or nonsense.

Everything below the session is real: what it answers is bytes. A refusal has to be found under the event's name; a good
event that was listed holds while it lasts. Source: docs/openadr.md; OpenADR 3.1.0 as it cites it.
"""

from __future__ import annotations

import json
import random
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.limits import IMPORT
from boards.cpython.openadr.known import MISSES
from boards.cpython.openadr.ven import Ven
from boards.cpython.openadr.vtn import Vtn, VtnError
from boards.cpython.s2.messages import moment
from boards.cpython.strict_json import BODY_BYTES_MAX, Malformed, parsed
from tools.simulate.peers import nonsense
from tools.simulate.peers.base import FarSide, Owed

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

POLL_S = 60
EVENTS_MAX = 24
LIMITS_KW = (0, 1, 3, 6, 9)
STARTS_S = (-60, 0, 60, 600)
LASTS_S = (120, 900, 3600)
SETTLE_MS = 20_000  # until a list that was read is in force: the VEN looks each 10 s


@dataclass
class Told:
    """One event as the VTN has it, and since when the VEN has seen it as it is."""

    document: dict[str, Any]
    start_ms: int
    end_ms: int
    limit_w: int | None  # of the connection; None: it asks for something else, or for nonsense
    refused: bool = False  # nobody may take it
    read_ms: int | None = None
    missed: int = 0  # lists in a row that were without it


class SimVtn(Vtn):
    """The VTN's HTTP interface without HTTP."""

    def __init__(self, server: Server) -> None:
        super().__init__("https://vtn", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None, None)
        self._server = server

    async def _exchange(self, method: str, url: str, headers: dict[str, str], **more: Any) -> Any:
        assert "Authorization" not in headers  # nobody gave it a token
        status, raw = self._server.answer(method, url.removeprefix("https://vtn"), more.get("params") or {})
        if status != 200:
            raise VtnError(f"{method} {url}: status {status}", status)
        if len(raw) > BODY_BYTES_MAX:
            raise VtnError(f"{method} {url}: more than {BODY_BYTES_MAX} bytes")
        self.read_bytes += len(raw)
        try:
            return parsed(raw)
        except Malformed as refusal:
            raise VtnError(f"{method} {url}: {refusal.args[0]}") from refusal


class Server(FarSide):
    """One VTN with one programme."""

    kind = "openadr"
    words = (
        "event", "event", "event", "event", "edit", "delete", "stale", "twice", "bad", "bad", "absurd", "many",
        "vanish", "forget", "error", "redirect", "noise", "truncated", "deep", "doubled", "huge", "mutated",
    )  # fmt: skip

    def __init__(self, row: dict[str, Any], world: World) -> None:
        super().__init__(row, world)
        self._told: dict[str, Told] = {}
        self._count = 0
        self._spoil = ""
        self._spoil_until_ms = 0
        self._rng = random.Random(f"{self.name}/lists")  # noqa: S311  (a seed, no secret)
        self._ven: Ven | None = None
        self._is_spoiled = False  # a list that nobody can read was given
        self._why = ""

    @staticmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return a source for the site and one of its devices."""
        targets = {"house": "", **{name: name for name in list(made.kinds)[1:3]}}
        return {
            "name": "vtn", "kind": Server.kind, "role": rng.choice(["utility", "grid", "aggregator"]),
            "power_max_w": 30000, "url": "https://vtn", "ven_name": "simulated", "notices": "none", "poll_s": POLL_S,
            "targets": targets,
        }  # fmt: skip

    def begin(self, life: Life, peer: Ven) -> None:
        """Meet the VEN of a new life."""
        self._ven, self._is_spoiled = peer, False
        for told in self._told.values():
            told.read_ms = None
        peer.notes_to(self.hear_note)
        peer.pause_ms = self.pause_ms
        self.run(life, peer.serve(SimVtn(self)))

    def act(self, word: str, seed: int, seconds: int) -> None:
        """Change what is listed, or how."""
        rng = random.Random(seed)  # noqa: S311  (a seed, no secret)
        if word == "vanish":
            self.go_away(seconds)
        elif hasattr(self, "_make_" + word):
            self._told = {name: told for name, told in self._told.items() if told.end_ms > self.civil_ms - 3_600_000}
            getattr(self, "_make_" + word)(rng)
        else:
            self._spoil, self._spoil_until_ms = word, self.world.now_ms + seconds * 1000

    def heal(self) -> None:
        """Answer sense from now on."""
        self.away_until_ms = self._spoil_until_ms = 0

    def _make_event(self, rng: random.Random) -> None:
        if len(self._told) < EVENTS_MAX:
            self._count += 1
            self._put(rng, f"event-{self._count}")

    def _put(self, rng: random.Random, name: str) -> None:
        """Put an event of whole numbers into the list, in the place of one of its name."""
        start_ms = (self.civil_ms // 1000 + rng.choice(STARTS_S)) * 1000
        kind = rng.choice(["IMPORT_CAPACITY_LIMIT"] * 4 + ["EXPORT_CAPACITY_LIMIT", "DISPATCH_SETPOINT", "PRICE"])
        lasts_s, amount = rng.choice(LASTS_S), rng.choice(LIMITS_KW)
        limits = kind == "IMPORT_CAPACITY_LIMIT" and self.row["role"] != "aggregator"
        document = self._document(name, kind, amount, start_ms, f"PT{lasts_s}S")
        self._told[name] = Told(document, start_ms, start_ms + lasts_s * 1000, amount * 1000 if limits else None)

    def _document(self, name: str, kind: str, amount: Any, start_ms: int, duration: str) -> dict[str, Any]:
        return {
            "id": name, "programID": "programme", "modificationDateTime": moment(self.civil_ms),
            "targets": ["house"], "intervalPeriod": {"start": moment(start_ms), "duration": duration},
            "payloadDescriptors": [{"payloadType": kind, "units": "KW"}],
            "intervals": [{"id": 0, "payloads": [{"type": kind, "values": [amount]}]}],
        }  # fmt: skip

    def _make_edit(self, rng: random.Random) -> None:
        if self._told:
            self._put(rng, rng.choice(sorted(self._told)))

    def _make_delete(self, rng: random.Random) -> None:
        if self._told:
            del self._told[rng.choice(sorted(self._told))]

    def _make_stale(self, rng: random.Random) -> None:
        """Show an event as it was an hour ago: more freely, and older."""
        good = [name for name, told in self._told.items() if told.limit_w is not None]
        if good:
            told = self._told[rng.choice(sorted(good))]
            told.document = json.loads(json.dumps(told.document))
            told.document["modificationDateTime"] = moment(self.civil_ms - 3_600_000)
            told.document["intervals"][0]["payloads"][0]["values"] = [30]
            told.limit_w = None

    def _make_twice(self, rng: random.Random) -> None:
        """List one name with two meanings."""
        self._make_event(rng)
        name = f"event-{self._count}"
        if name in self._told:
            self._told[name].limit_w = None
            self._told[name].document["twice"] = True

    def _make_bad(self, rng: random.Random) -> None:
        """Put in what makes no sense at all."""
        self._count += 1
        now_ms = self.civil_ms
        amount, duration, start_ms = rng.choice([
            (-1, "PT1H", now_ms), (10**12, "PT1H", now_ms), (31, "PT1H", now_ms), ("6", "PT1H", now_ms),
            (None, "PT1H", now_ms), (6, "-PT1H", now_ms), (6, "PT1H1", now_ms), (6, "one hour", now_ms),
            (1e300, "PT1H", now_ms),
        ])  # fmt: skip
        name = f"bad-{self._count}"
        document = self._document(name, "IMPORT_CAPACITY_LIMIT", amount, start_ms, duration)
        self._told[name] = Told(document, now_ms, now_ms + 3_600_000, None, refused=True)

    def _make_many(self, _rng: random.Random) -> None:
        """More intervals than anybody needs, which is less than a body may hold."""
        self._count += 1
        document = self._document(f"many-{self._count}", "IMPORT_CAPACITY_LIMIT", 0, self.civil_ms, "PT1S")  # 50 min
        document["intervals"] = [{"id": at, "payloads": []} for at in range(3000)]
        self._told[f"many-{self._count}"] = Told(document, self.civil_ms, self.civil_ms + 300_000, None, refused=True)

    def _make_absurd(self, rng: random.Random) -> None:
        """Put in an event of which one thing is absurd: it may be taken for another."""
        self._make_event(rng)
        told = self._told.get(f"event-{self._count}")
        if told is not None:
            told.limit_w, told.document = None, nonsense.mutated(rng, told.document)

    def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body. Raises: VtnError while nobody is there."""
        self.heard += 1
        if self._is_spoiled and self._ven is not None and not self._ven.trouble:
            self._why = "a list that nobody can read was read"
        self._is_spoiled = False
        if self.is_away:
            raise VtnError(f"{method} {path}: nobody is there")
        if method != "GET":
            return 200, b"{}"
        spoil = self._spoil if self.world.now_ms < self._spoil_until_ms else ""
        if spoil in ("error", "redirect"):
            return self._rng.choice([401, 404, 429, 500]) if spoil == "error" else 302, b"{}"
        if path == "/programs":
            return 200, nonsense.text([{"id": "programme", "programName": "simulated"}])
        skip = int(query.get("skip", 0))
        return 200, self._spoiled(spoil, self._listed(spoil, query)[skip : skip + 50])

    def _listed(self, spoil: str, query: dict[str, str]) -> list[Any]:
        """Return the events of a query, and remember that the VEN has read them."""
        if spoil == "forget" and "targets" not in query:
            self._forget_all()
        if spoil == "forget" or query.get("targets", "house") != "house":
            return []
        found = []
        for told in self._told.values():
            found.append(told.document)
            if told.document.get("twice"):
                found.append({**told.document, "programID": "another"})
            if not spoil:
                told.missed, told.read_ms = 0, self.world.now_ms if told.read_ms is None else told.read_ms
        return found

    def _forget_all(self) -> None:
        """Give a list without events: what is good holds until it is missing from the third."""
        for told in self._told.values():
            told.missed += 1
            if told.refused or told.missed >= MISSES:
                told.read_ms = None

    def _spoiled(self, spoil: str, listed: list[Any]) -> bytes:
        raw = nonsense.text(listed)
        if not spoil or spoil == "forget":
            return raw
        for told in self._told.values():
            told.read_ms = None  # from here on it may be taken otherwise
        if spoil == "mutated":
            return nonsense.text(nonsense.mutated(self._rng, listed) if listed else [7])
        self._is_spoiled = True
        if spoil == "huge":
            return b"[" + b"0," * BODY_BYTES_MAX + b"0]"
        if spoil == "truncated":
            return nonsense.truncated(self._rng, raw)
        if spoil == "doubled":
            return b"[" + nonsense.doubled(b'{"id":"event-1"}') + b"]"
        return nonsense.deep() if spoil == "deep" else b"\xff" + nonsense.noise(self._rng)

    def unexplained(self) -> str:
        """Return what was refused and is not found among the refusals, or taken although it makes no sense."""
        if not self.is_steady() or self._ven is None or self._ven.trouble:
            return self._why
        refusals, now_ms = self._ven.refusals, self.world.now_ms
        for name, told in self._told.items():
            read = told.read_ms is not None and told.read_ms < now_ms and self.civil_ms < told.end_ms - SETTLE_MS
            if told.refused and read and not refusals.get(name):
                return f"event {name} has no reason why it is refused"
        return self._why

    def owed(self) -> list[Owed]:
        """Return the limits of the good events that are in force and were read."""
        now_ms, settle_ms = self.world.now_ms, SETTLE_MS + 2 * self.world.look_ms
        if not self.is_steady() or self._ven is None:
            return []
        found = []
        for name, told in self._told.items():
            if told.limit_w is None or told.read_ms is None or now_ms < told.read_ms + settle_ms:
                continue
            if told.start_ms + settle_ms < self.civil_ms < told.end_ms - settle_ms:
                found.append(Owed("", IMPORT, told.limit_w, name))
        return found
