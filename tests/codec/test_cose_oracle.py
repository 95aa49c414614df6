"""The envelope against examples of others, against cbor2 with cryptography, and against damage; on both runtimes.

Source: cose-wg/Examples (sign1-tests, ecdsa-examples), gluecose/test-vectors (../shared/data/cose); docs/format.md.
The examples name the key outside the protected header, which the profile forbids: their digests and signatures are
checked, their envelopes must be refused.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cose import CoseError, open_envelope, seal, sig_structure_digest
from boards.micropython.signer import SoftSigner
from tests.codec.board import ask
from tests.needs import shared_data

SECRET = bytes(31) + b"\x2a"
SEED = 20260707


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(fields):
    return b"\x04" + unbase64(fields["x"]) + unbase64(fields["y"])


def verdict(raw):
    """Answer as board_answers.py does."""
    try:
        return " ".join(part.hex() for part in open_envelope(raw))
    except CoseError as fault:
        return f"{fault.args[0]} @ {fault.args[1]}"


class Example:
    """One published ES256 COSE_Sign1: what is in the envelope, and whether it is good."""

    def __init__(self, name, key, raw, good, external=b"", to_be_signed=None):
        self.name = name
        self.key = key_of(key)
        self.raw = bytes.fromhex(raw)
        self.good = good
        self.to_be_signed = to_be_signed and bytes.fromhex(to_be_signed)
        self.protected, _, self.payload, self.signature = cbor2.loads(self.raw).value
        # The profile has no external data and no empty protected header.
        self.in_profile = not external and self.protected != b"\xa0"


def working_group_examples():
    for path in sorted(shared_data("cose", "cose-wg-examples").glob("*/*.json")):
        whole = json.loads(path.read_text())
        signed = whole["input"].get("sign0", {})
        if signed.get("alg") == "ES256":
            yield Example(
                path.stem,
                signed["key"],
                whole["output"]["cbor"],
                not whole.get("fail", False),
                signed.get("external", ""),
                whole["intermediates"]["ToBeSign_hex"],
            )


def gluecose_examples():
    for path in sorted(shared_data("cose", "gluecose").glob("sign1-*.json")):
        whole = json.loads(path.read_text())
        made, given_ = whole.get("sign1::sign"), whole.get("sign1::verify")
        part = made or given_
        raw = part["expectedOutput" if made else "taggedCOSESign1"]["cborHex"]
        to_be_signed = part["tbsHex"]["cborHex"] if made else None
        yield Example(
            path.stem, whole["key"], raw, part.get("shouldVerify", True), part.get("external", ""), to_be_signed
        )


async def test_published_signatures_verify_over_our_digest():
    verifier, verified = SoftSigner(SECRET), 0
    for example in [*working_group_examples(), *gluecose_examples()]:
        digest = sig_structure_digest(example.protected, example.payload)
        if example.in_profile and example.good:
            assert await verifier.verify(example.key, digest, example.signature), example.name
            verified += 1
        elif example.name != "sign-fail-01":  # only its tag is wrong
            assert not await verifier.verify(example.key, digest, example.signature), example.name
    assert verified >= 2


async def test_published_signatures_verify_over_the_published_bytes():
    verifier, verified = SoftSigner(SECRET), 0
    for example in [*working_group_examples(), *gluecose_examples()]:
        if example.to_be_signed and example.good:
            digest = hashlib.sha256(example.to_be_signed).digest()
            assert await verifier.verify(example.key, digest, example.signature), example.name
            assert not example.in_profile or digest == sig_structure_digest(example.protected, example.payload)
            verified += 1
    assert verified >= 4


def test_a_board_judges_the_published_signatures_as_published():
    questions, wanted = [], []
    for example in [*working_group_examples(), *gluecose_examples()]:
        digests = [sig_structure_digest(example.protected, example.payload)]
        wanted.append((example.in_profile and example.good) or example.name == "sign-fail-01")  # its tag alone is wrong
        if example.to_be_signed and example.good:
            digests.append(hashlib.sha256(example.to_be_signed).digest())
            wanted.append(True)
        questions += [["verify", example.key.hex(), digest.hex(), example.signature.hex()] for digest in digests]
    assert wanted.count(True) >= 6 and wanted.count(False) >= 2
    assert [answer == "yes" for answer in ask(questions)] == wanted


def test_every_published_message_of_whatever_kind_is_refused_on_both_runtimes():
    messages = [
        bytes.fromhex(json.loads(path.read_text())["output"]["cbor"])
        for path in sorted(shared_data("cose", "cose-wg-examples").glob("*/*.json"))
    ]
    messages += [example.raw for example in gluecose_examples()]
    assert len(messages) >= 14
    for raw in messages:
        with pytest.raises(CoseError):
            open_envelope(raw)
    assert ask([["open", raw.hex()] for raw in messages]) == [verdict(raw) for raw in messages]


def test_a_sealed_payload_is_read_by_cbor2_and_has_one_encoding():
    signer = SoftSigner(SECRET)
    for size_bytes in (1, 23, 24, 300, 4000, 65535, 65536):
        payload = random.Random(size_bytes).randbytes(size_bytes)
        raw = asyncio.run(seal(signer, payload))
        envelope = cbor2.loads(raw)
        assert envelope.tag == 18
        protected, unprotected, inside, signature = envelope.value
        assert cbor2.loads(protected) == {1: -7, 4: signer.key_id}
        assert (unprotected, inside) == ({}, payload)
        assert cbor2.dumps(envelope, canonical=True) == raw
        to_be_signed = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
        assert open_envelope(raw) == (signer.key_id, payload, hashlib.sha256(to_be_signed).digest(), signature)


def test_a_board_seals_the_same_bytes():
    payloads = [random.Random(SEED).randbytes(size_bytes) for size_bytes in (0, 1, 23, 24, 255, 256, 3000)]
    wanted = [asyncio.run(seal(SoftSigner(SECRET), payload)).hex() for payload in payloads]
    assert ask([["seal", SECRET.hex(), payload.hex()] for payload in payloads]) == wanted


def test_an_envelope_made_by_cbor2_opens():
    envelope = cbor2.CBORTag(18, [cbor2.dumps({1: -7, 4: b"12345678"}), {}, b"payload", bytes(64)])
    assert open_envelope(cbor2.dumps(envelope))[:2] == (b"12345678", b"payload")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_noise_is_refused(raw):
    with pytest.raises(CoseError):
        open_envelope(raw)


def test_damage_is_refused_or_shows_and_a_board_says_the_same():
    raw = asyncio.run(seal(SoftSigner(SECRET), b"\x83\x01\x02\x03" * 10))
    dice = random.Random(SEED)
    corpus = []
    for at in range(len(raw)):
        corpus.append(raw[:at] + bytes([raw[at] ^ 1 << dice.randrange(8)]) + raw[at + 1 :])
        corpus.append(raw[:at] + raw[at + 1 :])
        corpus.append(raw[:at] + dice.randbytes(1) + raw[at:])
    whole = verdict(raw)
    verdicts = [verdict(changed) for changed in corpus]
    assert whole not in [found for found, changed in zip(verdicts, corpus, strict=True) if changed != raw]
    assert ask([["open", changed.hex()] for changed in corpus]) == verdicts
