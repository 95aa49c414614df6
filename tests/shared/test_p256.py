"""ES256 in Python against the standard's signatures, and the hostile cases that break verifiers.

Source: RFC 6979 appendix A.2.5; Wycheproof ecdsa_secp256r1_sha256_p1363 (cases named by tcId); NIST SP 800-186.
"""

from __future__ import annotations

import hashlib

from boards.micropython.es256 import (
    BLIND_BYTES,
    key_point,
    public_key_steps,
    secret_number,
    sign_steps,
    verify_steps,
)
from boards.micropython.p256 import (
    COMB_BYTES,
    N,
    P,
    add,
    affine_steps,
    base_point_steps,
    comb_steps,
    double,
    finish,
    inverse_steps,
    is_on_curve,
)

SECRET = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
PUBLIC_KEY = bytes.fromhex(
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
SIGNATURES = (  # message, r, s
    (
        b"sample",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        b"test",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
)
SAMPLE_SIGNATURE = bytes.fromhex(SIGNATURES[0][1] + SIGNATURES[0][2])
# The smallest and the largest multiple of N, all ones, and something ordinary.
BLINDS = (
    bytes(BLIND_BYTES),
    b"\x7f\xff\xff\xfe" + bytes(BLIND_BYTES - 4),
    b"\xff" * BLIND_BYTES,
    bytes(range(BLIND_BYTES)),
)
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5


def sha256(message):
    return hashlib.sha256(message).digest()


def is_refused_key(public_key):
    try:
        key_point(public_key)
    except ValueError:
        return True
    return False


def is_refused_secret(secret):
    try:
        secret_number(secret)
    except ValueError:
        return True
    return False


def comb_of(x, y):
    table = bytearray(COMB_BYTES)
    finish(comb_steps(table, x, y))
    return table


def verifies(public_key, digest, signature):
    return finish(verify_steps(comb_of(*key_point(public_key)), digest, signature))


def test_the_public_key_is_that_of_the_standard_whatever_the_blinding():
    for blind in BLINDS:
        assert finish(public_key_steps(SECRET, blind)) == PUBLIC_KEY


def test_signatures_are_those_of_the_standard_whatever_the_blinding():
    for message, r, s in SIGNATURES:
        for blind in BLINDS:
            assert finish(sign_steps(SECRET, sha256(message), blind)) == bytes.fromhex(r + s)


def test_the_smallest_and_largest_private_keys_have_the_base_point_and_its_mirror_image():
    for blind in BLINDS:
        for number, y in ((1, GY), (N - 1, P - GY)):
            public_key = finish(public_key_steps(number.to_bytes(32, "big"), blind))
            assert public_key == b"\x04" + GX.to_bytes(32, "big") + y.to_bytes(32, "big")


def test_extreme_private_keys_sign():
    for number in (1, 2, N - 2, N - 1):
        secret = number.to_bytes(32, "big")
        public_key = finish(public_key_steps(secret, BLINDS[3]))
        assert verifies(public_key, sha256(b"x"), finish(sign_steps(secret, sha256(b"x"), BLINDS[3])))


def test_a_private_key_out_of_range_or_of_another_size_is_refused():
    for secret in (bytes(32), N.to_bytes(32, "big"), b"\xff" * 32, bytes(31), b"\x01" * 33, b""):
        assert is_refused_secret(secret)


def test_only_a_digest_of_32_bytes_is_signed():
    refused = 0
    for size_bytes in (0, 31, 33):
        try:
            finish(sign_steps(SECRET, bytes(size_bytes), BLINDS[0]))
        except ValueError:
            refused += 1
    assert refused == 3


def test_a_changed_bit_anywhere_is_refused():
    comb, digest, signature = comb_of(*key_point(PUBLIC_KEY)), sha256(b"sample"), SAMPLE_SIGNATURE
    assert finish(verify_steps(comb, digest, signature))
    for at in (0, 31, 32, 63):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not finish(verify_steps(comb, digest, changed))
    assert not finish(verify_steps(comb, sha256(b"other"), signature))


def test_r_and_s_out_of_range_are_refused():
    comb = comb_of(*key_point(PUBLIC_KEY))
    digest = sha256(b"sample")
    for number in (0, N, N + 1, P, (1 << 256) - 1):
        bad = number.to_bytes(32, "big")
        assert not finish(verify_steps(comb, digest, bad + SAMPLE_SIGNATURE[32:]))
        assert not finish(verify_steps(comb, digest, SAMPLE_SIGNATURE[:32] + bad))
    assert not finish(verify_steps(comb, digest, bytes(64)))


def test_signatures_and_digests_of_other_sizes_are_refused():
    comb = comb_of(*key_point(PUBLIC_KEY))
    digest = sha256(b"sample")
    for bad in (
        b"",
        SAMPLE_SIGNATURE[:63],
        SAMPLE_SIGNATURE + b"\x00",
        b"\x00" + SAMPLE_SIGNATURE,
        SAMPLE_SIGNATURE[:32],
    ):
        assert not finish(verify_steps(comb, digest, bad))
    for bad in (b"", digest[:31], digest + b"\x00"):
        assert not finish(verify_steps(comb, bad, SAMPLE_SIGNATURE))


def test_keys_that_are_no_points_are_refused():
    for public_key in (
        b"",
        PUBLIC_KEY[:64],
        PUBLIC_KEY + b"\x00",
        b"\x02" + PUBLIC_KEY[1:33],
        b"\x06" + PUBLIC_KEY[1:],
        b"\x00",
        b"\x04" + bytes(64),
        PUBLIC_KEY[:64] + bytes([PUBLIC_KEY[64] ^ 1]),
        b"\x04" + (GX + 1).to_bytes(32, "big") + GY.to_bytes(32, "big"),
        b"\x04" + P.to_bytes(32, "big") + PUBLIC_KEY[33:],
        b"\x04" + b"\xff" * 64,
    ):
        assert is_refused_key(public_key)


def test_x_over_the_field_size_is_refused_even_where_it_is_congruent_to_a_point():
    # (0, y) is on the curve; (P, y) is the same modulo P and must not be a second name for it.
    y = 0x66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4
    assert is_on_curve(0, y)
    assert not is_on_curve(P, y)


def test_r_above_the_order_is_found_again_wycheproof_115():
    # The point's x is r + N: only a verifier that tries both accepts.
    public_key = bytes.fromhex(
        "040ad99500288d466940031d72a9f5445a4d43784640855bf0a69874d2de5fe103"
        "c5011e6ef2c42dcd50d5d3d29f99ae6eba2c80c9244f4c5422f0979ff0c3ba5e"
    )
    signature = bytes.fromhex(
        "000000000000000000000000000000004319055358e8617b0c46353d039cdaab"
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e"
    )
    assert verifies(public_key, sha256(b"123400"), signature)


def test_r_is_not_compared_after_it_passed_the_field_size_wycheproof_259():
    # r = P - N + 5 and the point's x is 5: r + N is too large to be an x, though congruent to one.
    public_key = bytes.fromhex(
        "040ec505bc19b14a43e05678cccf07a443d3e871a2e19b68a4da91859a0650f324"
        "77300e4f64e9982d94dff5d294428bb37cc9be66117cae9c389d2d495f68b987"
    )
    signature = bytes.fromhex(
        "000000000000000000000000000000004319055358e8617b0c46353d039cdab3"
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e"
    )
    assert not verifies(public_key, sha256(b"hello, world"), signature)


def test_adding_covers_equal_opposite_and_infinite_points():
    assert add(1, 1, 0, GX, GY) == (GX, GY, 1)
    assert add(GX, GY, 1, GX, P - GY)[2] == 0
    twice = double(GX, GY, 1)
    assert add(GX, GY, 1, GX, GY) == twice
    assert double(1, 1, 0)[2] == 0
    thrice = finish(affine_steps(*add(twice[0], twice[1], twice[2], GX, GY)))
    assert is_on_curve(thrice[0], thrice[1])
    assert thrice[0] == 0x5ECBE4D1A6330A44C8F7EF951D4BF165E6C6B721EFADA985FB41661BC6E7FD6C


def test_inverses_are_inverses():
    for modulus in (N, P):
        for number in (1, 2, 3, modulus - 1, modulus >> 1, GX):
            assert finish(inverse_steps(number, modulus)) * number % modulus == 1


def test_a_keys_table_holds_the_sums_that_the_base_table_gives():
    comb = comb_of(GX, GY)
    for entry in (1, 2, 3, 7, 8, 13, 15):
        scalar = sum([1 << 64 * row for row in range(4) if entry >> row & 1])
        x, y = finish(base_point_steps(scalar + 0x80000001 * N, 1))
        assert comb[64 * entry - 64 : 64 * entry] == x.to_bytes(32, "big") + y.to_bytes(32, "big")


def test_work_is_cut_into_many_steps():
    steps = 0
    for _ in sign_steps(SECRET, sha256(b"sample"), BLINDS[3]):
        steps += 1
    assert steps > 60
