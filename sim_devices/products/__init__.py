"""Simulated products by model id. One file a product, named as printed on the box."""

from __future__ import annotations

from sim_devices.products.abl_emh1 import AblEmh1
from sim_devices.products.alfen_eve import AlfenEve
from sim_devices.products.carlo_gavazzi_em24 import CarloGavazziEm24
from sim_devices.products.carlo_gavazzi_em24_e1 import CarloGavazziEm24E1
from sim_devices.products.carlo_gavazzi_em340 import CarloGavazziEm340
from sim_devices.products.carlo_gavazzi_et112 import CarloGavazziEt112
from sim_devices.products.daikin_homehub import DaikinHomehub
from sim_devices.products.eastron_sdm72 import EastronSdm72
from sim_devices.products.eastron_sdm72_v2 import EastronSdm72V2
from sim_devices.products.eastron_sdm120 import EastronSdm120
from sim_devices.products.eastron_sdm230 import EastronSdm230
from sim_devices.products.eastron_sdm630 import EastronSdm630
from sim_devices.products.fronius_gen24 import FroniusGen24
from sim_devices.products.go_e import GoE
from sim_devices.products.goodwe_et import GoodWeEt, GoodWeEtStorage
from sim_devices.products.heatmiser_edge import HeatmiserEdge
from sim_devices.products.heidelberg_energy_control import HeidelbergEnergyControl
from sim_devices.products.huawei_luna2000 import HuaweiLuna2000
from sim_devices.products.idm_navigator import IdmNavigator
from sim_devices.products.keba_kecontact import KebaKecontact
from sim_devices.products.lambda_eu_l import LambdaEuL
from sim_devices.products.luxtronik_shi import LuxtronikShi
from sim_devices.products.marstek_venus import MarstekVenus, MarstekVenusV3
from sim_devices.products.nibe_s import NibeS
from sim_devices.products.phoenix_charx import PhoenixCharx
from sim_devices.products.phoenix_eth import PhoenixEmCpPpEth, PhoenixEvEth
from sim_devices.products.product import Product
from sim_devices.products.shelly_pro_3em import ShellyPro3em
from sim_devices.products.siemens_rdf302 import SiemensRdf302
from sim_devices.products.sma_storage import SmaStorage
from sim_devices.products.solaredge_storedge import SolarEdgeStorEdge
from sim_devices.products.stiebel_isg import StiebelIsg
from sim_devices.products.sungrow_sh import SungrowSh
from sim_devices.products.sunspec_der import SunSpecDer
from sim_devices.products.sunspec_inverter import SunSpecInverter, SunSpecProduction
from sim_devices.products.sunspec_meter import SunSpecMeter
from sim_devices.products.sunspec_storage import SunSpecStorage
from sim_devices.products.victron_gx import VictronGx
from sim_devices.products.waveshare_relay import WaveshareRelay8
from sim_devices.products.webasto import WebastoNext, WebastoUnite
from sim_devices.products.wiren_board_mr6c import WirenBoardMr6c

PRODUCTS: dict[str, type[Product]] = {
    product.model: product
    for product in (
        EastronSdm630,
        AlfenEve,
        LuxtronikShi,
        FroniusGen24,
        HeatmiserEdge,
        WaveshareRelay8,
        EastronSdm120,
        EastronSdm230,
        EastronSdm72,
        EastronSdm72V2,
        CarloGavazziEm24,
        CarloGavazziEm24E1,
        CarloGavazziEm340,
        CarloGavazziEt112,
        ShellyPro3em,
        KebaKecontact,
        HeidelbergEnergyControl,
        PhoenixCharx,
        PhoenixEmCpPpEth,
        PhoenixEvEth,
        WebastoNext,
        WebastoUnite,
        GoE,
        AblEmh1,
        WirenBoardMr6c,
        SiemensRdf302,
        StiebelIsg,
        NibeS,
        LambdaEuL,
        IdmNavigator,
        DaikinHomehub,
        GoodWeEt,
        GoodWeEtStorage,
        HuaweiLuna2000,
        MarstekVenus,
        MarstekVenusV3,
        SmaStorage,
        SolarEdgeStorEdge,
        SungrowSh,
        VictronGx,
        SunSpecMeter,
        SunSpecInverter,
        SunSpecProduction,
        SunSpecStorage,
        SunSpecDer,
    )
}
