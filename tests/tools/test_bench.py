"""The bench measures everything it promises; how much that is on this machine is no test's business."""

from __future__ import annotations

import json
from itertools import pairwise
from statistics import median

import pytest

from hal import quantities as q
from tests.needs import needs_program, shared_data
from tools.bench.__main__ import main
from tools.bench.figures import Row
from tools.bench.latency import percentile
from tools.bench.series import minutes

EVIDENCE = [
    "signed bytes a value, one reading a minute",
    "signed bytes a value, ten of one meter",
    "JSON / signed page, ten of one meter",
    "JSON + JWS / signed page, ten of one meter",
    "signed bytes a value, ten meters of one",
    "JSON / signed page, ten meters of one",
    "JSON + JWS / signed page, ten meters of one",
    "bytes a day on the link, ten of one meter",
    "gateway: CPU a reading, unsigned, / bare",
    "gateway: CPU a reading, signed, / bare",
    "MicroPython: CPU a reading, unsigned, / bare",
    "MicroPython: CPU a reading, signed, / bare",
    "verifying a small page, CPU",
    "verifying a small page, CPU / bare ES256",
    "verifying a page of a quarter of an hour",
    "flash ring: bytes programmed a journal byte",
    "flash ring: blocks erased a 1000 records",
    "journal files: bytes to the disk a journal byte",
]
FIGURES = [
    "CPU a poll, agent / bare loop",
    "CPU a poll, agent / bare loop in batches",
    "CPU of a Modbus poll, agent / pymodbus",
    "CPU of a Modbus poll, agent / bare loop",
    "Modbus polls a second, one after the other",
    "command to register p50, agent / bare",
    "command to register p99, agent / bare",
    "memory of the gateway's agent, Pss",
    "MicroPython: heap when ready",
    "MicroPython: smallest heap that works",
    "MicroPython: bytecode",
    *EVIDENCE,
    "gateway: limit to register, worst",
    "gateway: limit to register p50, agent / bare",
    "gateway: limit to write, ticks, worst",
    "gateway: longest blocking slice",
    "MicroPython: limit to register, worst",
    "MicroPython: limit to register p50, agent / bare",
    "MicroPython: limit to write, ticks, worst",
    "MicroPython: longest blocking slice",
]
MAY_BE_ZERO = {"gateway: limit to write, ticks, worst", "MicroPython: limit to write, ticks, worst"}


def test_one_quick_run_prints_and_writes_every_figure(tmp_path, capsys):
    needs_program("nats-server")
    target = tmp_path / "bench.json"
    assert main(["--quick", "--json", str(target)]) == 0
    printed = capsys.readouterr().out
    written = json.loads(target.read_text())
    assert [row["name"] for row in written["rows"]] == FIGURES
    assert all(name in printed for name in FIGURES)
    assert all(row["measured"] > 0 or row["name"] in MAY_BE_ZERO for row in written["rows"])
    for way in written["raw"]["limits"].values():
        assert len(way["device_ms"]) == len(way["bare_ms"]) == len(way["ticks"]) == 5
        assert way["slices"] and way["backfill_pages"] > 0
    assert len(written["raw"]["latency"]["agent_ms"]) == len(written["raw"]["latency"]["bare_ms"]) == 5


def test_what_evidence_costs_is_measured_by_itself(tmp_path):
    target = tmp_path / "bench.json"
    assert main(["--evidence", "--quick", "--json", str(target)]) == 0
    written = json.loads(target.read_text())
    assert [row["name"] for row in written["rows"]] == EVIDENCE
    for channels in (written["raw"]["wire"]["one"], written["raw"]["wire"]["ten"]):
        assert channels["values"] == 600


def test_what_a_modbus_poll_costs_is_measured_by_itself(tmp_path):
    target = tmp_path / "bench.json"
    assert main(["--modbus", "--quick", "--json", str(target)]) == 0
    written = json.loads(target.read_text())
    assert [row["name"] for row in written["rows"]] == FIGURES[2:5]
    assert all(len(each) == 1 and each[0] > 0 for each in written["raw"]["modbus"]["cpu_us"].values())


def test_the_drawn_meter_is_as_restless_as_a_recorded_household():
    recording = shared_data("timeseries/uci_household_1min_2006-12-16.csv")
    for quantity, near in ((q.VOLTAGE_L1_MV, 1.5), (q.POWER_W, 2)):
        drawn, recorded = (
            median(abs(then[quantity] - now[quantity]) for now, then in pairwise(minutes(source, 400)))
            for source in (None, recording)
        )
        assert 1 / near < drawn / recorded < near


@pytest.mark.parametrize(("measured", "aim", "missed"), [(2.0, 2.0, False), (2.01, 2.0, True), (99.0, None, False)])
def test_a_figure_above_its_aim_is_called_missed(measured, aim, missed):
    row = Row("figure", measured, "x", aim, "")
    assert row.missed is missed
    assert ("MISSED" in row.line()) is missed


def test_a_percentile_is_a_number_that_was_measured():
    numbers = [float(number) for number in range(200, 0, -1)]
    assert percentile(numbers, 50) == 100.0
    assert percentile(numbers, 99) == 198.0
    assert percentile([7.0], 99) == 7.0
