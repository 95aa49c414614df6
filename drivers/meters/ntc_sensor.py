"""A thermistor (NTC) on one of the board's own pins: between input and ground, with a resistor to the supply.

Source: Vishay, "NTC Thermistors" general technical information, beta formula R = R25 exp(B (1/T - 1/298.15 K)).
Trust: document; the formula is within 1 K from 0 to 70 degrees for usual parts, the supply's error adds to it.
An open or shorted sensor, and whatever lies outside -40 to 125 degrees, is absent.
Options: channel, measures ("tank", "room", "outside"), r25_ohm, beta_k, series_ohm, supply_mv.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.compat import const
from hal.pins import ANALOG, PinDevice

_QUANTITIES = {"tank": q.TEMP_TANK_MC, "room": q.TEMP_ROOM_MC, "outside": q.TEMP_OUTSIDE_MC}
_LOOKS = const(16)  # their mean takes the input's noise out
_MC_MIN = const(-40000)
_MC_MAX = const(125000)
_T25_MK = const(298150)
_ZERO_MK = const(273150)
_LN2_PPB = const(693147181)
_ONE_BITS = const(16)  # of the binary logarithm's fraction


class NtcSensor(PinDevice, Meter):
    """Reads one temperature."""

    model = "ntc-sensor"
    channels_known = (("channel", ANALOG, True),)
    options_known = (
        ("measures", ("tank", "room", "outside")),
        ("r25_ohm", range(100, 1000001)),
        ("beta_k", range(1000, 6001)),
        ("series_ohm", range(100, 1000001)),
        ("supply_mv", range(1000, 5001)),
    )
    channel = ""
    measures = "tank"
    r25_ohm = 10000
    beta_k = 3950
    series_ohm = 10000
    supply_mv = 3300
    poll_ms = 5000
    stale_ms = 30000

    async def read(self) -> dict[int, int]:
        """Return the temperature, or nothing when the sensor is open or shorted."""
        sum_uv = full_uv = 0
        for _ in range(_LOOKS):
            voltage_uv, full_uv = self.bus.microvolts(self.channel)
            sum_uv += voltage_uv
        if not 0 < sum_uv < full_uv * _LOOKS:
            return {}
        temp_mc = self.temp_mc(sum_uv // _LOOKS)
        return {} if temp_mc is None else {_QUANTITIES[self.measures]: temp_mc}

    def temp_mc(self, voltage_uv: int) -> int | None:
        """Return the temperature at which the input has so many uV, None where no sensor is."""
        rest_uv = self.supply_mv * 1000 - voltage_uv
        if voltage_uv <= 0 or rest_uv <= 0:
            return None
        # ln(R / R25) of R = series * voltage / rest
        log2 = _log2(self.series_ohm * voltage_uv) - _log2(self.r25_ohm * rest_uv)
        kelvin = self.beta_k << _ONE_BITS
        below = kelvin + _T25_MK * _LN2_PPB * log2 // 1000000000000
        if below <= 0:
            return None
        found_mc = _T25_MK * kelvin // below - _ZERO_MK
        return found_mc if _MC_MIN <= found_mc <= _MC_MAX else None


def _log2(number: int) -> int:
    """Return the binary logarithm of a whole number from 1, in 1 / 2**16, rounded down."""
    bits = 0
    while number >> (bits + 1):
        bits += 1
    found = bits
    mantissa = (number << 30) >> bits  # 1 to 2, in 1 / 2**30
    for _ in range(_ONE_BITS):
        mantissa = mantissa * mantissa >> 30
        found <<= 1
        if mantissa >> 31:
            mantissa >>= 1
            found |= 1
    return found
