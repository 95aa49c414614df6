"""What a control pilot says: the duty cycle that offers a current, and the state that its two voltages mean.

Source: IEC 61851-1:2017, Annex A: PWM of 1 kHz and +/-12 V behind 1 kOhm (A.2), duty cycle and current (A.3), states
by the voltage at the charging point with its tolerance of 1 V (A.4). Trust: the current formula and the nominal
voltages agree with evcc, EVerest and TI's design TIDA-010239 (JAJU858, table 2-3); the bands of +/-1 V are cited from
memory, the standard itself was not at hand. A duty cycle of 5 % means that a vehicle shall speak ISO 15118, which
nothing here does: no current has it, and none below 10 % or above 96 % is made.
"""

from __future__ import annotations

from hal import quantities as q
from hal.compat import const

STEADY_PM = const(1000)  # +12 V without PWM: state x1, nothing is offered
FAILED_PM = const(0)  # -12 V without PWM: state F
DUTY_PM_MIN = const(100)
DUTY_PM_MAX = const(960)
LIMIT_MA_MIN = const(6000)
LIMIT_MA_MAX = const(80000)
NO_DIODE = const(-1)  # the negative half wave is loaded, which no vehicle does

_LINEAR_MA = const(51000)  # up to 85 %: 0.6 A for each per cent
_STEEP_MA = const(52500)  # above 85 %: 2.5 A for each per cent over 64; nothing offers what lies between
_TOLERANCE_MV = const(1000)
_NOMINAL = ((12000, q.EV_A), (9000, q.EV_B), (6000, q.EV_C), (3000, q.EV_D), (0, q.EV_E), (-12000, q.EV_F))


def duty_pm(limit_ma: int) -> int:
    """Return the duty cycle in per mille that offers at most `limit_ma`, by less than 60 mA (250 mA from 52.5 A on).

    Raises: ValueError below 6 A and above 80 A.
    """
    if not LIMIT_MA_MIN <= limit_ma <= LIMIT_MA_MAX:
        raise ValueError(limit_ma)
    if limit_ma < _STEEP_MA:
        return min(limit_ma, _LINEAR_MA) // 60
    return limit_ma // 250 + 640


def offered_ma(duty_pm: int) -> int:
    """Return the current that a duty cycle offers; 0 where it offers none."""
    if not DUTY_PM_MIN <= duty_pm <= DUTY_PM_MAX:
        return 0
    return duty_pm * 60 if duty_pm <= 850 else (duty_pm - 640) * 250


def judge(plus_mv: int, minus_mv: int, duty_pm: int) -> int:
    """Return the state (EV_*) that the highest and the lowest voltage of a period mean while `duty_pm` is put out.

    EV_UNKNOWN is what no state explains, NO_DIODE what is connected and is no vehicle.
    """
    plus, minus = _band(plus_mv), _band(minus_mv)
    if duty_pm == STEADY_PM:
        return plus if plus == minus and plus != q.EV_F else q.EV_UNKNOWN
    if duty_pm == FAILED_PM:
        return q.EV_F if plus == minus == q.EV_F else q.EV_UNKNOWN
    if plus == q.EV_E:
        return q.EV_E
    if plus in (q.EV_UNKNOWN, q.EV_F):
        return q.EV_UNKNOWN
    if minus == q.EV_F:
        return plus
    return q.EV_UNKNOWN if plus == q.EV_A else NO_DIODE


def _band(voltage_mv: int) -> int:
    for nominal_mv, state in _NOMINAL:
        if -_TOLERANCE_MV <= voltage_mv - nominal_mv <= _TOLERANCE_MV:
            return state
    return q.EV_UNKNOWN
