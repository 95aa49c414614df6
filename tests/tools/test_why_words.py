"""The sentences of `siteward why` and `siteward run`: each source, state and fact has words of its own."""

from __future__ import annotations

import json

import pytest

from boards import telling
from boards.cpython import words
from hal import quantities as q
from tools.why_site_words import site_lines
from tools.why_words import device_lines, headline

SITE = {"authorities": [{"authority": "dso", "role": "grid"}, {"authority": "agg", "role": "aggregator"}]}
LIMIT = {"source": "limit dso", "authority": "dso", "scope": "", "direction": 0, "w": 4200, "left_ms": 720000,
    "starts_ms": None, "state": "in force", "default": False, "binds": True}  # fmt: skip
CLAIM = {"authority": "agg", "mode": 0, "setpoint": 16000, "now": 16000, "base_w": None, "ramp_left_ms": 0,
    "primacy": 5, "starts_ms": None, "left_ms": 90000, "default": False, "wins": True}  # fmt: skip
TARGET = {**CLAIM, "mode": 2, "w": 3000, "scope": ""}
THE_DSO = "the grid operator 'dso'"
BY_AGG = "primacy 5, by the aggregator 'agg' for another 90 s"
GUARD = {"delays": "", "left_ms": None, "running": True, "bound_ms": 0, "starts_left": None, "short_runs": 0,
    "ramp_w_s": 0}  # fmt: skip
CHARGER = {
    "device": "charger", "control": q.LIMIT_MA, "setpoint": 6000, "source": "limit dso", "wish": 16000,
    "wish_source": "claim agg", "failsafe": 0, "limits": [LIMIT], "rise": {"wait_ms": 10000, "left_ms": None},
    "claims": [CLAIM], "targets": [], "protection": GUARD, "foreign": None, "circuits": [""], "comfort": [None, None],
    "failsafe_circuit": None, "next_ms": 90000, "next": "claim agg ends",
    "inputs": [{"device": "charger", "age_ms": None, "stale_ms": 10000, "fresh": False, "power_w": None}],
    "lease_ms": 9400, "write": None,
    "may_change": [
        {"authority": "me", "role": "owner", "limits": True, "claims": True, "power_max_w": 20000, "wins": True},
    ],
}  # fmt: skip


def test_the_sentence_names_who_limits_what_for_how_long():
    assert headline(CHARGER, SITE) == (
        "charger: 6 A, because the grid operator 'dso' limits the site to 4200 W for another 12 min"
    )
    assert list(device_lines(CHARGER, SITE)) == [
        "  wished      16 A, by the aggregator 'agg'",
        "  rises       10 s after there is room",
        "  next change in 90 s, if not sooner: the claim of 'agg' ends",
        "  limit       4200 W for the site, by the grid operator 'dso' for another 12 min  <- binds",
        "  claim       16 A, primacy 5, by the aggregator 'agg' for another 90 s",
        "  input       charger has never answered",
        "  granted     for another 9.4 s, unless renewed",
        "  last write  none yet",
        "  may change  the owner 'me': by claims and limits up to 20000 W; a claim would take its place now",
        "              Your own opt-out would go before every claim, but it lifts no limit and no protection.",
    ]


CALM = {"waiting_since": None, "lost": 0, "kept_bytes": 4096, "thinned": False, "silent": False}


