"""What a Fronius GEN24 reads in each SunSpec model, apart from what a controller writes.

Source: see sunspec_layout for the models; scale factors and the use of model 160 (modules 1 and 2 PV, 3 charging,
4 discharging) after callifo/fronius_modbus.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sim_devices.physics.flow import Circuit
from sim_devices.physics.inverter import Hybrid
from sim_devices.products.sunspec_layout import MODULE_160, Reads, cells, length
from sim_devices.wire.bank import Cell

FULL = 10000  # 100 % at two decimals
OFF, EMPTY, DISCHARGING, CHARGING, FULL_BATTERY, HOLDING = 1, 2, 3, 4, 5, 6
SLEEPING, MPPT, THROTTLED, STANDBY = 2, 4, 5, 8
PV_STOR = 82
CONNECTED_AVAILABLE_OPERATING = 7
IDLE_W = 10.0
PV_V, BATTERY_V = 400.0, 300.0

COMMON: Reads = {"Mn": "Fronius", "Md": "Symo GEN24 6.0 Plus", "Vr": "1.30.7-1"}
CONTROLS: Reads = {"WMaxLimPct_SF": -2, "OutPFSet": 0, "OutPFSet_Ena": 0, "OutPFSet_SF": -3, "VArPct_Ena": 0}


def inverter(hybrid: Hybrid, circuit: Circuit) -> Reads:
    """Model 103."""
    reads: Reads = {"A_SF": -2, "V_SF": -1, "W_SF": 0, "Hz_SF": -2, "VA_SF": 0, "VAr_SF": 0, "WH_SF": 0, "Tmp_SF": -1}
    reads |= {
        "A": lambda: sum(circuit.current_a(i) for i in range(3)) * 100,
        "W": lambda: hybrid.output_w,
        "Hz": lambda: circuit.frequency_hz * 100,
        "VA": lambda: abs(hybrid.output_w),
        "VAr": 0,
        "WH": lambda: hybrid.output_wh,
        "DCW": lambda: hybrid.pv_w - hybrid.battery.power_w,
        "DCW_SF": 0,
        "TmpCab": 400,
        "St": partial(_inverter_status, hybrid),
    }
    for i, phase in enumerate("ABC"):
        reads[f"Aph{phase}"] = partial(_hundredths_a, circuit, i)
        reads[f"PhVph{phase}"] = partial(_tenths_v, circuit, i)
    return reads


def _hundredths_a(circuit: Circuit, phase: int) -> float:
    return circuit.current_a(phase) * 100


def _tenths_v(circuit: Circuit, phase: int) -> float:
    return circuit.voltage_v[phase] * 10


def _inverter_status(hybrid: Hybrid) -> int:
    if not hybrid.connected:
        return STANDBY
    if hybrid.output_w >= min(hybrid.rated_w, hybrid.output_w_max) - 1:
        return THROTTLED
    return MPPT if hybrid.pv_w or hybrid.battery.power_w else SLEEPING


def nameplate(hybrid: Hybrid) -> Reads:
    """Model 120."""
    charge_w = hybrid.battery.power_w_max
    return {
        "DERTyp": PV_STOR,
        "WRtg": hybrid.rated_w,
        "WRtg_SF": 0,
        "VARtg": hybrid.rated_w,
        "VARtg_SF": 0,
        "ARtg": hybrid.rated_w / 69,
        "ARtg_SF": -1,
        "WHRtg": hybrid.battery.capacity_wh,
        "WHRtg_SF": 0,
        "MaxChaRte": charge_w,
        "MaxChaRte_SF": 0,
        "MaxDisChaRte": charge_w,
        "MaxDisChaRte_SF": 0,
    }


def settings(hybrid: Hybrid) -> Reads:
    """Model 121."""
    voltage: Reads = {"VRef": 230, "VRef_SF": 0, "VRefOfs": 0, "VRefOfs_SF": 0}
    return {"WMax": hybrid.rated_w, "WMax_SF": 0, "ECPNomHz": 50, "ECPNomHz_SF": 0, **voltage}


def status(hybrid: Hybrid) -> Reads:
    """Model 122."""
    return {
        "PVConn": CONNECTED_AVAILABLE_OPERATING,
        "StorConn": CONNECTED_AVAILABLE_OPERATING,
        "ECPConn": lambda: int(hybrid.connected),
        "ActWh": lambda: hybrid.output_wh,
    }


def storage(hybrid: Hybrid) -> Reads:
    """Model 124."""
    charge_w = hybrid.battery.power_w_max
    scales: Reads = {"WChaMax_SF": 0, "WChaDisChaGra_SF": 0, "MinRsvPct_SF": -2, "ChaState_SF": -2, "InBatV_SF": -1}
    return {
        **scales,
        "InOutWRte_SF": -2,
        "WChaMax": charge_w,
        "WChaGra": 100,
        "WDisChaGra": 100,
        "ChaState": lambda: hybrid.battery.soc * FULL,
        "InBatV": BATTERY_V * 10,
        "ChaSt": partial(_storage_status, hybrid),
    }


def _storage_status(hybrid: Hybrid) -> int:
    battery = hybrid.battery
    if not hybrid.connected:
        return OFF
    if abs(battery.power_w) > IDLE_W:
        return CHARGING if battery.power_w > 0 else DISCHARGING
    if battery.soc >= battery.soc_max - 0.001:
        return FULL_BATTERY
    return EMPTY if battery.soc <= max(battery.soc_min, hybrid.soc_floor) + 0.001 else HOLDING


def mppt(_: Hybrid) -> Reads:
    """Model 160, before its modules."""
    return {"DCA_SF": -2, "DCV_SF": -1, "DCW_SF": 0, "DCWH_SF": 0, "N": 4}


def modules(address: int, hybrid: Hybrid) -> list[Cell]:
    """Model 160, its modules: two PV strings, then the battery's two directions, each never negative."""
    battery = hybrid.battery
    sources = (
        _module(1, "MPPT 1", PV_V, lambda: hybrid.pv_w / 2, lambda: hybrid.pv_wh / 2),
        _module(2, "MPPT 2", PV_V, lambda: hybrid.pv_w / 2, lambda: hybrid.pv_wh / 2),
        _module(3, "StCha 3", BATTERY_V, lambda: max(battery.power_w, 0.0), lambda: battery.charged_wh),
        _module(4, "StDisCha 4", BATTERY_V, lambda: max(-battery.power_w, 0.0), lambda: battery.discharged_wh),
    )
    size = length(MODULE_160)
    return [cell for i, reads in enumerate(sources) for cell in cells(address + i * size, MODULE_160, reads)]


def _module(number: int, name: str, volts: float, power_w: Callable[[], float], energy: Callable[[], float]) -> Reads:
    return {
        "ID": number,
        "IDStr": name,
        "DCA": lambda: power_w() / volts * 100,
        "DCV": volts * 10,
        "DCW": power_w,
        "DCWH": energy,
        "DCSt": MPPT,
    }
