"""The envelope: an example of the COSE working group for the digest, and every other shape refused.

Source: RFC 9052 section 4.4; cose-wg/Examples, ecdsa-examples/ecdsa-sig-01; docs/format.md.
"""

from __future__ import annotations

import hashlib

from agent.cose import CoseError, open_envelope, protected_header, seal, sig_structure_digest

KEY_ID = b"\x01\x02\x03\x04\x05\x06\x07\x08"
PAYLOAD = b"\x83\x01\x02\x03"


class EchoSigner:
    """Signs with the digest itself, twice."""

    public_key = b"\x04" + bytes(64)
    key_id = KEY_ID

    async def sign(self, digest):
        return digest + digest

    async def verify(self, public_key, digest, signature):
        return signature == digest + digest


def fault_of(raw):
    try:
        open_envelope(raw)
    except CoseError as fault:
        return fault.args[0]
    return None


def test_the_digest_is_over_the_sig_structure_of_the_standard():
    # ToBeSign_hex of ecdsa-examples/ecdsa-sig-01.
    to_be_signed = "846A5369676E61747572653145A2012603004054546869732069732074686520636F6E74656E742E"
    wanted = hashlib.sha256(bytes.fromhex(to_be_signed)).digest()
    assert sig_structure_digest(b"\xa2\x01\x26\x03\x00", b"This is the content.") == wanted


async def test_a_sealed_payload_opens_with_the_same_key_id_payload_and_digest():
    for size_bytes in (0, 1, 23, 24, 255, 256, 4000):
        payload = bytes(size_bytes)
        raw = await seal(EchoSigner(), payload)
        digest = sig_structure_digest(protected_header(KEY_ID), payload)
        assert open_envelope(raw) == (KEY_ID, payload, digest, digest + digest)


async def test_the_bytes_of_an_envelope_are_fixed():
    raw = await seal(EchoSigner(), PAYLOAD)
    assert raw[:-64].hex() == "d2844da201260448" + KEY_ID.hex() + "a0" + "4483010203" + "5840"


async def test_every_other_shape_is_refused_by_name():
    raw = await seal(EchoSigner(), PAYLOAD)
    for wanted, changed in (
        ("not a tagged COSE_Sign1 of four parts", raw[1:]),
        ("not a tagged COSE_Sign1 of four parts", b""),
        ("not a tagged COSE_Sign1 of four parts", b"\xd2\x85" + raw[2:]),
        ("not a tagged COSE_Sign1 of four parts", b"\xd8\x12" + raw[1:]),
        ("protected header has another size", b"\xd2\x84\x4c" + raw[3:]),
        ("protected header is not ES256 with an 8-byte key id", raw[:5] + b"\x27" + raw[6:]),
        ("unprotected header is not empty", raw[:16] + b"\xa1" + raw[17:]),
        ("unprotected header is not empty", raw[:10]),
        ("payload is not a byte string", raw[:17] + b"\x64" + raw[18:]),
        ("payload is not a byte string", raw[:17] + b"\xf6" + raw[18:]),
        ("payload: not the shortest head", raw[:17] + b"\x58\x04" + raw[18:]),
        ("payload: indefinite length", raw[:17] + b"\x5f" + raw[17:]),
        ("payload exceeds the input", raw[:17] + b"\x58\x47" + raw[18:]),
        ("payload exceeds the input", raw[:17] + b"\x5b" + b"\xff" * 8),
        ("signature is not 64 bytes", raw[:22] + b"\x58\x3f" + raw[24:]),
        ("ends early", raw[:-1]),
        ("bytes after the signature", raw + b"\x00"),
    ):
        assert fault_of(changed) == wanted


async def test_no_prefix_of_an_envelope_is_an_envelope():
    raw = await seal(EchoSigner(), PAYLOAD)
    for size_bytes in range(len(raw)):
        assert fault_of(raw[:size_bytes]) is not None
