"""An EEBUS stack with an Energy Guard behind it: heartbeats, limits, failsafe values, and what a broken stack sends.

It keeps its own account of what the controllable system owes it: a limit that was answered with "no error" holds to
its end while heartbeats come, and 120 s without one bring the failsafe back.
Source: EEBUS UC TS "Limitation of Power Consumption" V1.0.0, [LPC-901] to [LPC-922], as docs/sources.md cites them.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from typing import TYPE_CHECKING, Any

from agent.limits import IMPORT
from boards.cpython.eebus.bridge import LINE_BYTES_MAX, EebusBridge
from tools.simulate.peers import nonsense
from tools.simulate.peers.base import FarSide, Owed
from tools.simulate.rest import RestLoop

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

BEATS_S = 40
SILENT_MS = 120_000
KEPT_MAX = 8
LIMITS_W = (0, 1400, 4200, 6000, 9000, 15000)
DURATIONS = (None, None, "PT30S", "PT5M", "PT1H", "PT0S")
NOTHING = 1 << 60


class Wire:
    """The stack's end of the connection."""

    def __init__(self, guard: Guard, tasks: RestLoop) -> None:
        self.reader = asyncio.StreamReader(LINE_BYTES_MAX, loop=tasks)
        self.open = True
        self.transport = self
        self._guard = guard

    def write(self, raw: bytes) -> None:
        """Take an answer."""
        self._guard.answered(raw)

    async def drain(self) -> None:
        """Take everything at once."""

    def close(self) -> None:
        """Hang up."""
        self.open = False

    abort = close


