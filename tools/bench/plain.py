"""The same values as others would send them: SenML in JSON, bare or signed as a compact JWS.

Source: RFC 8428 sections 4.1 (base fields), 4.3 (units V, A, W, Hz), RFC 8798 (Wh); RFC 7515 section 3.1, RFC 7518
section 3.4 (ES256). Written as short as the standards allow: no spaces, base name and base time, short names.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hal import quantities as q
from tools import wire

LABELS = {
    q.POWER_W: ("P", "W", 1), q.CURRENT_L1_MA: ("I1", "A", 1000), q.CURRENT_L2_MA: ("I2", "A", 1000),
    q.CURRENT_L3_MA: ("I3", "A", 1000), q.VOLTAGE_L1_MV: ("U1", "V", 1000), q.VOLTAGE_L2_MV: ("U2", "V", 1000),
    q.VOLTAGE_L3_MV: ("U3", "V", 1000), q.FREQUENCY_MHZ: ("f", "Hz", 1000), q.ENERGY_IMPORT_WH: ("Ei", "Wh", 1),
    q.ENERGY_EXPORT_WH: ("Ee", "Wh", 1),
}  # fmt: skip


@dataclass
class Told:
    """One number that a reading holds."""

    at_s: int
    device: str
    quantity: int
    number: int


def senml(agent: str, told: list[Told]) -> bytes:
    """Return one message with all of these, earliest first."""
    base_s = told[0].at_s
    one_device = len({each.device for each in told}) == 1
    first = {"bn": f"urn:dev:{agent}:" + (f"{told[0].device}:" if one_device else ""), "bt": base_s}
    rows = []
    for each in told:
        label, unit, parts = LABELS[each.quantity]
        named: dict[str, object] = {"n": label if one_device else f"{each.device}:{label}", "u": unit}
        if each.at_s > base_s:
            named["t"] = each.at_s - base_s
        rows.append(named | {"v": each.number if parts == 1 else each.number / parts})
    rows[0] = first | rows[0]
    return json.dumps(rows, separators=(",", ":")).encode()


def jws(payload: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the payload signed, in compact form."""
    kid = wire.key_id(wire.point(key.public_key())).hex()
    signed = _base64(json.dumps({"alg": "ES256", "kid": kid}, separators=(",", ":")).encode()) + b"." + _base64(payload)
    r, s = decode_dss_signature(key.sign(signed, wire.ECDSA))
    return signed + b"." + _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
