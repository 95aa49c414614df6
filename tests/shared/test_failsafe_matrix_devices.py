"""Readings of devices in the failsafe matrix, on the pure core; the table is tests/shared/matrix.py."""

from __future__ import annotations

from tests.shared.matrix_core import play_all


def test_charger_reading():
    play_all("charger")


def test_battery_reading():
    play_all("battery")


def test_heat_pump_reading():
    play_all("heat pump")


def test_switch_reading():
    play_all("switch")


def test_sg_ready_reading():
    play_all("SG-ready")


def test_thermostat_reading():
    play_all("thermostat")


def test_state_of_charge():
    play_all("state of charge")
