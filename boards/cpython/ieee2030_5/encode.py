"""What this device writes to the server: who it is, what it can do, how it is, what it measured, what it did.

Elements stand in the order of the schema, which is alphabetical within each type.

Source: IEEE 2030.5-2018 annex B: EndDevice, DERCapability, DERSettings, DERStatus, DERAvailability, MirrorUsagePoint,
MirrorMeterReading, ReadingType, DERControlResponse; CSIP-AUS (SA TS 5573): doeModesSupported, vppModesSupported.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from boards.cpython.ieee2030_5.document import AUSTRALIAN, STANDARD
from boards.cpython.ieee2030_5.identity import Identity
from boards.cpython.ieee2030_5.responses import Response
from boards.cpython.ieee2030_5.site import Site

Part = tuple[str, "str | int | list[Part]"]

# Bits of DERControlType.
CHARGES, DISCHARGES, CONNECTS, ENERGIZES, FIXES_W, LIMITS_W, TARGETS_W = (1 << bit for bit in (0, 1, 2, 3, 7, 20, 22))
SITE_AND_DEVICE_LIMITS = 0x0F  # opModExpLimW, opModImpLimW, opModGenLimW, opModLoadLimW
STORAGE_TARGET = 0x01
CONNECTED, AVAILABLE, OPERATING = 1, 2, 4  # bits of ConnectStatusType
OFF, OPERATIONAL = 1, 2  # OperationalModeStatusType
AVERAGE, INSTANTANEOUS = 2, 12
PER_CENT_OF_PER_MILLE = 10
WATT_HOURS, VOLTS, WATTS = 72, 29, 38  # UomType


class DeviceKind(NamedTuple):
    """What a utility wants to know of a device beside its powers; energies in Wh, 0 where it stores nothing."""

    der_type: int
    energy_wh: int


class Telemetry(NamedTuple):
    """What was measured; None where nobody did. Positive into the site or device."""

    site_w: int | None
    voltage_mv: int | None
    der_w: int | None
    soc_pm: int | None


class Mirror(NamedTuple):
    """One measured quantity as the server keeps it."""

    name: str
    role: str  # bits of RoleFlagsType
    flow: int  # 1: into the premises counts positive, 19: out of them
    unit: int
    tens: int


SITE_ROLE, DER_ROLE = "0003", "0049"
MIRRORS = (
    Mirror("site power", SITE_ROLE, 1, WATTS, 0),
    Mirror("site voltage", SITE_ROLE, 1, VOLTS, -1),
    Mirror("DER power", DER_ROLE, 19, WATTS, 0),
    Mirror("stored energy", DER_ROLE, 19, WATT_HOURS, 0),
)


def mirrored(measured: Telemetry, kind: DeviceKind) -> list[int | None]:
    """Return what each of MIRRORS shows, in its unit and with its sign."""
    stored = kind.energy_wh * measured.soc_pm // 1000 if kind.energy_wh and measured.soc_pm is not None else None
    return [
        measured.site_w,
        None if measured.voltage_mv is None else measured.voltage_mv // 100,
        None if measured.der_w is None else -measured.der_w,
        stored,
    ]


def document(name: str, parts: list[Part]) -> bytes:
    """Return an XML document."""
    spaces = f"xmlns={quoteattr(STANDARD)} xmlns:csipaus={quoteattr(AUSTRALIAN)}"
    return f"<{name} {spaces}>{_inside(parts)}</{name}>".encode()


def _inside(parts: list[Part]) -> str:
    return "".join(
        f"<{name}>{_inside(held) if isinstance(held, list) else escape(str(held))}</{name}>" for name, held in parts
    )


def _power(name: str, power_w: int) -> Part:
    """Return a power in the 16 bits of the schema."""
    tens = 0
    while power_w > 32767:
        power_w, tens = power_w // 10, tens + 1
    return name, [("multiplier", tens), ("value", power_w)]


def end_device(identity: Identity, changed_s: int) -> bytes:
    """Return an entry that asks to be registered."""
    return document("EndDevice", [("lFDI", identity.lfdi), ("sFDI", identity.sfdi), ("changedTime", changed_s)])


def connection_point(name: str) -> bytes:
    """Return the name of the connection, in Australia its NMI."""
    return document("csipaus:ConnectionPoint", [("csipaus:id", name)])


def capability(site: Site, kind: DeviceKind) -> bytes:
    """Return what the device can do at most."""
    parts: list[Part] = [("modesSupported", f"{_modes(site):08X}")]
    parts += _rates("rtg", site, kind)
    parts += [("type", kind.der_type), ("csipaus:doeModesSupported", f"{SITE_AND_DEVICE_LIMITS:02X}")]
    if site.claims:
        parts.append(("csipaus:vppModesSupported", f"{STORAGE_TARGET:02X}"))
    return document("DERCapability", parts)


def settings(site: Site, kind: DeviceKind, grad_w: int, updated_s: int) -> bytes:
    """Return how the device is set."""
    parts: list[Part] = [("modesEnabled", f"{_modes(site):08X}"), ("setGradW", grad_w)]
    parts += [*_rates("set", site, kind), ("updatedTime", updated_s)]
    parts.append(("csipaus:doeModesEnabled", f"{SITE_AND_DEVICE_LIMITS:02X}"))
    if site.claims:
        parts.append(("csipaus:vppModesEnabled", f"{STORAGE_TARGET:02X}"))
    return document("DERSettings", parts)


def _modes(site: Site) -> int:
    modes = CONNECTS | ENERGIZES | LIMITS_W
    if site.claims:
        modes |= (
            FIXES_W | TARGETS_W | (CHARGES if site.max_charge_w else 0) | (DISCHARGES if site.max_discharge_w else 0)
        )
    return modes


def _rates(prefix: str, site: Site, kind: DeviceKind) -> list[Part]:
    parts: list[Part] = []
    if kind.energy_wh:
        parts.append(_power(prefix + "MaxChargeRateW", site.max_charge_w))
        parts.append(_power(prefix + "MaxDischargeRateW", site.max_discharge_w))
    parts.append(_power(prefix + "MaxVA", site.max_w))
    parts.append(_power(prefix + "MaxW", site.max_w))
    if kind.energy_wh:
        parts.append(_power(prefix + "MaxWh", kind.energy_wh))
    return parts


def status(measured: Telemetry, connected: bool, reads_s: int, stores: bool) -> bytes:
    """Return how the device is; `connected` False where its isolator is open.

    A device that moves no power is told as off, as CSIP-AUS procedure ALL-08 asks.
    """
    operating = bool(measured.der_w)
    bits = (CONNECTED if connected else 0) | AVAILABLE | (OPERATING if operating else 0)
    known: list[Part] = [("dateTime", reads_s), ("value", f"{bits:02X}")]
    mode: list[Part] = [("dateTime", reads_s), ("value", OPERATIONAL if operating else OFF)]
    parts: list[Part] = [("genConnectStatus", known), ("operationalModeStatus", mode), ("readingTime", reads_s)]
    if stores and measured.soc_pm is not None:
        charge: list[Part] = [("dateTime", reads_s), ("value", measured.soc_pm * PER_CENT_OF_PER_MILLE)]
        parts += [("stateOfChargeStatus", charge), ("storConnectStatus", known)]
    return document("DERStatus", parts)


def availability(site: Site, reads_s: int) -> bytes:
    """Return how much the device could deliver."""
    return document("DERAvailability", [("readingTime", reads_s), _power("statWAvail", site.max_discharge_w)])


def mirror_mrid(mirror: Mirror, identity: Identity, part: int) -> str:
    """Return the lasting name of a point (part 0) or its reading (1); it ends with no provider's number."""
    digest = hashlib.sha256(f"{identity.lfdi} {mirror.name}".encode()).hexdigest()
    return f"{digest[:22]}{part:02X}{0:08X}".upper()


