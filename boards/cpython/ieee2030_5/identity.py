"""Who a 2030.5 device is: two names made from its certificate, and the PIN that tells it that a server means it.

Source: IEEE 2030.5-2018 section 6.3.3 (SFDI: 36 bits and a check digit), 6.3.4 (LFDI: the first 20 bytes of the
certificate's SHA-256), 6.3.5 (registration PIN: five digits and a check digit).
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import NamedTuple

CERTIFICATE_BYTES_MAX = 65536


class Identity(NamedTuple):
    """`lfdi` in 40 hex digits, `sfdi` with its check digit."""

    lfdi: str
    sfdi: int

    def is_named(self, lfdi: str, sfdi: int) -> bool:
        """Tell whether a server's entry is about this device; the long name decides where there is one."""
        return lfdi == self.lfdi.lstrip("0") if lfdi else sfdi == self.sfdi


def check_digit(number: int) -> int:
    """Return the digit that makes the sum of all digits a multiple of ten."""
    return -sum(int(digit) for digit in str(number)) % 10


def identity_of(certificate: bytes) -> Identity:
    """Return the names of a DER certificate's holder."""
    digest = hashlib.sha256(certificate).digest()
    number = int.from_bytes(digest[:5], "big") >> 4
    return Identity(digest[:20].hex().upper(), number * 10 + check_digit(number))


def identity_in(path: Path) -> Identity:
    """Return the names of the first certificate in a PEM file. Raises: OSError, ValueError."""
    with path.open("rb") as file:
        text = file.read(CERTIFICATE_BYTES_MAX).decode("ascii")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        raise ValueError("no PEM certificate")
    first = text[text.index(begin) : text.index(end) + len(end)]
    return identity_of(ssl.PEM_cert_to_DER_cert(first))


def is_pin(number: int) -> bool:
    """Tell whether a number is five digits and their check digit; leading zeros count as digits."""
    return 0 <= number <= 999999 and sum(int(digit) for digit in str(number)) % 10 == 0
