"""One signing key follows another, with overlap; the agent keeps its name.

Source: docs/format.md, `key_change`. The new key is begun in a page of the old one, signs from the moment at which a
receipt for that page is in, and the old one ends when a page of the new one is confirmed. Each step stands in the
journal before anything is done that needs it; which key signs a page depends on the page's number alone, so a page is
signed alike however often that is done.
"""

from __future__ import annotations

import hashlib

from agent import cbor, record
from agent.cose import key_id_of
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.ledger import Ledger
    from agent.record import Record
    from hal.ports import Signer

# How far it has come, and what the number kept with it is.
WAITING = const(0)  # for a first receipt: nothing is said while nobody confirms
BEGUN = const(1)  # of the record that says so
SWITCHED = const(2)  # of the first record in a page of the new key
ENDED = const(3)  # of the record that says so

# The journal keeps [agent, id of the key that signs, ids of those that have ended one behind the other], and while
# another key follows [..., its public key, step, number].
SETTLED_FIELDS = const(3)


class Rotation:
    """Both keys and how far the new one has come. `keep` follows in the loop's turn what the session was told."""

    def __init__(self, ledger: Ledger, past: bytes, old: Signer, new: Signer, step: int, seq: int) -> None:
        """Go on from `step`; `seq` is the record number that belongs to it, `past` the ids of keys that had ended."""
        self.ledger = ledger
        self.past = past
        self.old = old
        self.new = new
        self.step = step
        self.seq = seq
        self._proof: bytes | None = None
        self._heard = False  # upstream has confirmed something in this life
        self._proven = False  # it has confirmed a page of the new key

    def signer_at(self, first_seq: int) -> Signer:
        """Return whose page begins with record `first_seq`."""
        switched = self.step == ENDED or (self.step == SWITCHED and first_seq >= self.seq)
        return self.new if switched else self.old

    def confirmed(self, first_seq: int, last_seq: int) -> None:
        """Be told, before the journal is, that a page is upstream. Raises: OSError."""
        self._heard = True
        if self.step == BEGUN and first_seq <= self.seq <= last_seq:
            self._keep(SWITCHED, self.ledger.next_seq)
            self.ledger.sync()
        elif self.step == SWITCHED and first_seq >= self.seq:
            self._proven = True

    async def prove(self) -> None:
        """Let the new key sign that it is to sign for this agent, once that is going to be said."""
        if self.step == WAITING and self._heard and self._proof is None:
            statement = b"siteward key:" + self.ledger.agent_id + self.new.public_key
            self._proof = await self.new.sign(hashlib.sha256(statement).digest())

    def keep(self, now_ms: int) -> Record | None:
        """Add the record that is due and return it, to be sent at once; None when there is none."""
        if self.step == WAITING and self._proof is not None:
            return self._say(BEGUN, [record.KEY_CHANGE, now_ms, record.KEY_BEGINS, self.new.public_key, self._proof])
        if self.step == SWITCHED and self._proven:
            return self._say(ENDED, [record.KEY_CHANGE, now_ms, record.KEY_ENDS, self.old.public_key, None])
        return None

    def _say(self, step: int, fact: Record) -> Record:
        self._keep(step, self.ledger.next_seq)  # first: a cut between the two shows at the next start
        self.ledger.add(fact)
        return fact

    def _keep(self, step: int, seq: int) -> None:
        self.step, self.seq = step, seq
        kept = [self.ledger.agent_id, self.old.key_id, self.past, self.new.public_key, step, seq]
        self.ledger.save_keys(cbor.encode(kept))


def is_over(ledger: Ledger, step: int, seq: int) -> bool:
    """Tell whether the old key has ended and nothing that it signed is waiting for a receipt."""
    return step == ENDED and ledger.released_seq > seq


def take_up(ledger: Ledger, signer: Signer, following: Signer | None) -> tuple[Rotation | None, bytes | None]:
    """Return the rotation that goes on or begins, and a public key that had begun and is withdrawn.

    Between `recover` and `begin_epoch`, which keeps what is found. Raises: ValueError with one sentence.
    """
    kept = cbor.decode(ledger.keys_blob) if ledger.keys_blob else [ledger.agent_id, signer.key_id, b""]
    agent, signing, past = kept[:3]
    if agent != ledger.agent_id:
        raise ValueError("[agent] id: the journal is of agent %s, not of %s" % (agent.hex(), ledger.agent_id.hex()))
    new, step, seq = _standing(ledger, kept)
    over = is_over(ledger, step, seq)
    if over and signer.public_key == new:
        signing, past, new, step = signer.key_id, past + signing, b"", WAITING
    if signer.key_id != signing:
        keys = (signing.hex(), signer.key_id.hex())
        raise ValueError("[agent] key: expected %s, which has signed so far, not %s" % keys)
    withdrawn = None
    if step != WAITING and (following is None or following.public_key != new):
        if step >= SWITCHED:
            where = "as key, for it signs alone now" if over else "which already signs, until it signs alone"
            raise ValueError("[agent] next_key: expected %s, %s" % (key_id_of(new).hex(), where))
        if seq >= ledger.released_seq:
            withdrawn = new
        past, step = past + key_id_of(new), WAITING
    if following is not None and _among(following.key_id, ledger.agent_id + signing + past):
        raise ValueError("[agent] next_key: expected a key that this agent has not had")
    ledger.keys_blob = cbor.encode([agent, signing, past] + ([] if step == WAITING else [new, step, seq]))
    return None if following is None else Rotation(ledger, past, signer, following, step, seq), withdrawn


def _among(key_id: bytes, key_ids: bytes) -> bool:
    return key_id in [key_ids[at : at + len(key_id)] for at in range(0, len(key_ids), len(key_id))]


def _standing(ledger: Ledger, kept: list[object]) -> tuple[bytes, int, int]:
    """Return new key, step and number; a step whose record was cut off was never taken."""
    if len(kept) == SETTLED_FIELDS:
        return b"", WAITING, 0
    new, step, seq = kept[3:]
    assert type(new) is bytes and type(step) is int and type(seq) is int
    if seq >= ledger.next_seq and step == BEGUN:
        return b"", WAITING, 0
    if seq >= ledger.next_seq and step == ENDED:
        return new, SWITCHED, ledger.released_seq  # all that the old one signed was confirmed before
    return new, step, seq