def mirror_point(mirror: Mirror, identity: Identity, post_s: int) -> bytes:
    """Return a point under which the server keeps one quantity."""
    kind: list[Part] = [
        ("accumulationBehaviour", INSTANTANEOUS), ("commodity", 1), ("dataQualifier", AVERAGE),
        ("flowDirection", mirror.flow), ("intervalLength", post_s), ("powerOfTenMultiplier", mirror.tens),
        ("uom", mirror.unit),
    ]  # fmt: skip
    reading: list[Part] = [
        ("mRID", mirror_mrid(mirror, identity, 1)), ("description", mirror.name), ("ReadingType", kind),
    ]  # fmt: skip
    parts: list[Part] = [
        ("mRID", mirror_mrid(mirror, identity, 0)), ("description", mirror.name),
        ("roleFlags", mirror.role), ("serviceCategoryKind", 0),
        ("status", 1), ("deviceLFDI", identity.lfdi), ("MirrorMeterReading", reading),
    ]  # fmt: skip
    return document("MirrorUsagePoint", parts)


def meter_reading(mirror: Mirror, identity: Identity, number: int, from_s: int, duration_s: int) -> bytes:
    """Return one average over a time."""
    period: list[Part] = [("duration", duration_s), ("start", from_s)]
    reading: list[Part] = [("timePeriod", period), ("value", number)]
    return document("MirrorMeterReading", [("mRID", mirror_mrid(mirror, identity, 1)), ("Reading", reading)])


def response(told: Response, identity: Identity) -> bytes:
    """Return what the server is told of a control."""
    parts: list[Part] = [("createdDateTime", told.at_s), ("endDeviceLFDI", identity.lfdi)]
    parts += [("status", told.status), ("subject", told.mrid.zfill(32))]
    return document("DERControlResponse", parts)
