"""Where ECDSA breaks: extreme scalars and digests, both halves of s, both ways with `cryptography`; and long steps.

Source: FIPS 186-5 section 6.4; Wycheproof hmac_sha256 (../shared/data/crypto).
"""

from __future__ import annotations

import json
import random
import sys

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.micropython.es256 import BLIND_BYTES, key_point, public_key_steps, sign_steps, verify_steps
from boards.micropython.p256 import COMB_BYTES, N, P, comb_steps, finish
from tests.codec.board import ask
from tests.codec.test_crypto_oracle import private_key, public_key
from tests.needs import shared_data

SEED = 20261122
HASH = ec.ECDSA(Prehashed(SHA256()))
DIGESTS = [number.to_bytes(32, "big") for number in (0, 1, N - 1, N, N + 1, P, (1 << 256) - 1)]
SECRETS = [number.to_bytes(32, "big") for number in (1, 2, 3, N >> 1, (N >> 1) + 1, N - 2, N - 1)]
# Between two pauses: at most this many lines of Python. The longest is the first, which derives the nonce with HMAC;
# a doubling is 6 lines, an addition 15, a round of the inverse 4.
LINES_A_STEP = 100

secrets = st.integers(min_value=1, max_value=N - 1).map(lambda number: number.to_bytes(32, "big"))
digests = st.sampled_from(DIGESTS) | st.binary(min_size=32, max_size=32)
blinds = st.binary(min_size=BLIND_BYTES, max_size=BLIND_BYTES)


def halves(signature):
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def joined(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def oracle_accepts(public, digest, signature):
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    try:
        key.verify(encode_dss_signature(*halves(signature)), digest, HASH)
    except InvalidSignature:
        return False
    return True


def we_accept(public, digest, signature):
    table = bytearray(COMB_BYTES)
    finish(comb_steps(table, *key_point(public)))
    return finish(verify_steps(table, digest, signature))


@given(secrets, digests, blinds)
@settings(max_examples=40, deadline=None)
def test_what_we_sign_cryptography_accepts_and_the_blinding_never_shows(secret, digest, blind):
    public = public_key(secret)
    assert finish(public_key_steps(secret, blind)) == public
    signature = finish(sign_steps(secret, digest, blind))
    assert oracle_accepts(public, digest, signature)
    assert signature == finish(sign_steps(secret, digest, bytes(BLIND_BYTES)))


@given(secrets, digests)
@settings(max_examples=40, deadline=None)
def test_what_cryptography_signs_we_accept_with_low_and_with_high_s(secret, digest):
    r, s = decode_dss_signature(private_key(secret).sign(digest, HASH))  # its nonce is drawn, not derived
    public = public_key(secret)
    for each in (s, N - s):
        assert oracle_accepts(public, digest, joined(r, each)) and we_accept(public, digest, joined(r, each))
    assert not we_accept(public, digest, joined(r, (s + 1) % N))


@pytest.mark.parametrize("secret", SECRETS, ids=["1", "2", "3", "n/2", "n/2+1", "n-2", "n-1"])
def test_extreme_keys_and_digests_agree_both_ways(secret):
    public = public_key(secret)
    for digest in DIGESTS:
        ours = finish(sign_steps(secret, digest, bytes(range(BLIND_BYTES))))
        theirs = joined(*decode_dss_signature(private_key(secret).sign(digest, HASH)))
        assert oracle_accepts(public, digest, ours) and we_accept(public, digest, theirs)


def test_a_board_agrees_both_ways_on_extreme_and_random_keys_and_digests():
    dice = random.Random(SEED)
    pairs = [(secret, digest) for secret in SECRETS for digest in DIGESTS]
    pairs += [(dice.randrange(1, N).to_bytes(32, "big"), dice.randbytes(32)) for _ in range(40)]
    signed = ask([["sign", secret.hex(), digest.hex()] for secret, digest in pairs])
    for (secret, digest), signature in zip(pairs, signed, strict=True):
        assert oracle_accepts(public_key(secret), digest, bytes.fromhex(signature))
    questions = []
    for secret, digest in pairs:
        r, s = decode_dss_signature(private_key(secret).sign(digest, HASH))
        key = public_key(secret).hex()
        questions += [["verify", key, digest.hex(), joined(r, each).hex()] for each in (s, N - s, (s + 1) % N)]
    assert ask(questions) == ["yes", "yes", "no"] * len(pairs)


def test_a_digest_and_the_same_number_less_n_have_one_signature():
    # Only the number modulo n counts: whoever may choose digests freely can choose two of one signature.
    secret, small = SECRETS[2], (5).to_bytes(32, "big")
    large = (N + 5).to_bytes(32, "big")
    assert finish(sign_steps(secret, small, bytes(BLIND_BYTES))) == finish(
        sign_steps(secret, large, bytes(BLIND_BYTES))
    )


def test_wycheproof_hmac_with_keys_as_long_as_the_nonces_on_a_board():
    groups = json.loads(shared_data("crypto", "wycheproof", "hmac_sha256_test_share.json").read_text())["testGroups"]
    cases = [(case, group["tagSize"] // 4) for group in groups if group["keySize"] == 256 for case in group["tests"]]
    assert len(cases) > 30
    answers = ask([["hmac", case["key"], case["msg"]] for case, _ in cases])
    for (case, digits), answer in zip(cases, answers, strict=True):
        assert (answer[:digits] == case["tag"]) == (case["result"] == "valid"), case["tcId"]


def longest_step(steps):
    """Return how many lines of Python ran between two pauses, at most, and how many pauses there were."""
    lines, longest, pauses = 0, 0, 0

    def count(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        while True:
            lines = 0
            try:
                next(steps)
            except StopIteration:
                return max(longest, lines), pauses
            longest, pauses = max(longest, lines), pauses + 1
    finally:
        sys.settrace(before)


def test_no_step_of_signing_verifying_or_learning_a_key_is_long():
    secret, digest, blind = SECRETS[3], b"\xa5" * 32, b"\x5a" * BLIND_BYTES
    signature, table = finish(sign_steps(secret, digest, blind)), bytearray(COMB_BYTES)
    finish(comb_steps(table, *key_point(public_key(secret))))
    for steps in (
        sign_steps(secret, digest, blind),
        verify_steps(table, digest, signature),
        comb_steps(bytearray(COMB_BYTES), *key_point(public_key(secret))),
        public_key_steps(secret, blind),
    ):
        longest, pauses = longest_step(steps)
        assert longest <= LINES_A_STEP and pauses > 60, (longest, pauses)
