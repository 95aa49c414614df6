"""One connection to a CEM, without the wire: what comes in, what goes out, and which state they are in.

Handshake, then details, then a control type, then instructions; each message of the CEM is answered with a reception
status that says why it is not taken. Source: s2-ws-json 0.0.2-beta, "State of communication"; `ReceptionStatus`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from boards.cpython.s2.book import ORDERS_MAX, REVOKED, Book, Taken
from boards.cpython.s2.messages import (
    INVALID_CONTENT,
    INVALID_MESSAGE,
    OK,
    VERSION,
    Heard,
    Order,
    Refused,
    as_name,
    heard,
    moment,
    order_of,
    reception,
    said,
)
from boards.cpython.s2.resources import Piece, Resource
from boards.cpython.strict_json import Malformed, Object, shown

AHEAD_MS = 7 * 86400000
REJECTED = "REJECTED"
SENT_MAX = 32  # messages that may be asked for again
REFUSALS_MAX = 100  # of one connection, which then ends
IDLE_TYPES = ("NO_SELECTION", "NOT_CONTROLABLE")


class Ended(Exception):
    """Args: why this connection is over, in words."""


class Session:
    """A device's side of one connection; `send` takes messages, `refusal_of` says why the core would refuse a piece."""

    def __init__(
        self, resource: Resource, book: Book, send: Callable[[Object], None], refusal_of: Callable[[Piece], str]
    ) -> None:
        self.resource = resource
        self.book = book
        self.selected = False  # the CEM has chosen the control type
        self.trouble = ""  # what the CEM last did not like of ours
        self.refused = ""  # what was last not taken of the CEM's
        self._refusals = 0
        self._send = send
        self._refusal_of = refusal_of
        self._agreed = False  # on a version
        self._sent: OrderedDict[str, Object] = OrderedDict()
        self._say(said("Handshake", role="RM", supported_protocol_versions=[VERSION]))

    def take(self, raw: str | bytes, now_ms: int) -> None:
        """Take one message. Raises: Ended."""
        try:
            message = heard(raw)
            self._answer(message, now_ms)
        except Refused as refusal:
            self._refuse(*refusal.args)
        except Malformed as refusal:
            self._refuse(INVALID_MESSAGE, refusal.args[0], message.id)

    def tick(self, now_ms: int, outcomes: dict[str, int]) -> None:
        """Say what has become of instructions, and what the device shows now."""
        for taken in self.book.follow(outcomes, now_ms):
            self._say_status(taken, now_ms)
        if self._agreed:
            for message in self.resource.measured(now_ms):
                self._say(message)
        if self.selected:
            for message in self.resource.status(now_ms):
                self._say(message)

    def describe(self, resource: Resource, now_ms: int) -> None:
        """Say anew what the device offers, which has changed; another control type has to be selected anew."""
        before, self.resource = self.resource, resource
        if before.control_type != resource.control_type:
            self.selected = False
            self.book.taken.clear()
            if self._agreed:
                self._say(resource.details())
        elif self.selected:
            self._describe(now_ms)

    def _describe(self, now_ms: int) -> None:
        for message in self.resource.description(now_ms):
            self._say(message)

    def _say(self, message: Object) -> None:
        self._sent[message["message_id"]] = message
        while len(self._sent) > SENT_MAX:
            self._sent.popitem(last=False)
        self._send(message)

    def _refuse(self, status: str, why: str, message_id: str) -> None:
        self._refusals += 1
        self.refused = f"{status}: {why}"
        if self._refusals > REFUSALS_MAX:
            raise Ended(f"more than {REFUSALS_MAX} messages were refused, the last one: {why}")
        self._send(reception(message_id, status, why))

    def _answer(self, message: Heard, now_ms: int) -> None:
        if message.kind == "ReceptionStatus":
            self._received(message)
            return
        handler = {
            "Handshake": self._shake,
            "HandshakeResponse": self._agree,
            "SelectControlType": self._select,
            "RevokeObject": self._revoke,
            "SessionRequest": self._end,
            self._instruction: self._instruct,
        }.get(message.kind)
        if handler is None:
            raise Refused(INVALID_CONTENT, f"{shown(message.kind)} is not for this resource", message.id)
        handler(message, now_ms)

    @property
    def _instruction(self) -> str:
        names = {"FILL_RATE": "FRBC", "OPERATION_MODE": "OMBC", "POWER_ENVELOPE": "PEBC"}
        return names[self.resource.control_type.removesuffix("_BASED_CONTROL")] + ".Instruction"

    def _received(self, message: Heard) -> None:
        """Take the CEM's word on a message of ours: what it could not take just now is said once more."""
        status, ours = message.body.get("status"), self._sent.pop(message.id, None)
        if status == OK:
            return
        self.trouble = f"{status!a}: {shown(message.body.get('diagnostic_label'))}"
        if status == "PERMANENT_ERROR":
            raise Ended(f"the CEM's word: {self.trouble}")
        if status == "TEMPORARY_ERROR" and ours is not None:
            self._send(ours)

    def _shake(self, message: Heard, _now_ms: int) -> None:
        if message.body.get("role") != "CEM":
            raise Refused(INVALID_CONTENT, "role: expected CEM", message.id)
        self._send(reception(message.id, OK))

    def _agree(self, message: Heard, _now_ms: int) -> None:
        version = message.body.get("selected_protocol_version")
        if version != VERSION:
            raise Ended(f"the CEM chose version {shown(version)}: expected {VERSION}")
        self._send(reception(message.id, OK))
        self._agreed = True
        self._say(self.resource.details())

    def _select(self, message: Heard, now_ms: int) -> None:
        kind = message.body.get("control_type")
        if not self._agreed or kind not in (self.resource.control_type, *IDLE_TYPES):
            why = f"control_type {shown(kind)}: expected {self.resource.control_type}, after the handshake"
            raise Refused(INVALID_CONTENT, why, message.id)
        self._send(reception(message.id, OK))
        self.selected = kind == self.resource.control_type
        if not self.selected:
            self.book.taken.clear()
            return
        self._describe(now_ms)
        for status in self.resource.status(now_ms):
            self._say(status)

    def _instruct(self, message: Heard, now_ms: int) -> None:
        """Take an instruction; what is well said and cannot be done is rejected, not refused."""
        if not self.selected:
            raise Refused(INVALID_CONTENT, "no control type was selected", message.id)
        order = order_of(message)
        known = self.book.find(order.id)
        if known is not None and known.order != order:
            raise Refused(INVALID_CONTENT, f"instruction {order.id}: said before, and otherwise", message.id)
        if known is None and len(self.book.taken) >= ORDERS_MAX:
            raise Refused("TEMPORARY_ERROR", f"{ORDERS_MAX} instructions wait already", message.id)
        try:
            pieces = self.resource.asked(order, now_ms)
        except Malformed as refusal:
            raise Refused(INVALID_CONTENT, refusal.args[0], message.id) from refusal
        self._send(reception(message.id, OK))
        if known is None:
            known = Taken(order, pieces)
            why = self._reason_against(order, pieces, now_ms)
            if why:
                known.status = REJECTED
                self.refused = f"{REJECTED}: instruction {order.id}: {why}"  # S2 has no place for it
            else:
                self.book.add(known)
        self._say_status(known, now_ms)

    def _reason_against(self, order: Order, pieces: list[Piece], now_ms: int) -> str:
        """Return why an instruction cannot be done, "" when it can."""
        if order.execution_ms > now_ms + AHEAD_MS:
            return "it is more than a week ahead"
        return next((why for why in map(self._refusal_of, pieces) if why), "")

    def _revoke(self, message: Heard, now_ms: int) -> None:
        taken = self.book.find(as_name("object_id", message.body.get("object_id")))
        if message.body.get("object_type") != self._instruction or taken is None:
            raise Refused(INVALID_CONTENT, "there is nothing of this type and id to revoke", message.id)
        self._send(reception(message.id, OK))
        self.book.taken.remove(taken)
        taken.status = REVOKED
        self._say_status(taken, now_ms)

    def _end(self, message: Heard, _now_ms: int) -> None:
        self._send(reception(message.id, OK))
        raise Ended(f"the CEM's word: {shown(message.body.get('request'))}")

    def _say_status(self, taken: Taken, now_ms: int) -> None:
        update = said(
            "InstructionStatusUpdate", instruction_id=taken.order.id, status_type=taken.status, timestamp=moment(now_ms)
        )
        self._say(update)
