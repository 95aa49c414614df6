"""ES256 against published vectors and against `cryptography`; on CPython, on a board, and one checking the other.

Source: Wycheproof ecdsa_secp256r1_sha256_p1363, RFC 6979 appendix A.2.5 (../shared/data/crypto).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from boards.cpython.signer import FileSigner
from boards.micropython.p256 import N
from boards.micropython.p256_table import BASE_COMB
from boards.micropython.signer import SoftSigner
from tests.codec.board import ask
from tests.needs import shared_data
from tools import p256_table

SEED = 20260706
SMALL_HEAP = "96K"


def file_signer(folder, secret):
    path = folder / "key.pem"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(private_key(secret).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return FileSigner(path)


def private_key(secret):
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())


def public_key(secret):
    return private_key(secret).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign_by_oracle(secret, digest):
    algorithm = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
    r, s = decode_dss_signature(private_key(secret).sign(digest, algorithm))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def wycheproof():
    """Return (public key, digest, signature, must verify, name) of each case."""
    groups = json.loads(
        shared_data("crypto", "wycheproof", "ecdsa_secp256r1_sha256_p1363_test_share.json").read_text()
    )["testGroups"]
    return [
        (
            bytes.fromhex(group["publicKey"]["uncompressed"]),
            hashlib.sha256(bytes.fromhex(case["msg"])).digest(),
            bytes.fromhex(case["sig"]),
            case["result"] == "valid",
            f"{case['tcId']} {case['comment']}",
        )
        for group in groups
        for case in group["tests"]
    ]


def drawn(seed, count):
    """Return (secret, digest) pairs, extreme ones first."""
    dice = random.Random(seed)
    extremes = [(number.to_bytes(32, "big"), digest) for number in (1, N - 1) for digest in (bytes(32), b"\xff" * 32)]
    return extremes + [(dice.randrange(1, N).to_bytes(32, "big"), dice.randbytes(32)) for _ in range(count)]


@pytest.mark.parametrize("kind", ["soft", "file"])
async def test_wycheproof_on_cpython(tmp_path, kind):
    secret = bytes(31) + b"\x01"
    signer = SoftSigner(secret) if kind == "soft" else file_signer(tmp_path, secret)
    cases = wycheproof()
    assert len(cases) > 100
    for key, digest, signature, valid, name in cases:
        assert await signer.verify(key, digest, signature) == valid, name


def test_wycheproof_on_a_board():
    cases = wycheproof()
    answers = ask([["verify", case[0].hex(), case[1].hex(), case[2].hex()] for case in cases])
    for (*_, valid, name), answer in zip(cases, answers, strict=True):
        assert answer == ("yes" if valid else "no"), name


def test_rfc_6979_on_a_board_and_on_cpython():
    rows = json.loads(shared_data("crypto", "rfc6979_p256_share.json").read_text())
    rows = [row for row in rows if row["hash"] == "SHA256"]
    assert rows
    digests = [hashlib.sha256(row["msg"].encode()).digest() for row in rows]
    wanted = [(row["r"] + row["s"]).lower() for row in rows]
    assert ask([["sign", row["d"], digest.hex()] for row, digest in zip(rows, digests, strict=True)]) == wanted
    signer = SoftSigner(bytes.fromhex(rows[0]["d"]))
    assert [asyncio.run(signer.sign(digest)).hex() for digest in digests] == wanted


async def test_rfc_6979_signatures_over_other_hashes_verify_everywhere(tmp_path):
    # FIPS 186-5 section 6.4: of a longer hash the leftmost 256 bits count, a shorter one is a smaller number.
    questions = []
    for row in json.loads(shared_data("crypto", "rfc6979_p256_share.json").read_text()):
        digest = hashlib.new(row["hash"].lower(), row["msg"].encode()).digest()[:32].rjust(32, b"\0")
        questions.append(["verify", public_key(bytes.fromhex(row["d"])).hex(), digest.hex(), row["r"] + row["s"]])
    assert len(questions) >= 5
    assert ask(questions) == ["yes"] * len(questions)
    for signer in (SoftSigner(bytes(31) + b"\x01"), file_signer(tmp_path, bytes(31) + b"\x01")):
        for _, *parts in questions:
            assert await signer.verify(*map(bytes.fromhex, parts))


async def test_all_signers_give_the_bytes_of_cryptography(tmp_path):
    pairs = drawn(SEED, 12)
    wanted = [sign_by_oracle(*pair) for pair in pairs]
    assert [await SoftSigner(secret).sign(digest) for secret, digest in pairs] == wanted
    assert [await file_signer(tmp_path, secret).sign(digest) for secret, digest in pairs] == wanted


def test_a_board_gives_the_keys_and_signatures_of_cryptography():
    pairs = drawn(SEED + 1, 30)
    keys = ask([["public_key", secret.hex()] for secret, _ in pairs])
    assert keys == [public_key(secret).hex() for secret, _ in pairs]
    signatures = ask([["sign", secret.hex(), digest.hex()] for secret, digest in pairs])
    assert signatures == [sign_by_oracle(*pair).hex() for pair in pairs]


def test_a_board_accepts_signatures_of_cryptography_and_refuses_them_changed():
    dice = random.Random(SEED + 2)
    questions = []
    for secret, digest in drawn(SEED + 3, 10):
        signature, key = sign_by_oracle(secret, digest), public_key(secret)
        at = dice.randrange(64)
        changed = signature[:at] + bytes([signature[at] ^ 1 << dice.randrange(8)]) + signature[at + 1 :]
        swapped = signature[32:] + signature[:32]
        other = public_key(((int.from_bytes(secret, "big") >> 1) + 7).to_bytes(32, "big"))
        questions += [
            ["verify", key.hex(), digest.hex(), signature.hex()],
            ["verify", key.hex(), digest.hex(), changed.hex()],
            ["verify", key.hex(), digest.hex(), swapped.hex()],
            ["verify", other.hex(), digest.hex(), signature.hex()],
        ]
    assert ask(questions) == ["yes", "no", "no", "no"] * (len(questions) // 4)


def test_signing_and_verifying_fit_a_small_heap():
    secret, digest = drawn(SEED, 1)[-1]
    signature = sign_by_oracle(secret, digest).hex()
    questions = [["sign", secret.hex(), digest.hex()], ["verify", public_key(secret).hex(), digest.hex(), signature]]
    assert ask(questions, heap=SMALL_HEAP) == [signature, "yes"]


def test_the_committed_table_is_what_the_tool_writes():
    assert p256_table.main(["--check"]) == 0
    assert p256_table.base_comb() == BASE_COMB
