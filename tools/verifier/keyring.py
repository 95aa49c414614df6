"""Which keys sign for an agent: its first, which is trusted from outside, and those that its own records begin.

Source: docs/format.md, `key_change`. `Keys` knows whose key a kid names, so that a signature can be checked in
whatever order pages come; `KeyRing` is one agent's keys in the order of its records, which decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools import wire
from tools.verifier.records import KEY_BEGINS

if TYPE_CHECKING:
    from tools.verifier.page import Header
    from tools.verifier.records import Record

Found = tuple[str, str]  # name of a fault, what is wrong


class Keys:
    """Public keys by kid, each with the agent that it signs for."""

    def __init__(self, trusted: Iterable[bytes] = (), revoked: Mapping[bytes, int] | None = None) -> None:
        """Trust 65-byte keys as agents' first ones; `revoked`: kid -> first record number it may not sign."""
        self._known = {wire.key_id(key): (wire.key_id(key).hex(), key) for key in trusted}
        self._revoked = dict(revoked or {})

    @property
    def count(self) -> int:
        """Number of keys known."""
        return len(self._known)

    def get(self, kid: bytes) -> tuple[str, bytes] | None:
        """Return (agent, public key)."""
        return self._known.get(kid)

    def knows(self, agent: str) -> bool:
        """Tell whether the agent's first key is trusted."""
        found = self._known.get(bytes.fromhex(agent))
        return found is not None and found[0] == agent

    def revoked(self, kid: bytes, last_seq: int) -> bool:
        """Tell whether the operator revoked the key for records up to this number."""
        return kid in self._revoked and last_seq >= self._revoked[kid]

    def learn(self, agent: str, public_key: bytes) -> None:
        """Take a key that signs for an agent besides its first."""
        self._known.setdefault(wire.key_id(public_key), (agent, public_key))

    def learn_from(self, agent: str, records: Iterable[Record]) -> bool:
        """Take the keys that an agent's records begin; tell whether there was any."""
        found = False
        for fields in (record.fields for record in records if record.kind == "key_change"):
            if fields["action"] == KEY_BEGINS and proof_good(agent, fields):
                self.learn(agent, fields["key"])
                found = True
        return found


def proof_good(agent: str, fields: Mapping[str, Any]) -> bool:
    """Tell whether a key that is begun proves that its owner wants to sign for this agent."""
    if fields["proof"] is None:
        return False
    try:
        return wire.proven(fields["proof"], wire.key_statement(bytes.fromhex(agent), fields["key"]), fields["key"])
    except ValueError:  # no point of the curve
        return False


@dataclass(slots=True)
class KeyRing:
    """The keys of one agent, kid and key in hex. A key is good behind the page that begins it."""

    agent: str
    begun: dict[str, int] = field(default_factory=dict)  # kid -> last record of the page that began it
    ended: dict[str, int] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)  # kid -> public key, of all but the first

    def __post_init__(self) -> None:
        self.begun.setdefault(self.agent, -1)

    def judge(self, header: Header) -> Found | None:
        """Return what is wrong with the key that signed."""
        kid = header.kid
        if kid not in self.begun or header.first_seq <= self.begun[kid]:
            return "key_not_begun", f"key {kid}"
        if kid in self.ended and header.first_seq > self.ended[kid]:
            return "key_ended", f"key {kid}, which was good up to record {self.ended[kid]}"
        return None

    def change(self, fields: Mapping[str, Any], last_seq: int) -> list[Found]:
        """Take one key_change of a page whose last record is `last_seq`."""
        kid = wire.key_id(fields["key"]).hex()
        if fields["action"] == KEY_BEGINS:
            if kid in self.begun:
                return [("key_change_void", f"key {kid} is begun once more")]
            if not proof_good(self.agent, fields):
                return [("key_proof", f"key {kid}")]
            self.begun[kid] = last_seq
            self.later[kid] = fields["key"].hex()
        elif kid not in self.begun or kid in self.ended:
            return [("key_change_void", f"key {kid} is ended and was not good")]
        else:
            self.ended[kid] = last_seq
        return []

    def as_json(self) -> dict[str, Any]:
        """Return the state for keeping."""
        return {"begun": self.begun, "ended": self.ended, "later": self.later}

    @classmethod
    def from_json(cls, agent: str, kept: dict[str, Any]) -> KeyRing:
        """Return the state that `as_json` gave."""
        return cls(agent, **kept)
