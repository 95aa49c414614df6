"""Names made from a certificate, and registration PINs."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from boards.cpython.ieee2030_5.identity import check_digit, identity_in, identity_of, is_pin
from tools.certs import Authority


def test_the_short_name_is_36_bits_and_a_digit_that_makes_the_sum_a_multiple_of_ten():
    # IEEE 2030.5-2018 6.3.3: the certificate with the fingerprint 3E4F45AB3... has the SFDI 167261211391
    assert check_digit(0x3E4F45AB3) == 1 and 0x3E4F45AB3 == 16726121139
    assert check_digit(0) == 0 and check_digit(19) == 0


def test_the_names_of_a_certificate_are_those_of_its_fingerprint(tmp_path):
    file = Authority(tmp_path).client("der").cert
    found = identity_in(file)
    der = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest().upper()
    assert found == identity_of(der) and found.lfdi == digest[:40]
    assert found.sfdi // 10 == int(digest[:9], 16) and sum(map(int, str(found.sfdi))) % 10 == 0


def test_what_is_no_certificate_is_refused(tmp_path):
    file = tmp_path / "no.crt"
    file.write_text("nothing")
    with pytest.raises(ValueError, match="no PEM"):
        identity_in(file)


def test_the_long_name_decides_whose_entry_it_is(tmp_path):
    mine = identity_in(Authority(tmp_path).client("der").cert)
    assert mine.is_named(mine.lfdi.lstrip("0"), 0) and mine.is_named("", mine.sfdi)
    assert not mine.is_named("AB", mine.sfdi) and not mine.is_named("", mine.sfdi + 10)


def test_a_pin_is_five_digits_and_their_check_digit():
    # CSIP-AUS procedure ALL-04: PIN 111115
    assert is_pin(111115) and is_pin(0) and not is_pin(111111) and not is_pin(-5) and not is_pin(1111105)
