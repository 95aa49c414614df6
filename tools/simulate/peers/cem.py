"""A customer energy manager that speaks S2: instructions, good and absurd, and connections that end.

Each of its messages has to be answered with a reception status, and each that is not taken with a reason.
Source: docs/s2.md; s2-ws-json 0.0.2-beta as it cites it.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

from boards.cpython.s2.messages import MESSAGE_BYTES_MAX, NOT_IDENTIFIED, VERSION, moment
from boards.cpython.s2.source import EnergyManager
from boards.cpython.web import aiohttp
from tools.simulate.peers import nonsense
from tools.simulate.peers.base import FarSide
from tools.simulate.premises import BATTERY, CHARGER, LOAD, PUMP, SG_READY

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

KEPT_MAX = 32
ENVELOPE_W = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"


class Socket:
    """The manager's end of one device's connection."""

    def __init__(self, cem: Cem) -> None:
        self.cem = cem
        self.frames: asyncio.Queue[aiohttp.WSMessage | None] = asyncio.Queue()
        self.closed = False
        self.offered: dict[str, Any] = {}  # what the device described last
        self.details: dict[str, Any] = {}
        self.open: dict[str, str] = {}  # message -> what it was, until it is answered
        self.nameless = 0  # messages without a name that had no answer yet
        self.instructions: dict[str, dict[str, Any]] = {}

    async def __aenter__(self) -> Socket:
        self.cem.sockets.append(self)
        return self

    async def __aexit__(self, *_why: object) -> None:
        self.closed = True
        if self in self.cem.sockets:
            self.cem.sockets.remove(self)

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> aiohttp.WSMessage:
        frame = await self.frames.get()
        if frame is None:
            raise StopAsyncIteration
        return frame

    async def send_str(self, text: str) -> None:
        """Take what the device says."""
        self.cem.hear(self, json.loads(text))

    def say(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Say something that has to be answered."""
        self.cem.count += 1
        message = {"message_type": kind, "message_id": f"cem-{self.cem.count}", **fields}
        self.put(message)
        return message

    def put(self, message: dict[str, Any]) -> None:
        """Put a message on the wire."""
        if message.get("message_type") != "ReceptionStatus":
            self.open[message["message_id"]] = json.dumps(message)[:200]
        self.put_raw(nonsense.text(message).decode())

    def put_raw(self, raw: str | bytes) -> None:
        """Put anything on the wire."""
        self.cem.heard += 1
        kind = aiohttp.WSMsgType.BINARY if isinstance(raw, bytes) else aiohttp.WSMsgType.TEXT
        self.frames.put_nowait(aiohttp.WSMessage(kind, raw, None))


