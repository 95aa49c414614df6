"""The products that have a twin of their own, each in a row: what the installer set, what the site file says."""

from __future__ import annotations

from hal import quantities as q
from tests.drivers.twins import Row

KEBA_P30 = Row("keba-kecontact", unit=255)
KEBA_P40 = Row("keba-kecontact", unit=255, product={"code": 4161000, "safe_a": 6.0}, options={"fallback_ma": 6000})
HEIDELBERG = Row("heidelberg-energy-control")
GO_E = Row("go-e", options={"fallback_ma": 0})
TOLD = (q.POWER_W, q.ENERGY_IMPORT_WH, q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)
WALLBE = Row("phoenix-ev-eth", unit=255, product={"tenths": True}, options={"counts_per_a": 10}, unread=TOLD)
CHARGERS = (
    KEBA_P30,
    KEBA_P40,
    HEIDELBERG,
    Row("phoenix-charx"),
    Row("phoenix-charx", options={"fallback_ma": 0}),
    Row("phoenix-em-cp-pp-eth", unit=180, unread=TOLD),
    Row("phoenix-ev-eth", unit=255, unread=TOLD),
    WALLBE,
    Row("webasto-next", unit=255, product={"wait_s": 60.0}, asked_back=False),
    Row("webasto-unite", unit=255, product={"wait_s": 60.0}),
    GO_E,
    Row("abl-emh1", unread=TOLD[:2]),
)
PUMPS_STEERED = (Row("daikin-homehub"), Row("nibe-s"), Row("stiebel-isg"))
PUMPS_READ = (
    Row("lambda-eu-l"),
    Row("lambda-eu-l", product={"low_first": False}, options={"low_first": 0}),
    Row("idm-navigator"),
)
