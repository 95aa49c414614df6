"""Who may reserve: told at the start by the configuration, and in a board's image only where somebody may."""

from __future__ import annotations

import tomllib

import pytest

from agent import limits, record
from agent.config import ConfigError, checked
from agent.kept import dump
from agent.reserve import Reservation
from boards.cpython.signer import FileSigner
from boards.startup import Parts, StartError, assemble
from hal.memory import CountingWatchdog, ManualClock, MemoryStore
from hal.modbus.bus import Bus
from tests.tools.board_sites import SITE, UNIX
from tools.board_check import site_of
from tools.board_manifest import modules_of
from tools.keys import create_key

KEY = "04" + 128 * "1"
VPP = f"""
[[authority]]
name = "vpp"
public_key = "{KEY}"
role = "aggregator"
power_max_w = 5000
reservations = 2
"""
TREE = {
    "site": {"name": "s", "import_limit_w": 9000, "export_limit_w": 3000, "fuse_ma": 25000},
    "agent": {"key": "agent.key", "journal": "journal"},
}


def authority(name: str, role: str, reservations: int) -> dict[str, object]:
    key = "04" + 128 * str(len(name))
    return {"name": name, "public_key": key, "role": role, "power_max_w": 1, "reservations": reservations}


def no_bus(row: dict[str, object]) -> Bus:
    raise AssertionError(row)


def agent_of(folder, *authorities: dict[str, object], store: MemoryStore | None = None):
    if not (folder / "agent.key").exists():
        create_key(folder / "agent.key")
    parts = Parts(
        "test", bytes(32), ManualClock(), store or MemoryStore(), FileSigner(folder / "agent.key"), None,
        CountingWatchdog(), bytes(32), no_bus,
    )  # fmt: skip
    return assemble(checked({**TREE, "authority": list(authorities)}), bytes(32), parts)


def test_programmes_are_those_that_may_claim_for_others_and_each_has_its_windows(tmp_path):
    made = agent_of(
        tmp_path, authority("a", "aggregator", 3), authority("bb", "aggregator", 0), authority("ccc", "owner", 0)
    )
    assert made.state.reserving.allowed == {"a": 3, "bb": 0}


def test_where_nobody_may_reserve_there_is_nothing_to_reserve_with(tmp_path):
    assert agent_of(tmp_path, authority("a", "aggregator", 0)).state.reserving is None


def test_windows_of_a_programme_that_may_reserve_no_more_end_with_the_next_start(tmp_path):
    store = MemoryStore()
    made = agent_of(tmp_path, authority("a", "aggregator", 1), authority("bb", "aggregator", 1), store=store)
    for name in ("a", "bb"):
        window = Reservation(limits.SITE, limits.EXPORT, 1, name, name.encode() * 16)
        window.until_ms = 3600000
        made.state.reserving.windows.append(window)
    made.ledger.save_state(dump(made.state))
    made.ledger.sync()
    again = agent_of(tmp_path, authority("a", "aggregator", 0), authority("bb", "aggregator", 1), store=store)
    assert [each.source for each in again.state.reserving.windows] == ["bb"]
    assert [record.EVENT, 0, b"a" * 16, record.CANCELLED] in again.state.records


@pytest.mark.parametrize("role", ["owner", "grid", "receipt"])
def test_who_is_no_programme_may_not_reserve(tmp_path, role):
    with pytest.raises(StartError, match=f"reservations = 1: expected 0 for the role {role}"):
        agent_of(tmp_path, authority("a", role, 1))


@pytest.mark.parametrize("number", [-1, 17, True, "2"])
def test_a_number_of_windows_is_checked(tmp_path, number):
    with pytest.raises(ConfigError, match="reservations"):
        agent_of(tmp_path, authority("a", "aggregator", number))


def test_an_image_holds_it_where_somebody_may_reserve():
    held = [set(modules_of(UNIX, site_of(UNIX, tomllib.loads(text)))) for text in (SITE, SITE + VPP)]
    assert held[1] - held[0] == {"agent.reserve"}