class Cem(FarSide):
    """One manager with a connection for each device."""

    kind = "s2"
    words = (
        "instruct", "instruct", "instruct", "instruct", "revoke", "again", "otherwise", "early", "absurd", "absurd",
        "factor", "unknown", "elements", "past", "noise", "truncated", "deep", "doubled", "nameless", "flood",
        "hang_up", "vanish", "deselect",
    )  # fmt: skip

    def __init__(self, row: dict[str, Any], world: World) -> None:
        super().__init__(row, world)
        self.count = 0
        self.sockets: list[Socket] = []
        self._peer: EnergyManager | None = None
        self._orders: list[dict[str, Any]] = []
        self._is_early = False
        self._why = ""

    @staticmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return a source for the devices that S2 knows."""
        devices = made.having(CHARGER, BATTERY, PUMP, SG_READY, LOAD)[:4]
        if not devices:
            return None
        return {
            "name": "cem", "kind": Cem.kind, "role": rng.choice(["aggregator", "owner"]), "power_max_w": 12000,
            "url": "wss://cem", "devices": devices, "lease_s": rng.choice([60, 900]),
            "capacity_wh": {name: 8000 for name in made.having(BATTERY) if name in devices},
        }  # fmt: skip

    def begin(self, life: Life, peer: EnergyManager) -> None:
        """Meet the resource manager of a new life."""
        self._peer, self.sockets = peer, []
        peer.pause_ms = self.pause_ms
        peer.notes_to(self.hear_note)
        http: Any = self
        self.run(life, peer.serve(http))

    def ws_connect(self, _url: str, **_options: Any) -> Socket:
        """Take a connection. Raises: aiohttp.ClientError while nobody is there."""
        if self.is_away:
            raise aiohttp.ClientConnectionError("nobody is there")
        return Socket(self)

    def act(self, word: str, seed: int, seconds: int) -> None:
        """Say something to one device."""
        rng = random.Random(seed)  # noqa: S311  (a seed, no secret)
        if word == "vanish":
            self.go_away(seconds)
            for each in self.sockets:
                each.frames.put_nowait(None)
        elif self.sockets:
            getattr(self, "_say_" + word)(rng, rng.choice(self.sockets))

    def heal(self) -> None:
        """Come back."""
        self.away_until_ms = 0

    def hear(self, socket: Socket, message: dict[str, Any]) -> None:
        """Answer what a device says, and take its answers."""
        kind = message["message_type"]
        if kind == "ReceptionStatus":
            self._hear_answer(socket, message)
            return
        socket.put({"message_type": "ReceptionStatus", "subject_message_id": message["message_id"], "status": "OK"})
        if kind == "Handshake":
            if self._is_early and self._orders:
                socket.put(self._orders[-1])
            self._is_early = False
            socket.say("Handshake", role="CEM", supported_protocol_versions=[VERSION])
            socket.say("HandshakeResponse", selected_protocol_version=VERSION)
        elif kind == "ResourceManagerDetails":
            socket.details = message
            socket.say("SelectControlType", control_type=message["available_control_types"][0])
        elif kind.endswith(("SystemDescription", "PowerConstraints")):
            socket.offered = message
        elif kind == "InstructionStatusUpdate":
            self._hear_status(message)

    def _hear_answer(self, socket: Socket, message: dict[str, Any]) -> None:
        subject = message["subject_message_id"]
        if message["status"] != "OK" and not message.get("diagnostic_label"):
            self._why = f"{socket.open.get(subject, subject)} was refused without a reason"
        if subject == NOT_IDENTIFIED:
            socket.nameless -= 1
        socket.open.pop(subject, None)

    def _hear_status(self, message: dict[str, Any]) -> None:
        """A rejected instruction has no reason on the wire: people are told."""
        if message["status_type"] == "REJECTED" and self._peer is not None:
            sessions = [managed.session for managed in self._peer.managed]
            if not any(message["instruction_id"] in session.refused for session in sessions if session is not None):
                self._why = f"instruction {message['instruction_id']} was rejected without a reason"

    def _order(self, rng: random.Random, socket: Socket) -> dict[str, Any] | None:
        """Return an instruction that the device offers, None before it has described itself."""
        offered, kind = socket.offered, socket.offered.get("message_type", "")
        self.count += 1
        at = moment(self.civil_ms + rng.choice([0, 0, 0, 60, 600]) * 1000)
        fields = {"id": f"order-{self.count}", "execution_time": at, "abnormal_condition": False}
        if kind == "PEBC.PowerConstraints":
            limits = [0, 2000, 6000]
            elements = [{"duration": 300_000, "upper_limit": rng.choice(limits), "lower_limit": 0} for _ in range(2)]
            quantity = offered["allowed_limit_ranges"][0]["commodity_quantity"]
            envelope = {"id": "envelope", "commodity_quantity": quantity, "power_envelope_elements": elements}
            fields |= {"power_constraints_id": offered["id"], "power_envelopes": [envelope]}
            return {"message_type": "PEBC.Instruction", **fields}
        fields["operation_mode_factor"] = rng.choice([0, 0.25, 1])
        if kind == "OMBC.SystemDescription":
            mode = rng.choice(offered["operation_modes"])["id"]
            return {"message_type": "OMBC.Instruction", **fields, "operation_mode_id": mode}
        if kind == "FRBC.SystemDescription":
            actuator = offered["actuators"][0]
            mode = rng.choice(actuator["operation_modes"])["id"]
            return {
                "message_type": "FRBC.Instruction", **fields, "actuator_id": actuator["id"], "operation_mode": mode,
            }  # fmt: skip
        return None

    def _instruct(self, rng: random.Random, socket: Socket, **other: Any) -> None:
        order = self._order(rng, socket)
        if order is not None:
            self.count += 1
            order |= {"message_id": f"cem-{self.count}", **other}
            self._orders = [*self._orders[-KEPT_MAX:], order]
            socket.put(order)

    def _say_instruct(self, rng: random.Random, socket: Socket) -> None:
        self._instruct(rng, socket)

    def _say_past(self, rng: random.Random, socket: Socket) -> None:
        at_ms = rng.choice([self.civil_ms - 86_400_000, 1000, 253_402_300_799_000, self.civil_ms + 40 * 86_400_000])
        self._instruct(rng, socket, execution_time=moment(at_ms))

    def _say_factor(self, rng: random.Random, socket: Socket) -> None:
        self._instruct(rng, socket, operation_mode_factor=rng.choice([-1, 2, 1e300, "1", None, 10**40]))

    def _say_unknown(self, rng: random.Random, socket: Socket) -> None:
        self._instruct(rng, socket, operation_mode="none", operation_mode_id="none", power_constraints_id="none")

    def _say_again(self, rng: random.Random, socket: Socket) -> None:
        """An old message once more, perhaps to another device."""
        if self._orders:
            socket.put(rng.choice(self._orders))

    def _say_otherwise(self, rng: random.Random, socket: Socket) -> None:
        """A known instruction with another meaning."""
        if self._orders:
            self._instruct(rng, socket, id=rng.choice(self._orders)["id"])

    def _say_early(self, rng: random.Random, socket: Socket) -> None:
        """Hang up, and instruct before the next handshake."""
        self._say_hang_up(rng, socket)
        self._is_early = True

    def _say_revoke(self, rng: random.Random, socket: Socket) -> None:
        order = rng.choice(self._orders) if self._orders and rng.random() < 0.8 else {"id": "none"}
        socket.say("RevokeObject", object_type=order.get("message_type", "none"), object_id=order["id"])

    def _say_absurd(self, rng: random.Random, socket: Socket) -> None:
        order = self._order(rng, socket)
        if order is not None:
            self.count += 1
            spoiled = nonsense.mutated(rng, {**order, "message_id": f"cem-{self.count}"})
            socket.put_raw(nonsense.text(spoiled).decode())

    def _say_elements(self, _rng: random.Random, socket: Socket) -> None:
        """An envelope of a hundred thousand pieces, of which a message holds a part."""
        elements = [{"duration": 1, "upper_limit": 0, "lower_limit": 0}] * 4000
        envelope = {"id": "envelope", "commodity_quantity": ENVELOPE_W, "power_envelope_elements": elements}
        socket.say(
            "PEBC.Instruction", id="many", execution_time=moment(self.civil_ms), abnormal_condition=False,
            power_constraints_id=socket.offered.get("id", "none"), power_envelopes=[envelope],
        )  # fmt: skip

    def _say_noise(self, rng: random.Random, socket: Socket) -> None:
        self._nameless(socket, b"\xff" + nonsense.noise(rng))

    def _say_truncated(self, rng: random.Random, socket: Socket) -> None:
        self._nameless(socket, nonsense.truncated(rng, b'{"message_type":"Handshake","message_id":"x1"}'))

    def _say_deep(self, _rng: random.Random, socket: Socket) -> None:
        self._nameless(socket, nonsense.deep()[:MESSAGE_BYTES_MAX])

    def _say_doubled(self, _rng: random.Random, socket: Socket) -> None:
        self._nameless(socket, nonsense.doubled(b'{"message_type":"Handshake","message_id":"x1","role":"CEM"}'))

    def _say_nameless(self, _rng: random.Random, socket: Socket) -> None:
        self._nameless(socket, b'{"message_type":"SelectControlType"}')

    def _say_flood(self, rng: random.Random, socket: Socket) -> None:
        """More nonsense than one connection may bring: it is ended, with a reason."""
        for _ in range(150):
            socket.put_raw(nonsense.noise(rng))
        socket.open.clear()
        socket.nameless = -1 << 30

    def _say_hang_up(self, _rng: random.Random, socket: Socket) -> None:
        socket.frames.put_nowait(None)

    def _say_deselect(self, _rng: random.Random, socket: Socket) -> None:
        socket.say("SelectControlType", control_type="NO_SELECTION")
        socket.say("SelectControlType", control_type=socket.details.get("available_control_types", ["NO_SELECTION"])[0])

    def _nameless(self, socket: Socket, raw: bytes) -> None:
        socket.nameless += 1
        socket.put_raw(raw)

    def unexplained(self) -> str:
        """Return what had no answer on a connection that stands."""
        for socket in self.sockets:
            if socket.closed or not socket.frames.empty():
                continue
            if socket.open:
                return f"{next(iter(socket.open.values()))} had no answer"
            if socket.nameless > 0:
                return f"{socket.nameless} messages without a name had no answer"
        return self._why
