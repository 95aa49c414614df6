"""Which products there are: model id -> module and class, found by name so that a board imports only what it drives.

Evidence says what a driver's claims rest on: `document` (written from papers), `simulated` (run against a simulated
product that was written from the papers a second time), `hardware`, `field`. A capture raises it, never hope.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DOCUMENT = "document"
SIMULATED = "simulated"
HARDWARE = "hardware"
FIELD = "field"

# Model id, module, class, kind, product, evidence.
PRODUCTS = (
    ("abl-emh1", "drivers.chargers.abl_emh1", "AblEmh1", "charger", "ABL eMH1", SIMULATED),
    ("alfen-eve", "drivers.chargers.alfen_eve", "AlfenEve", "charger", "Alfen Eve NG9xx", SIMULATED),
    (
        "alfen-eve-phases",
        "drivers.chargers.alfen_eve_phases",
        "AlfenEvePhases",
        "phase switch",
        "Alfen Eve NG9xx, its phases",
        SIMULATED,
    ),
    (
        "carlo-gavazzi-em24",
        "drivers.meters.carlo_gavazzi_em24",
        "Em24",
        "meter",
        "Carlo Gavazzi EM24-DIN, RS-485",
        SIMULATED,
    ),
    (
        "carlo-gavazzi-em24-e1",
        "drivers.meters.carlo_gavazzi_em24_e1",
        "Em24E1",
        "meter",
        "Carlo Gavazzi EM24-DIN, Ethernet",
        SIMULATED,
    ),
    (
        "carlo-gavazzi-em340",
        "drivers.meters.carlo_gavazzi_em340",
        "Em340",
        "meter",
        "Carlo Gavazzi EM340, ET340",
        SIMULATED,
    ),
    (
        "carlo-gavazzi-et112",
        "drivers.meters.carlo_gavazzi_et112",
        "Et112",
        "meter",
        "Carlo Gavazzi ET112, EM111, EM112",
        SIMULATED,
    ),
    (
        "control-pilot",
        "drivers.chargers.control_pilot",
        "ControlPilot",
        "charger",
        "Charging point on a board's own pins (IEC 61851-1)",
        SIMULATED,
    ),
    (
        "ct-clamp",
        "drivers.meters.ct_clamp",
        "CtClamp",
        "meter",
        "Current transformers on a board's own pins",
        SIMULATED,
    ),
    (
        "daikin-homehub",
        "drivers.heatpumps.daikin_homehub",
        "DaikinHomehub",
        "sg-ready",
        "Daikin Altherma 3 behind a HomeHub EKRHH",
        SIMULATED,
    ),
    ("eastron-sdm120", "drivers.meters.eastron_sdm120", "Sdm120", "meter", "Eastron SDM120-Modbus", SIMULATED),
    ("eastron-sdm230", "drivers.meters.eastron_sdm230", "Sdm230", "meter", "Eastron SDM230-Modbus", SIMULATED),
    ("eastron-sdm630", "drivers.meters.eastron_sdm630", "Sdm630", "meter", "Eastron SDM630-Modbus", SIMULATED),
    ("eastron-sdm72", "drivers.meters.eastron_sdm72", "Sdm72", "meter", "Eastron SDM72D-M, first version", SIMULATED),
    ("eastron-sdm72-v2", "drivers.meters.eastron_sdm72_v2", "Sdm72V2", "meter", "Eastron SDM72D-M-V2", SIMULATED),
    ("fronius-gen24", "drivers.batteries.fronius_gen24", "FroniusGen24", "battery", "Fronius GEN24 Plus", SIMULATED),
    ("go-e", "drivers.chargers.go_e", "GoE", "charger", "go-e Charger", SIMULATED),
    ("goodwe-et", "drivers.meters.goodwe_et", "GoodWeEt", "meter", "GoodWe ET, EH, BT (read only)", SIMULATED),
    (
        "goodwe-et-storage",
        "drivers.batteries.goodwe_et_storage",
        "GoodWeEtStorage",
        "battery",
        "GoodWe ET, EH, BT with battery",
        SIMULATED,
    ),
    (
        "heatmiser-edge",
        "drivers.thermostats.heatmiser_edge",
        "HeatmiserEdge",
        "thermostat",
        "Heatmiser Edge",
        SIMULATED,
    ),
    (
        "heidelberg-energy-control",
        "drivers.chargers.heidelberg_energy_control",
        "HeidelbergEnergyControl",
        "charger",
        "Heidelberg (Amperfied) Energy Control",
        SIMULATED,
    ),
    (
        "huawei-luna2000",
        "drivers.batteries.huawei_luna2000",
        "HuaweiLuna2000",
        "battery",
        "Huawei SUN2000 with LUNA2000",
        SIMULATED,
    ),
    (
        "idm-navigator",
        "drivers.heatpumps.idm_navigator",
        "IdmNavigator",
        "meter",
        "iDM Navigator 2.0, 10 (read only)",
        SIMULATED,
    ),
    (
        "keba-kecontact",
        "drivers.chargers.keba_kecontact",
        "KebaKecontact",
        "charger",
        "KEBA KeContact P30, P40",
        SIMULATED,
    ),
    (
        "lambda-eu-l",
        "drivers.heatpumps.lambda_eu_l",
        "LambdaEuL",
        "meter",
        "Lambda EU-L, Zewotherm (read only)",
        SIMULATED,
    ),
    (
        "luxtronik-shi",
        "drivers.heatpumps.luxtronik_shi",
        "LuxtronikShi",
        "heat pump",
        "Luxtronik 2.1 Smart-Home-Interface",
        SIMULATED,
    ),
    (
        "marstek-venus",
        "drivers.batteries.marstek_venus",
        "MarstekVenus",
        "battery",
        "Marstek Venus C and E, versions 1 and 2",
        SIMULATED,
    ),
    (
        "marstek-venus-v3",
        "drivers.batteries.marstek_venus_v3",
        "MarstekVenusV3",
        "battery",
        "Marstek Venus E, version 3",
        SIMULATED,
    ),
    ("nibe-s", "drivers.heatpumps.nibe_s", "NibeS", "sg-ready", "NIBE S series", SIMULATED),
    ("ntc-sensor", "drivers.meters.ntc_sensor", "NtcSensor", "meter", "Thermistor on a board's own pin", SIMULATED),
    (
        "phoenix-charx",
        "drivers.chargers.phoenix_charx",
        "PhoenixCharx",
        "charger",
        "Phoenix Contact CHARX SEC-3xxx",
        SIMULATED,
    ),
    (
        "phoenix-em-cp-pp-eth",
        "drivers.chargers.phoenix_em_cp_pp_eth",
        "PhoenixEmCpPpEth",
        "charger",
        "Phoenix Contact EM-CP-PP-ETH",
        SIMULATED,
    ),
    (
        "phoenix-ev-eth",
        "drivers.chargers.phoenix_ev_eth",
        "PhoenixEvEth",
        "charger",
        "Phoenix Contact EV-CC-AC1-M3 ETH, wallbe",
        SIMULATED,
    ),
    ("pin-contact", "drivers.meters.pin_contact", "PinContact", "meter", "Contact on a board's own pin", SIMULATED),
    ("pin-relay", "drivers.switches.pin_relay", "PinRelay", "switch", "Relay on a board's own pin", SIMULATED),
    ("s0-meter", "drivers.meters.s0_meter", "S0Meter", "meter", "Pulse output (S0) on a board's own pin", SIMULATED),
    (
        "sg-ready-relay",
        "drivers.heatpumps.sg_ready_relay",
        "SgReadyRelay",
        "sg-ready",
        "SG-Ready heat pump on a Waveshare relay board",
        SIMULATED,
    ),
    ("shelly-pro-3em", "drivers.meters.shelly_pro_3em", "ShellyPro3em", "meter", "Shelly Pro 3EM", SIMULATED),
    (
        "siemens-rdf302",
        "drivers.thermostats.siemens_rdf302",
        "SiemensRdf302",
        "thermostat",
        "Siemens RDF302",
        SIMULATED,
    ),
    (
        "sma-storage",
        "drivers.batteries.sma_storage",
        "SmaStorage",
        "battery",
        "SMA Sunny Island, Tripower SE, Boy Storage",
        SIMULATED,
    ),
    (
        "solaredge-storedge",
        "drivers.batteries.solaredge_storedge",
        "SolarEdgeStorEdge",
        "battery",
        "SolarEdge with StorEdge battery",
        SIMULATED,
    ),
    (
        "stiebel-isg",
        "drivers.heatpumps.stiebel_isg",
        "StiebelIsg",
        "sg-ready",
        "Stiebel Eltron behind an ISG",
        SIMULATED,
    ),
    ("sungrow-sh", "drivers.batteries.sungrow_sh", "SungrowSh", "battery", "Sungrow SH", SIMULATED),
    (
        "sunspec-der",
        "drivers.batteries.sunspec_der",
        "SunSpecDer",
        "battery",
        "Any SunSpec battery inverter with DER controls (IEEE 1547)",
        SIMULATED,
    ),
    (
        "sunspec-inverter",
        "drivers.inverters.sunspec_inverter",
        "SunSpecInverter",
        "inverter",
        "Any SunSpec inverter that can be limited",
        SIMULATED,
    ),
    ("sunspec-meter", "drivers.meters.sunspec_meter", "SunSpecMeter", "meter", "Any SunSpec meter", SIMULATED),
    (
        "sunspec-production",
        "drivers.meters.sunspec_production",
        "SunSpecProduction",
        "meter",
        "Any SunSpec inverter (read only)",
        SIMULATED,
    ),
    (
        "sunspec-storage",
        "drivers.batteries.sunspec_storage",
        "SunSpecStorage",
        "battery",
        "Any SunSpec battery inverter",
        SIMULATED,
    ),
    ("victron-gx", "drivers.batteries.victron_gx", "VictronGx", "battery", "Victron GX with an ESS", SIMULATED),
    (
        "waveshare-relay",
        "drivers.switches.waveshare_relay",
        "WaveshareRelay",
        "switch",
        "Waveshare Modbus RTU Relay",
        SIMULATED,
    ),
    ("webasto-next", "drivers.chargers.webasto_next", "WebastoNext", "charger", "Webasto (Ampure) Next", SIMULATED),
    (
        "webasto-unite",
        "drivers.chargers.webasto_unite",
        "WebastoUnite",
        "charger",
        "Webasto (Ampure) Unite, Vestel EVC04",
        SIMULATED,
    ),
    (
        "webasto-unite-phases",
        "drivers.chargers.webasto_unite_phases",
        "WebastoUnitePhases",
        "phase switch",
        "Webasto (Ampure) Unite, its phases",
        SIMULATED,
    ),
    (
        "wiren-board-mr6c",
        "drivers.switches.wiren_board_mr6c",
        "WirenBoardMr6c",
        "switch",
        "Wiren Board WB-MR6C relay board",
        SIMULATED,
    ),
)


def load(model: str) -> Any:
    """Return the driver class of `model`, made by `class(bus, unit, options)`.

    Raises: ValueError(key, got, expected) for an unknown model.
    """
    for known, module, name, _kind, _product, _evidence in PRODUCTS:
        if known == model:
            return getattr(__import__(module, None, None, (name,)), name)
    raise ValueError("driver", model, "one of " + ", ".join([row[0] for row in PRODUCTS]))


def listing() -> list[tuple[str, str, str, str]]:
    """Return (model, product, kind in words, evidence), by model."""
    return [(model, product, kind, evidence) for model, _, _, kind, product, evidence in PRODUCTS]
