"""Simulated products by model id. One file a product, named as printed on the box."""

from __future__ import annotations

from sim_devices.products.alfen_eve import AlfenEve
from sim_devices.products.eastron_sdm630 import EastronSdm630
from sim_devices.products.fronius_gen24 import FroniusGen24
from sim_devices.products.heatmiser_edge import HeatmiserEdge
from sim_devices.products.luxtronik_shi import LuxtronikShi
from sim_devices.products.product import Product
from sim_devices.products.waveshare_relay import WaveshareRelay8

PRODUCTS: dict[str, type[Product]] = {
    product.model: product
    for product in (EastronSdm630, AlfenEve, LuxtronikShi, FroniusGen24, HeatmiserEdge, WaveshareRelay8)
}
