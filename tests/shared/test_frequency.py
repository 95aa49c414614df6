"""The frequency as a source: when the relay falls and comes back, what the droop asks for, what asks for nothing."""

from __future__ import annotations

from agent.sources.frequency import Frequency
from hal import quantities as q
from tests.shared.listening import Listener, refused

FOR_S = 2592000


def relay(**options) -> Listener:
    """Return a relay at 49.7 Hz for a minute."""
    return Listener().using(Frequency, meter="grid", stops=["charger", "heatpump"], for_s=60, **options)


def droop(**options) -> Listener:
    """Return a droop of 5 kW, dead to 20 mHz, full at 200 mHz."""
    return Listener().using(Frequency, meter="grid", battery="battery", power_w=4500, **options)


def at(mhz: int | None, source: Listener, seconds: int = 1) -> list[object]:
    """Let the meter tell a frequency; return what is said."""
    told: dict[int, int] = {} if mhz is None else {q.FREQUENCY_MHZ: mhz}
    return source.look([told], seconds)


STOPPED = [["charger", 0, FOR_S, 10], ["heatpump", 500, FOR_S, 10]]


def test_the_relay_falls_at_its_threshold_in_the_second_reading():
    source = relay()
    assert at(49701, source, 10) == [] and at(49700, source) == [] and at(49800, source) == []
    assert at(49700, source) == [] and at(49700, source) == STOPPED and source.origin == b"49700 mHz"


def test_one_reading_looked_at_twice_is_one_reading():
    source = relay()
    at(49600, source)
    sample = {q.FREQUENCY_MHZ: 49600}
    source.now_ms -= 1000
    assert source.look([sample]) == []


def test_the_relay_holds_for_its_time_and_until_the_frequency_is_back():
    source = relay()
    assert at(49600, source, 2) == STOPPED
    assert at(50000, source, 59) == STOPPED
    assert at(49979, source, 5) == STOPPED
    assert at(49980, source) == []


def test_what_the_relay_stopped_is_free_after_its_time_when_the_meter_is_gone():
    source = relay()
    at(49600, source, 2)
    assert source.look([None], 59) == STOPPED
    assert source.look([None]) == []


def test_what_the_relay_stopped_stays_stopped_over_a_reboot_and_its_time_begins_anew():
    source = relay()
    at(49600, source, 2)
    assert source.state.kept == {"source": [1]}
    for kept, said in (([1], STOPPED), ([0], []), ([1, 2, 3, 4], [])):
        again = Listener()
        again.state.kept["source"] = kept
        again.using(Frequency, meter="grid", stops=["charger", "heatpump"], for_s=60)
        assert again.look([None], 59) == said and again.look([None]) == []
    at(50000, source, 60)
    assert source.state.kept == {"source": [0]}


def test_the_droop_grows_evenly_from_the_dead_band_to_full_power_in_both_directions():
    for off_mhz, asked_w in ((0, 0), (20, 0), (21, 0), (24, 100), (110, 2250), (200, 4500), (900, 4500)):
        assert at(50000 + off_mhz, droop()) == ([["battery", asked_w, FOR_S, 10]] if asked_w else []), off_mhz
        below = at(50000 - off_mhz, droop())
        assert below == ([["battery", -asked_w, FOR_S, 10]] if asked_w else []), off_mhz


def test_the_droop_moves_by_whole_steps_and_back_to_nothing():
    source = droop(step_w=500)
    assert at(50100, source) == [["battery", 2000, FOR_S, 10]]
    for mhz in (50105, 50095, 50118, 50082):
        assert at(mhz, source) == [["battery", 2000, FOR_S, 10]], mhz
    assert at(50120, source) == [["battery", 2500, FOR_S, 10]]
    assert at(50015, source) == [] and source.changes == 3


def test_a_frequency_that_is_unknown_or_absurd_asks_for_nothing():
    source = droop()
    for mhz in (None, 0, 44999, 55001):
        assert at(50200, source) != [] and at(mhz, source) == [], mhz
    assert source.look([None]) == [] and source.origin == b""
    tripping = relay()
    assert at(44000, tripping, 5) == []


def test_the_droop_stays_within_ceiling_and_product():
    source = Listener(power_max_w=1000).using(Frequency, meter="grid", battery="battery", power_w=9000)
    assert at(49000, source) == [["battery", -1000, FOR_S, 10]]
    source = Listener().using(Frequency, meter="grid", battery="battery", power_w=9000)
    assert at(51000, source) == [["battery", 5000, FOR_S, 10]]


def test_sixty_hertz_is_a_nominal_frequency_too():
    source = droop(nominal_mhz=60000)
    assert at(60110, source) == [["battery", 2250, FOR_S, 10]] and at(50000, source) == []


def test_wrong_options_are_refused_by_name():
    assert refused(Frequency) == "meter" and refused(Frequency, meter="grid") == "stops"
    assert refused(Frequency, meter="grid", battery="charger", power_w=1) == "battery"
    assert refused(Frequency, meter="grid", battery="battery") == "battery"
    assert refused(Frequency, meter="grid", stops=[]) == "stops" and refused(Frequency, meter="x") == "meter"
    assert refused(Frequency, meter="grid", stops=["charger"], full_mhz=20) == "full_mhz"
    assert refused(Frequency, meter="grid", stops=["charger"], below_mhz=50000) == "full_mhz"
    assert refused(Frequency, meter="grid", stops=["charger"], primacy=0) == "primacy"
