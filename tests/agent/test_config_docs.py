"""Configurations that hypothesis thinks up, and the page that explains each key."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.config import ConfigError, checked
from agent.protection import Guard
from hal import capabilities as c
from tests.needs import ROOT
from tests.shared.test_config import TABLES, row, tree

PAGE = (ROOT / "docs" / "config.md").read_text()
leaf = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.binary(max_size=5)
)
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
places = [(name, key, number) for name, fields, number in TABLES for key, _, _ in fields]


def refused(made: Any) -> bool:
    try:
        checked(made)
    except ConfigError as fault:
        assert 0 < len(str(fault)) < 500
        return True
    return False


@given(anything)
def test_whatever_stands_in_place_of_a_tree_is_refused(made):
    assert refused(made)


@given(st.sampled_from(places), anything)
def test_whatever_stands_at_a_key_is_taken_or_refused(place, given_item):
    name, key, number = place
    made = tree()
    row(made, name, number)[key] = given_item
    assert refused(made) or type(given_item) in (int, str)


@given(st.sampled_from(sorted(config.TABLES)), anything)
def test_whatever_stands_in_place_of_a_table_is_taken_or_refused(name, given_item):
    made = tree()
    made[name] = given_item
    assert refused(made) or type(given_item) in (dict, list)


def test_the_page_and_the_tables_list_the_same_keys():
    example = tomllib.loads(PAGE.split("```toml")[1].split("```")[0])
    for name, fields, number in TABLES:
        told = (
            {key for each in example[name] for key in each}
            if name in ("circuit", "device")
            else set(row(example, name, number))
        )
        known = {key for key, _, _ in fields}
        if name == "device":
            told.discard("fallback_ma")  # a driver's own
        if name == "bus":
            told |= {key for key in known if f"{key} " in PAGE or f"{key}," in PAGE}
        assert told == known, name


def test_the_example_on_the_page_differs_only_in_its_shortened_key():
    example = tomllib.loads(PAGE.split("```toml")[1].split("```")[0])
    example["authority"][0]["public_key"] = tree()["authority"][0]["public_key"]
    for key, _, default in config.AGENT:
        assert default in (config.REQUIRED, None, example["agent"][key]), key
    checked(example)


def test_the_page_tells_the_defaults_that_guards_have():
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    told = {cells[0].strip("`"): cells[2:7] for cells in rows}
    columns = ((c.HEAT_PUMP, c.SG_READY), (c.SWITCH,), (c.CHARGER,), (c.PHASE_SWITCH,), (c.BATTERY, c.THERMOSTAT))
    for column, kinds in enumerate(columns):
        for kind in kinds:
            guard = Guard({}, kind)
            has = {
                "on_s": guard.on_ms // 1000,
                "off_s": guard.off_ms // 1000,
                "off_max_s": guard.off_max_ms // 1000,
                "starts_per_h": guard.starts_per_h,
                "soc_min_pct": guard.soc_min_pm // 10,
                "soc_max_pct": guard.soc_max_pm // 10,
                "ramp_w_s": guard.ramp_w_s,
                "writes_per_day": guard.writes_per_day,
            }
            assert set(has) == set(told)
            for key, cells in told.items():
                assert cells[column] in ("–", str(has[key])), (key, kind)
