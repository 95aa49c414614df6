"""Numbers that a source knows again after a reboot; the failsafe that an Energy Guard wrote is among them."""

from __future__ import annotations

from agent import cbor
from agent.kept import dump, forget_others, load
from agent.sources.eebus_lpc import EebusLpc
from agent.state import State
from tests.shared.listening import Listener
from tests.shared.steered import ev, plant


def fresh() -> State:
    """Return the state of an agent that has just begun."""
    return plant(ev(default=16000)).state


def guarded(kept=None, **options) -> Listener:
    """Return a controllable system, after a reboot where something was kept."""
    source = Listener("grid")
    if kept is not None:
        source.state.kept["source"] = kept
    return source.using(EebusLpc, **options)


def opened(source) -> EebusLpc:
    """Let an Energy Guard have said its first limit, so that it may write failsafe values."""
    source.look([])
    lpc = source.source
    lpc.heartbeat(source.now_ms)
    for each in lpc.both():
        assert each.write(source.now_ms, False, 0, None)
    return lpc


def test_numbers_of_a_source_survive_a_reboot_and_are_written_once():
    state = fresh()
    state.keep("tariff", [1, -2, 1 << 40])
    assert state.must_persist
    state.must_persist = False
    state.keep("tariff", [1, -2, 1 << 40])
    assert not state.must_persist
    again = fresh()
    load(again, dump(state), 0)
    assert again.kept == {"tariff": [1, -2, 1 << 40]} and dump(again) == dump(state)


def test_without_such_numbers_the_kept_state_is_as_before():
    assert dump(fresh())[:2] == b"\x86\x03"


def test_as_much_as_the_largest_site_and_all_its_sources_have_to_keep_is_read_again():
    state = fresh()
    for at in range(1024):
        state.comforts["device-%d" % at] = (0, 16000)
    for at in range(8):
        state.keep("plan-%d" % at, [5000] * 192)
    again = fresh()
    load(again, dump(state), 0)
    assert len(again.comforts) == 1024 and again.kept == state.kept


def test_numbers_of_a_source_that_the_site_no_longer_has_are_forgotten():
    state = fresh()
    state.keep("tariff", [1])
    state.keep("guard", [2])
    forget_others(state, ["guard"])
    assert state.kept == {"guard": [2]}


def test_what_are_no_numbers_is_refused():
    state = fresh()
    kept = cbor.decode(dump(state), items_max=100)
    for rows in ([["tariff", [True]]], [["tariff", 5]], [[5, [5]]], [["tariff", ["5"]]], [5], 5, [["tariff"]]):
        try:
            load(fresh(), cbor.encode([17, rows, kept]), 0)
        except ValueError:
            continue
        raise AssertionError(rows)


def test_the_failsafe_that_an_energy_guard_wrote_is_that_of_the_next_start():
    source = guarded(failsafe_export_w=3000)
    lpc = opened(source)
    source.look([])
    assert source.state.kept == {}
    assert lpc.consumption.write_failsafe_w(source.now_ms, 3500) and lpc.production is not None
    assert lpc.production.write_failsafe_s(source.now_ms, 9000)
    source.look([])
    kept = source.state.kept["source"]
    again = guarded(kept, failsafe_export_w=3000)
    assert again.look([]) == [["", 0, 3500, 0], ["", 1, 3000, 0]]
    assert [each.failsafe_s for each in again.source.both()] == [7200, 9000]
    lpc = opened(again)
    assert lpc.consumption.write_failsafe_w(again.now_ms, 4200) and lpc.production.write_failsafe_s(again.now_ms, 7200)
    again.look([])
    assert guarded(again.state.kept["source"], failsafe_export_w=3000).look([]) == [["", 0, 4200, 0], ["", 1, 3000, 0]]


def test_a_failsafe_that_is_configured_anew_goes_before_what_an_energy_guard_wrote_for_another_one():
    source = guarded()
    lpc = opened(source)
    assert lpc.consumption.write_failsafe_w(source.now_ms, 3500)
    source.look([])
    kept = source.state.kept["source"]
    assert guarded(kept).look([]) == [["", 0, 3500, 0]]
    changed = guarded(kept, failsafe_w=2000)
    assert changed.look([]) == [["", 0, 2000, 0]]
    assert guarded(changed.state.kept["source"], failsafe_w=2000).look([]) == [["", 0, 2000, 0]]


def test_what_was_kept_of_a_system_of_another_shape_is_not_taken():
    source = guarded([3500, 7200, 3000, 7200])
    assert source.look([]) == [["", 0, 4200, 0]]