def test_a_journal_that_nobody_empties_is_explained():
    site = SITE | CALM | {
        "limits": [], "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000, "meter": None, "failsafe": 0,
        "circuit": "", "imbalance_ma": 0, "metered": True, "room_w": None, "targets": [], "circuits": [],
        "shown_w": None, "clock_quality": q.CLOCK_UNKNOWN, "next_seq": 9001, "waiting": 8000, "uplink": True,
        "connected": True, "trouble": "", "overflow": 0, "dropped_oversize": 0, "refused_receipts": 0,
        "agent": "ab", "epoch": 2, "now_ms": 3 * 86400000, "civil_ms": 1700864000000,
        "waiting_since": [2, 0, 0], "lost": 700, "kept_bytes": 61000, "thinned": True, "silent": True,
    }  # fmt: skip
    assert list(site_lines(site))[-7:-1] == [
        "  journal     9000 records so far, 8000 not confirmed from upstream",
        "              the oldest of them has waited for 3 days",
        "              nearly full (61000 bytes): readings for whole quarter hours only",
        "              700 records had to make room before anybody had confirmed them",
        "  upstream    connected",
        "              nobody there confirms what it gets",
    ]
    before = site | {"waiting_since": [1, 50, 1700000000]}
    assert "              the oldest of them has waited for 10 days" in list(site_lines(before))
    for unknown in (site | {"waiting_since": [1, 50, 0]}, before | {"civil_ms": 0}, site | {"waiting_since": None}):
        assert not [line for line in site_lines(unknown) if "waited" in line]


@pytest.mark.parametrize(
    ("silent", "sentence"),
    [
        (True, "Nobody confirms what goes upstream; everything is kept."),
        (False, "Upstream confirms again what it gets."),
    ],
)
def test_silence_upstream_is_a_sentence(silent, sentence):
    assert words.sentence(json.loads(telling.silence(silent)), lambda _: 0) == sentence


