"""What every signer promises (hal/ports.py): the one in Python for boards, over a key file, over a token.

Source: RFC 6979 appendix A.2.5 for key and signature.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from boards.cpython import known_keys
from boards.cpython.pkcs11_signer import TokenSigner
from boards.cpython.private_file import KeyFileError
from boards.cpython.signer import FileSigner
from boards.micropython.signer import KEYS_MAX, SoftSigner
from tests.softhsm import SoftToken

SECRET = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
PUBLIC_KEY = bytes.fromhex(
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
DIGEST = hashlib.sha256(b"sample").digest()
SIGNATURE = bytes.fromhex(
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
)
DETERMINISTIC = ("soft", "file")
ALL = (*DETERMINISTIC, "token")
CURVE = ec.SECP256R1()


def pem_of(secret, curve=CURVE):
    key = ec.derive_private_key(int.from_bytes(secret, "big"), curve)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_file(folder, pem, mode=0o600):
    path = folder / "agent.pem"
    path.write_bytes(pem)
    path.chmod(mode)
    return path


@pytest.fixture
def make_signer(tmp_path, monkeypatch):
    def make(kind, secret=SECRET):
        if kind == "soft":
            return SoftSigner(secret)
        if kind == "file":
            return FileSigner(key_file(tmp_path, pem_of(secret)))
        if not tokens:
            tokens.append(SoftToken(tmp_path, monkeypatch))
            tokens[0].put(ec.derive_private_key(int.from_bytes(secret, "big"), CURVE), "agent")
        return TokenSigner(tokens[0].uri(), tmp_path)

    tokens: list[SoftToken] = []
    return make


@pytest.mark.parametrize("kind", ALL)
async def test_every_signature_is_one_by_the_key_and_of_64_bytes(make_signer, kind):
    signer, judge = make_signer(kind), SoftSigner(bytes(31) + b"\x01")
    for message in (b"", b"sample", b"test"):
        digest = hashlib.sha256(message).digest()
        signature = await signer.sign(digest)
        assert len(signature) == 64 and await judge.verify(PUBLIC_KEY, digest, signature)


@pytest.mark.parametrize("kind", ALL)
def test_key_and_key_id_are_those_of_the_secret(make_signer, kind):
    signer = make_signer(kind)
    assert signer.public_key == PUBLIC_KEY
    assert signer.key_id == hashlib.sha256(PUBLIC_KEY).digest()[:8]


@pytest.mark.parametrize("kind", DETERMINISTIC)
async def test_signatures_are_deterministic_and_those_of_the_standard(make_signer, kind):
    signer = make_signer(kind)
    assert [await signer.sign(DIGEST) for _ in range(3)] == [SIGNATURE] * 3


@pytest.mark.parametrize("kind", ALL)
async def test_only_a_digest_is_signed(make_signer, kind):
    for not_a_digest in (b"", DIGEST[:31], DIGEST + b"\x00"):
        with pytest.raises(ValueError, match="32 bytes"):
            await make_signer(kind).sign(not_a_digest)


@pytest.mark.parametrize("kind", ALL)
async def test_own_and_foreign_signatures_verify(make_signer, kind):
    signer = make_signer(kind)
    assert await signer.verify(PUBLIC_KEY, DIGEST, SIGNATURE)
    other = make_signer("soft", bytes(31) + b"\x07")
    signature = await other.sign(DIGEST)
    assert await signer.verify(other.public_key, DIGEST, signature)
    assert not await signer.verify(PUBLIC_KEY, DIGEST, signature)
    assert not await signer.verify(other.public_key, DIGEST, SIGNATURE)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        b"\x00",
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        PUBLIC_KEY[:64],
        PUBLIC_KEY + b"\x00",
        b"\x03" + PUBLIC_KEY[1:33],
        b"\x07" + PUBLIC_KEY[1:],
        PUBLIC_KEY[:64] + b"\x00",
    ],
    ids=["empty", "infinity", "zeros", "ones", "short", "long", "compressed", "hybrid", "off the curve"],
)
async def test_a_key_that_is_no_uncompressed_point_verifies_nothing(make_signer, kind, public_key):
    assert not await make_signer(kind).verify(public_key, DIGEST, SIGNATURE)


@pytest.mark.parametrize("kind", ALL)
async def test_hostile_signatures_and_digests_are_answered_not_raised(make_signer, kind):
    signer = make_signer(kind)
    for hostile in (b"", bytes(64), b"\xff" * 64, SIGNATURE[:63], SIGNATURE + b"\x00", bytes(32) + SIGNATURE[32:]):
        assert not await signer.verify(PUBLIC_KEY, DIGEST, hostile)
    for hostile in (b"", DIGEST[:31], DIGEST + b"\x00"):
        assert not await signer.verify(PUBLIC_KEY, hostile, SIGNATURE)


@pytest.mark.parametrize("kind", ALL)
async def test_many_keys_are_verified_and_few_are_remembered(make_signer, kind):
    signer, keys_max = make_signer(kind), KEYS_MAX if kind == "soft" else known_keys.KEYS_MAX
    others = [SoftSigner(number.to_bytes(32, "big")) for number in range(1, keys_max + 2)]
    for other in [*others, others[0]]:
        assert await signer.verify(other.public_key, DIGEST, await other.sign(DIGEST))
    known = [key for key, _ in signer._combs] if kind == "soft" else list(signer._keys.parsed)
    assert known == [other.public_key for other in [*others[2:], others[0]]]


async def test_more_keys_than_tables_may_be_verified_at_once():
    others = [SoftSigner(number.to_bytes(32, "big")) for number in range(1, 6)]
    signatures = [await other.sign(DIGEST) for other in others]
    verifier = SoftSigner(SECRET)
    questions = [(key, signature) for key in others for signature in signatures]
    answers = await asyncio.gather(*[verifier.verify(key.public_key, DIGEST, name) for key, name in questions])
    assert answers == [others.index(key) == signatures.index(name) for key, name in questions]


async def test_a_verification_given_up_half_way_leaves_no_half_made_table():
    verifier = SoftSigner(SECRET)
    task = asyncio.create_task(verifier.verify(PUBLIC_KEY, DIGEST, SIGNATURE))
    for _ in range(50):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await verifier.verify(PUBLIC_KEY, DIGEST, SIGNATURE)


async def test_others_get_their_turn_while_the_soft_signer_works():
    signer, turns = SoftSigner(SECRET), 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await signer.sign(DIGEST)
    after_signing = turns
    await signer.verify(PUBLIC_KEY, DIGEST, SIGNATURE)
    task.cancel()
    assert after_signing > 60
    assert turns - after_signing > 60


@pytest.mark.parametrize("kind", ALL)
async def test_signing_and_verifying_may_overlap(make_signer, kind):
    signer = make_signer(kind)
    found = await asyncio.gather(signer.sign(DIGEST), signer.verify(PUBLIC_KEY, DIGEST, SIGNATURE), signer.sign(DIGEST))
    assert found[1]
    assert [await signer.verify(PUBLIC_KEY, DIGEST, signature) for signature in found[::2]] == [True, True]


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, SECRET[:31]])
def test_the_soft_signer_refuses_what_is_no_private_key(secret):
    with pytest.raises(ValueError, match="private key"):
        SoftSigner(secret)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o644])
def test_a_key_file_that_others_may_use_is_refused(tmp_path, mode):
    with pytest.raises(KeyFileError, match=r"agent\.pem: group or others .* chmod 600"):
        FileSigner(key_file(tmp_path, pem_of(SECRET), mode))


def test_a_key_file_may_be_read_only(tmp_path):
    assert FileSigner(key_file(tmp_path, pem_of(SECRET), 0o400)).public_key == PUBLIC_KEY


def test_other_files_are_refused_with_their_name(tmp_path):
    encrypted = ec.generate_private_key(CURVE).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    edwards = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"not a key", encrypted, edwards, pem_of(SECRET, ec.SECP384R1()), SECRET):
        with pytest.raises(KeyFileError, match=r"agent\.pem: not "):
            FileSigner(key_file(tmp_path, content))


def test_a_missing_file_and_a_folder_are_refused_with_their_name(tmp_path):
    with pytest.raises(KeyFileError, match=r"absent\.pem: No such file"):
        FileSigner(tmp_path / "absent.pem")
    with pytest.raises(KeyFileError, match=str(tmp_path)):
        FileSigner(Path(tmp_path))
