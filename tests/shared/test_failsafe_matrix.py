"""Every cell of the failsafe matrix that the pure core can show; the table is tests/shared/matrix.py."""

from __future__ import annotations

from tests.shared.matrix import cells
from tests.shared.matrix_core import faults, play


def run(what: str) -> None:
    """Play every cell of one input in all variants; a failure says which."""
    for cell in cells((what,)):
        for bend in faults(cell):
            try:
                play(cell, bend)
            except AssertionError:
                print(cell.name)
                raise


def test_meter_power():
    run("meter power")


def test_meter_currents():
    run("meter currents")


def test_charger_reading():
    run("charger")


def test_battery_reading():
    run("battery")


def test_heat_pump_reading():
    run("heat pump")


def test_switch_reading():
    run("switch")


def test_sg_ready_reading():
    run("SG-ready")


def test_thermostat_reading():
    run("thermostat")


def test_civil_clock():
    run("clock")