def test_a_way_upstream_that_stays_closed_is_explained():
    site = SITE | {
        "limits": [], "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000, "meter": None, "failsafe": 0,
        "circuit": "", "imbalance_ma": 0, "metered": True, "room_w": None, "targets": [], "circuits": [],
        "shown_w": None, "clock_quality": q.CLOCK_UNKNOWN, "next_seq": 9, "waiting": 8, "uplink": True,
        "connected": False,
        "trouble": "certificate has expired", "overflow": 0, "dropped_oversize": 3, "refused_receipts": 0,
        "agent": "ab", "epoch": 1, **CALM,
    }  # fmt: skip
    assert list(site_lines(site))[-4:-1] == [
        "  upstream    away; what was agreed runs on and everything is kept",
        "              the last attempt: certificate has expired",
        "  not taken   3 messages that were too large since it started",
    ]


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"source": "fuse L2", "limits": [{"source": "fuse", "ma": 25000, "phases": [1, 2, 3], "scope": "",
          "left_ms": None, "binds": True}]}, "the fuse of L2 (25 A) carries no more"),
        ({"source": "connection", "limits": [{"source": "connection", "w": 17250, "scope": "", "left_ms": None,
          "binds": True}]}, "the connection carries no more than 17250 W"),
        ({"source": "claim agg", "limits": [], "rise": None}, "the aggregator 'agg' asks for it for another 90 s"),
        ({"source": "default", "limits": [], "rise": None}, "nobody asks for anything else"),
        ({"source": "meter stale", "limits": []}, "the site meter is silent, so there is no headroom"),
        ({"source": "meter stale", "limits": [], "failsafe_circuit": "garage"},
         "the meter of circuit 'garage' is silent, so there is no headroom"),
        ({"source": "fuse garage L2", "limits": [{"source": "fuse", "ma": 16000, "phases": [1, 2, 3], "scope": "garage",
          "left_ms": None, "binds": True}]}, "the fuse of L2 of circuit 'garage' (16 A) carries no more"),
        ({"source": "circuit garage", "limits": [{"source": "circuit garage", "w": 11000, "scope": "garage",
          "left_ms": None, "binds": True}]}, "circuit 'garage' carries no more than 11000 W"),
        ({"source": "imbalance", "limits": [{"source": "imbalance", "ma": 20000, "scope": "", "left_ms": None,
          "binds": True}]}, "its phases would carry too much more than the others"),
        ({"limits": [{**LIMIT, "scope": "garage", "ma": 10000, "phases": [1, 3], "left_ms": None, "default": True}],
          "circuits": ["garage", ""]},
         "the grid operator 'dso' limits circuit 'garage' to 10 A on L1 L3 until it is taken back"),
        ({"source": "claim agg", "limits": [], "rise": None, "claims": [{**CLAIM, "mode": 1}]},
         "the aggregator 'agg' asks for no more for another 90 s"),
        ({"source": "claim agg", "limits": [], "rise": None, "claims": [], "targets": [TARGET]},
         "the site shall draw 3000 W: the aggregator 'agg' asks for it for another 90 s"),
        ({"source": "protection rest", "limits": [], "rise": None,
          "protection": {**GUARD, "delays": "protection rest", "left_ms": 240000}},
         "it has to rest before it starts again for another 4 min"),
        ({"source": "protection charge", "limits": [], "rise": None}, "its charge is at its bound"),
        ({"source": "comfort", "limits": [], "rise": None}, "the comfort band goes no further"),
        ({"rise": {"wait_ms": 10000, "left_ms": 7000}}, "it was held down and may rise in 7.0 s, if the room lasts"),
        ({"limits": [{**LIMIT, "authority": "gone", "scope": "charger"}]},
         "'gone' limits this device to 4200 W for another 12 min"),
    ],
)  # fmt: skip
def test_every_binding_source_has_its_sentence(bent, reason):
    assert headline({**CHARGER, **bent}, SITE) == f"charger: 6 A, because {reason}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"fact": "binding", "device": "charger", "granted": 0, "source": "meter absurd"},
         "charger: paused, because the meter above it cannot be believed, so there is no headroom."),
        ({"fact": "binding", "device": "charger", "granted": 6000, "source": "fuse garage L1"},
         "charger: 6 A, because the fuse of L1 of circuit 'garage' carries no more."),
        ({"fact": "delay", "device": "pump", "source": "protection rest", "wait_ms": 240000, "starts_left": 2},
         "pump waits for another 4 min: it has to rest before it starts again; 2 starts are left in this hour."),
        ({"fact": "delay", "device": "battery", "source": "protection charge", "wait_ms": None, "starts_left": None},
         "battery waits until that has changed: its charge is at its bound."),
        ({"fact": "failsafe", "meter": "garage-meter", "cause": "meter stale", "entered": True},
         "The meter 'garage-meter' is silent, so there is no headroom: devices on its circuit go to their fallback."),
        ({"fact": "failsafe", "meter": "", "cause": "meter absurd", "entered": True},
         "The site meter cannot be believed, so there is no headroom: devices go to their fallback."),
        ({"fact": "failsafe", "meter": "garage-meter", "cause": "meter stale", "entered": False},
         "There is headroom again behind the meter 'garage-meter': 'meter stale' is over."),
        ({"fact": "write", "device": "charger", "setpoint": None, "outcome": "defaulted", "kept": 6000, "source": "x"},
         "charger obeys: in its own default mode, read back."),
        ({"fact": "write", "device": "charger", "setpoint": 6500, "outcome": "failed", "kept": None, "source": "x"},
         "charger could not be told: 6.5 A."),
        ({"fact": "decision", "command": "ab" * 32, "reason": "replayed"}, "Command abababab was refused: replayed."),
        ({"fact": "event", "command": "ab" * 32, "status": "cancelled"}, "Command abababab was cancelled."),
        ({"fact": "device", "device": "charger", "state": "lost"}, "charger has fallen silent."),
        ({"fact": "failsafe", "cause": "meter stale", "entered": False},
         "There is headroom again: 'meter stale' is over."),
        ({"fact": "uplink", "connected": True}, "The way upstream is open."),
    ],
)  # fmt: skip
def test_every_told_fact_has_its_sentence(line, said):
    assert words.sentence(line, lambda _: q.LIMIT_MA) == said


def test_what_has_no_words_yet_is_told_as_it_is():
    assert "heap" in words.sentence({"fact": "heap", "heap_bytes": 1}, lambda _: 0)