class Guard(FarSide):
    """Speaks to the bridge, a line a datagram."""

    kind = "eebus-lpc"
    words = (
        "limit", "limit", "limit", "release", "failsafe", "vanish", "vanish", "again", "duplicated", "reordered",
        "contradictory", "negative", "absurd", "absurd", "unknown", "noise", "truncated", "deep", "doubled",
        "overlong", "nameless", "rows",
    )  # fmt: skip

    def __init__(self, row: dict[str, Any], world: World) -> None:
        super().__init__(row, world)
        self._wire: Wire | None = None
        self._bridge: EebusBridge | None = None
        self._counter = 0
        self._written: dict[int, tuple[str, dict[str, Any]]] = {}  # counter -> what must come of it, its last command
        self._open: list[int] = []  # counters of what had no answer yet
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT_MAX)
        self._unread = 0  # lines that can be no datagram and had no answer yet
        self._why = ""
        self._failsafe_w: int = row["failsafe_w"]
        self._forget()

    def _forget(self) -> None:
        """Begin the account of a new life."""
        self._bound = False  # a limit was accepted, and the failsafe was not left without one since
        self._beat_ms = self._returned_ms = self._changed_ms = -NOTHING
        self._limit: tuple[int, int] | None = None  # W, until when
        self._failsafe_w = max(self._failsafe_w, self.row["failsafe_w"])  # one just written may not be durable

    @staticmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return a source for consumption, of the connection or of the circuit."""
        circuits = [row["id"] for row in made.site.get("circuit", [])]
        return {
            "name": "guard", "kind": Guard.kind, "power_max_w": 30000, "scope": rng.choice(["", *circuits]),
            "failsafe_w": rng.choice([1400, 4200, 8000]),
        }  # fmt: skip

    def begin(self, life: Life, peer: EebusBridge) -> None:
        """Connect to the bridge of a new life."""
        self._bridge, self._life, self._wire = peer, life, None
        self._open.clear()
        self._unread = 0
        self._forget()
        peer.notes_to(self.hear_note)
        life.beside(self._beat(), "heartbeats")

    async def _beat(self) -> None:
        """Say that the guard is there, for ever."""
        while True:
            if not self.is_away:
                self._send_datagram({"deviceDiagnosisHeartbeatData": {"heartbeatTimeout": "PT60S"}}, "notify")
            await asyncio.sleep(BEATS_S)

    def act(self, word: str, seed: int, seconds: int) -> None:
        """Send what a good, an old or a broken stack sends."""
        rng = random.Random(seed)  # noqa: S311  (a seed, no secret)
        if word == "vanish":
            self.go_away(seconds)
        elif self._bridge is not None and not self.is_away:
            getattr(self, "_send_" + word)(rng)

    def heal(self) -> None:
        """Come back; what holds stays as it was said."""
        self.away_until_ms = 0

    def _send_limit(self, rng: random.Random) -> None:
        self._write(_limit(rng.choice(LIMITS_W), True, rng.choice(DURATIONS)))

    def _send_release(self, _rng: random.Random) -> None:
        self._write(_limit(4200, False, None))

    def _send_failsafe(self, rng: random.Random) -> None:
        self._write({"deviceConfigurationKeyValueListData": {"deviceConfigurationKeyValueData": [
            {"keyId": 0, "value": {"scaledNumber": {"number": rng.choice([1400, 4200, 8000]), "scale": 0}}},
        ]}})  # fmt: skip

    def _send_again(self, rng: random.Random) -> None:
        """An old line once more: its number is old, too."""
        if self._kept:
            counter, raw = rng.choice(list(self._kept))
            self._send(raw, counter)

    def _send_duplicated(self, rng: random.Random) -> None:
        self._send_limit(rng)
        self._send_again(rng)

    def _send_reordered(self, rng: random.Random) -> None:
        first, second = (self._line(_limit(rng.choice(LIMITS_W), True, None)) for _ in range(2))
        self._send(second, self._counter)
        self._send(first, self._counter - 1)

    def _send_contradictory(self, rng: random.Random) -> None:
        listed = [_limit(rng.choice(LIMITS_W), rng.random() < 0.6, None) for _ in range(3)]
        self._send(self._line(*listed), self._counter)

    def _send_negative(self, rng: random.Random) -> None:
        self._write(_limit(-rng.choice(LIMITS_W) - 1, True, None), "refused")

    def _send_unknown(self, _rng: random.Random) -> None:
        self._write({"nodeManagementUseCaseData": {}}, "refused")

    def _send_absurd(self, rng: random.Random) -> None:
        """A limit of which something is absurd: it may be taken for another, so nothing is owed from here on."""
        datagram = json.loads(self._line(_limit(6000, True, "PT5M")))
        self._bound, self._limit = False, None
        self._send(nonsense.text(nonsense.mutated(rng, datagram)))

    def _send_rows(self, _rng: random.Random) -> None:
        rows = [{"limitId": 0, "isLimitActive": True, "value": {"number": 1}}] * 60
        self._write({"loadControlLimitListData": {"loadControlLimitData": rows}}, "refused")

    def _send_noise(self, rng: random.Random) -> None:
        self._send_unread(b"\xff" + nonsense.noise(rng))

    def _send_truncated(self, rng: random.Random) -> None:
        self._send_unread(nonsense.truncated(rng, self._line(_limit(0, True, None))))

    def _send_deep(self, _rng: random.Random) -> None:
        self._send_unread(nonsense.deep()[: LINE_BYTES_MAX - 2])

    def _send_doubled(self, _rng: random.Random) -> None:
        self._send_unread(nonsense.doubled(self._line(_limit(0, True, None))))

    def _send_nameless(self, _rng: random.Random) -> None:
        self._send_unread(nonsense.text({"datagram": {"header": {}, "payload": {"cmd": []}}}))

    def _send_overlong(self, _rng: random.Random) -> None:
        self._send_unread(b"[" + b"1," * LINE_BYTES_MAX + b"1]")

    def _write(self, command: dict[str, Any], must: str = "") -> None:
        self._send_datagram(command, "write", must)

    def _send_datagram(self, command: dict[str, Any], classifier: str, must: str = "") -> None:
        raw = self._line(command, classifier=classifier, must=must)
        self._send(raw, self._counter if classifier == "write" else None)

    def _line(self, *commands: dict[str, Any], classifier: str = "write", must: str = "") -> bytes:
        """Return a datagram, and remember what has to come of it."""
        self._counter += 1
        header = {"msgCounter": self._counter, "cmdClassifier": classifier}
        raw = json.dumps({"datagram": {"header": header, "payload": {"cmd": list(commands)}}}).encode()
        if classifier == "write":
            self._written[self._counter] = (must, commands[-1])
            self._kept.append((self._counter, raw))
        return raw

    def _send_unread(self, raw: bytes) -> None:
        self._unread += 1
        self._send(raw)

    def _send(self, raw: bytes, counter: int | None = None) -> None:
        """Put a line on the wire; a connection that the bridge closed is opened anew."""
        assert self._bridge is not None
        self.heard += 1
        if counter is not None:
            self._open.append(counter)
        if self._wire is None or not self._wire.open:
            self._wire = Wire(self, self._life.tasks)
            bridge: Any = self._bridge
            self.run(self._life, bridge.serve(self._wire.reader, self._wire))
        if b"deviceDiagnosisHeartbeatData" in raw:
            self._note_beat()
        self._wire.reader.feed_data(raw + b"\n")

    def answered(self, raw: bytes) -> None:
        """Take what the bridge answers to a line."""
        told = json.loads(raw)
        if "error" in told:
            self._unread = max(self._unread - 1, 0)  # what is absurd may be no datagram either
            if not told["error"]:
                self._why = "a line was refused without a word"
            return
        datagram = told["datagram"]
        number = datagram["payload"]["cmd"][0]["resultData"]["errorNumber"]
        counter = datagram["header"]["msgCounterReference"]
        if counter not in self._open:
            return  # to what was absurd
        self._open.remove(counter)
        must, command = self._written[counter]
        if must == "refused" and number == 0:
            self._why = f"{command} was taken"
        if number == 0:
            self._note_accepted(command)

    def unexplained(self) -> str:
        """Return what had no answer: lines are read in the moment in which they come."""
        if self._unread > 0:
            return f"{self._unread} lines that are no datagrams had no answer"
        if self._open:
            return f"{self._written[self._open[0]][1]} had no answer"
        return self._why

    def _note_beat(self) -> None:
        now_ms = self.world.now_ms
        if now_ms - self._beat_ms >= SILENT_MS:
            self._returned_ms = now_ms
        self._beat_ms = now_ms

    def _note_accepted(self, command: dict[str, Any]) -> None:
        """Keep the account of a write that was answered with no error."""
        now_ms = self._changed_ms = self.world.now_ms
        if "deviceConfigurationKeyValueListData" in command:
            row = command["deviceConfigurationKeyValueListData"]["deviceConfigurationKeyValueData"][0]
            self._failsafe_w = row["value"]["scaledNumber"]["number"]
            return
        row = command["loadControlLimitListData"]["loadControlLimitData"][0]
        self._bound, self._returned_ms = True, NOTHING
        lasts_ms = {"PT0S": 0, "PT30S": 30_000, "PT5M": 300_000, "PT1H": 3_600_000}
        until_ms = now_ms + lasts_ms.get(row.get("timePeriod", {}).get("endTime"), NOTHING)
        self._limit = (row["value"]["number"], until_ms) if row["isLimitActive"] else None

    def owed(self) -> list[Owed]:
        """Return the failsafe in silence, and the accepted limit while heartbeats come."""
        now_ms, slack_ms = self.world.now_ms, 2 * self.world.look_ms + 1000
        scope: str = self.row["scope"]
        if min(self.world.up_ms(), now_ms - self._changed_ms) < slack_ms or not self._bound:
            return []
        silent_ms = now_ms - self._beat_ms
        if silent_ms > SILENT_MS + slack_ms:
            return [Owed(scope, IMPORT, self._failsafe_w, f"{silent_ms} ms of silence")]
        if self._returned_ms <= now_ms:  # back, and no limit yet
            waited_ms = now_ms - self._returned_ms
            left = waited_ms >= SILENT_MS - slack_ms
            self._bound = self._bound and not left
            return (
                []
                if left or waited_ms < slack_ms
                else [Owed(scope, IMPORT, self._failsafe_w, "a heartbeat came back and no limit yet")]
            )
        if silent_ms > SILENT_MS - slack_ms or self._limit is None or now_ms > self._limit[1] - slack_ms:
            return []
        return [Owed(scope, IMPORT, self._limit[0], "an accepted limit")]


def _limit(most_w: int, active: bool, duration: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"limitId": 0, "isLimitActive": active, "value": {"number": most_w, "scale": 0}}
    if duration is not None:
        row["timePeriod"] = {"endTime": duration}
    return {"loadControlLimitListData": {"loadControlLimitData": [row]}}
