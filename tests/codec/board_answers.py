"""Runs inside MicroPython: reads questions, one JSON list a line, and prints one answer a line.

micropython board_answers.py FOLDER QUESTIONS
"""

import asyncio
import json
import sys

sys.path[:] = [sys.argv[1], ".frozen"]

from agent import cbor, cose, merkle  # noqa: E402 - found on the path that was just set
from boards.micropython import es256  # noqa: E402 - found on the path that was just set
from boards.micropython.signer import SoftSigner  # noqa: E402 - found on the path that was just set

signers = {}


def signer_of(secret):
    if secret not in signers:
        signers[secret] = SoftSigner(bytes.fromhex(secret))
    return signers[secret]


def decode(raw, items_max=cbor.ITEMS_MAX):
    """Answer the item encoded again, or the fault and its offset."""
    try:
        return cbor.encode(cbor.decode(bytes.fromhex(raw), items_max=items_max)).hex()
    except cbor.CborError as fault:
        return "{} @ {}".format(*fault.args)


def open_envelope(raw):
    try:
        return " ".join([part.hex() for part in cose.open_envelope(bytes.fromhex(raw))])
    except cose.CoseError as fault:
        return "{} @ {}".format(*fault.args)


def seal(secret, payload):
    return asyncio.run(cose.seal(signer_of(secret), bytes.fromhex(payload))).hex()


def merkle_root(*records):
    tree = merkle.MerkleTree()
    for record in records:
        tree.add(bytes.fromhex(record))
    return tree.root().hex()


def public_key(secret):
    return signer_of(secret).public_key.hex()


def sign(secret, digest):
    return asyncio.run(signer_of(secret).sign(bytes.fromhex(digest))).hex()


def verify(key, digest, signature):
    """Verify with the signer of the smallest secret: which one does not matter."""
    verifier = signer_of("00" * 31 + "01")
    parts = [bytes.fromhex(part) for part in (key, digest, signature)]
    return "yes" if asyncio.run(verifier.verify(*parts)) else "no"


def hmac(key, message):
    """Answer HMAC-SHA-256 as the nonce is made with: keys of 32 bytes only."""
    return es256._hmac(bytes.fromhex(key), bytes.fromhex(message)).hex()


VERBS = {
    "decode": decode,
    "open": open_envelope,
    "seal": seal,
    "merkle": merkle_root,
    "public_key": public_key,
    "sign": sign,
    "verify": verify,
    "hmac": hmac,
}

with open(sys.argv[2]) as questions:  # noqa: PTH123  (there is no pathlib)
    for line in questions:
        question = json.loads(line)
        print(VERBS[question[0]](*question[1:]))  # type: ignore[operator]  # each takes its own