def test_every_unit_has_its_words():
    assert words.amount(q.SETPOINT_W, -1500) == "discharging at 1500 W"
    assert words.amount(q.TEMP_TARGET_MC, 21500) == "21.5 °C"
    assert words.amount(q.MODE, q.SG_LOCK) == "locked"
    assert words.amount(q.ON, 1) == "on"
    assert words.amount(q.LIMIT_W, 2500) == "at most 2500 W"
    assert [words.span(ms) for ms in (0, 9400, 90000, 720000, 7200000, 259200000)] == [
        "0.0 s", "9.4 s", "90 s", "12 min", "2 h", "3 days",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bent", "line"),
    [
        ({"limits": [{**LIMIT, "binds": False, "starts_ms": 300000, "state": "waits"}]},
         "  limit       4200 W for the site, by the grid operator 'dso', begins in 5 min and ends in 12 min"),
        ({"limits": [{**LIMIT, "binds": False, "state": "suspended", "left_ms": None, "default": True}]},
         f"  limit       4200 W for the site, by {THE_DSO} until it is taken back, rests while they say otherwise"),
        ({"limits": [{**LIMIT, "binds": False, "state": "held", "left_ms": None}]},
         "  limit       4200 W for the site, by the grid operator 'dso', its time is over and it stays"),
        ({"limits": [{"source": "imbalance", "ma": 20000, "scope": "", "left_ms": None, "binds": False}]},
         "  limit       20 A more than another phase, imbalance of the site"),
        ({"claims": [{**CLAIM, "ramp_left_ms": 40000, "now": 8000}]},
         "  claim       16 A in 40 s, 8 A at present, primacy 5, by the aggregator 'agg' for another 90 s"),
        ({"claims": [{**CLAIM, "starts_ms": 300000, "wins": False, "left_ms": None, "default": True}]},
         "  claim       16 A, primacy 5, by the aggregator 'agg', begins in 5 min and stays until it is taken back"),
        ({"claims": [{**CLAIM, "mode": 1, "wins": False}]},
         f"  claim       no more than this: 16 A, {BY_AGG}, waits behind"),
        ({"claims": [{**CLAIM, "mode": 1}]},
         "              Your own opt-out would go before every set-point; above the ceiling claim one, too."),
        ({"targets": [{**TARGET, "mode": 3, "w": -500, "base_w": 2000, "scope": "garage"}]},
         f"  target      circuit 'garage' shall draw 1500 W, 500 W less than before, {BY_AGG}"),
        ({"targets": [{**TARGET, "mode": 3, "w": 500}]},
         f"  target      the site shall draw 500 W more than before, once a minute was measured, {BY_AGG}"),
        ({"targets": [{**TARGET, "w": -3000, "ramp_left_ms": 9000, "now": -1000}]},
         f"  target      the site shall feed in 3000 W, in 9.0 s; feed in 1000 W at present, {BY_AGG}"),
        ({"wish_source": "comfort"}, "  wished      16 A, because the comfort band goes no further"),
        ({"comfort": [6000, None]}, "  comfort     from 6 A to any; only the owner may ask for something else"),
        ({"protection": {**GUARD, "bound_ms": 240000}}, "  protection  it may stop in 4 min at the earliest"),
        ({"protection": {**GUARD, "bound_ms": 240000, "running": False}},
         "  protection  it may start in 4 min at the earliest"),
        ({"protection": {**GUARD, "starts_left": 2}}, "  protection  2 more starts in this hour"),
        ({"protection": {**GUARD, "short_runs": 1}},
         "  protection  1 x a limit or a failsafe stopped it before it had run for long enough"),
        ({"protection": {**GUARD, "ramp_w_s": 500}}, "  protection  its power changes by at most 500 W a second"),
        ({"protection": {**GUARD, "writes": 120, "writes_left": 7, "writes_per_day": 48}},
         "  protection  120 writes so far; it may change 7 x now, 48 x a day"),
        ({"protection": {**GUARD, "soc_pm": 95, "soc_min_pm": 100, "soc_max_pm": 1000, "empty": True, "full": False}},
         "  protection  charged to 9.5 %, kept from 10 % to 100 %, so it gives nothing"),
        ({"protection": {**GUARD, "soc_pm": None, "soc_min_pm": 100, "soc_max_pm": 900, "empty": False, "full": False}},
         "  protection  its charge is not known; kept from 10 % to 90 %"),
        ({"foreign": {"now": True, "age_ms": 180000, "kept": 8000, "times": 2}},
         "  contested   another controller sets it to 8 A, since 3 min ago; 2 x since the agent started"),
        ({"foreign": {"now": False, "age_ms": 180000, "kept": None, "times": 1}},
         "  contested   another controller sets it, last 3 min ago, not now; 1 x since the agent started"),
        ({"next": "rise"}, "  next change in 90 s, if not sooner: it rises if the room lasts"),
        ({"next": "protection rest"}, "  next change in 90 s, if not sooner: its protection lets it change"),
        ({"failsafe": 2, "failsafe_circuit": "garage"},
         "  failsafe    the meter of circuit 'garage' is silent, so there is no headroom"),
    ],
)  # fmt: skip
def test_everything_about_a_device_has_its_line(bent, line):
    assert line in list(device_lines({**CHARGER, **bent}, SITE))


def test_a_circuit_is_told_with_its_room_its_meter_and_what_is_asked_of_it():
    limit = {**LIMIT, "scope": "garage"}
    amps = {key: limit[key] for key in limit if key != "w"} | {"scope": "annex", "ma": 10000, "phases": [1]}
    garage = {
        "circuit": "garage", "parent": "annex", "import_limit_w": 1000000, "export_limit_w": 0, "fuse_ma": 16000,
        "imbalance_ma": 20000, "metered": True, "failsafe": 2, "shown_w": None, "room_w": None, "baseline_w": None,
        "meter": {"device": "garage-meter", "age_ms": 14000, "stale_ms": 10000, "fresh": False, "power_w": 700},
        "limits": [limit], "targets": [TARGET],
    }  # fmt: skip
    annex = {**garage, "circuit": "annex", "parent": "", "metered": False, "meter": None, "failsafe": 0,
        "imbalance_ma": 0,
        "room_w": 2300, "room_ma": [4100, -200, 9000], "export_limit_w": 1000000, "shown_w": 700, "baseline_w": 650,
        "limits": [amps]}  # fmt: skip
    site = SITE | garage | {
        "circuit": "", "parent": "", "circuits": [annex, garage], "limits": [], "targets": [], "failsafe": 0,
        "clock_quality": q.CLOCK_UNKNOWN, "next_seq": 9, "waiting": 8, "uplink": False, "connected": False,
        "trouble": "", "overflow": 0, "dropped_oversize": 0, "refused_receipts": 0, "agent": "ab", "epoch": 1,
        **CALM,
    }  # fmt: skip
    lines = list(site_lines(site))
    at = lines.index("  circuit     annex")
    assert lines[at:-4] == [
        "  circuit     annex",
        "  fuse        16 A per phase",
        "  meter       there is none: what its devices may draw is counted",
        "  still free  2300 W, 4.1 A on L1, -0.2 A on L2, 9.0 A on L3",
        "  limit       10 A on L1 for circuit 'annex', by the grid operator 'dso' for another 12 min  <- binds",
        f"  target      circuit 'annex' shall draw 3000 W, {BY_AGG}",
        "              at present: draw 700 W, mean of the last minutes 650 W",
        "  circuit     garage, behind 'annex'",
        "  import      at most 4200 W for circuit 'garage', by the grid operator 'dso' for another 12 min",
        "  export      at most 0 W, what the circuit carries",
        "  fuse        16 A per phase",
        "              one phase at most 20 A above another",
        "  meter       garage-meter 700 W, 14 s ago (too old: trusted for 10 s)",
        "  failsafe    the meter of circuit 'garage' is silent, so there is no headroom",
        f"  target      circuit 'garage' shall draw 3000 W, {BY_AGG}",
    ]
