"""Vectors whose records are well signed and say what cannot be."""

from __future__ import annotations

from tests.vectors.case import Case, case, vector
from tests.vectors.good import AUTHORITY, COMMAND
from tests.vectors.maker import (
    DEVICES,
    Agent,
    boot,
    decision,
    delay,
    delta,
    device_state,
    event,
    failsafe,
    gap,
    reading,
    reservation,
    write,
)


def third_record(record: object, fault: str) -> Case:
    """A page whose third record is wrong."""
    agent = Agent()
    return case(agent, [agent.page(agent.boot(), agent.metered(60), record)], [(fault, agent, 2)])


@vector
def kind_unknown() -> Case:
    """A record of a kind that the format does not know."""
    return third_record([18, 0], "record_shape")


@vector
def record_without_kind() -> Case:
    """A record that is an empty array."""
    return third_record([], "record_shape")


@vector
def record_that_is_a_map() -> Case:
    """A record that is no array."""
    return third_record({1: 2}, "record_shape")


@vector
def record_with_a_field_too_many() -> Case:
    """An event with something behind its status."""
    return third_record([*event(COMMAND, 2), 0], "record_shape")


@vector
def reading_without_context() -> Case:
    """A reading as an earlier draft had it."""
    return third_record(reading(120)[:-1], "record_shape")


@vector
def context_with_an_unknown_key() -> Case:
    """A context that says what the format does not know."""
    return third_record(reading(120, context={4: 1}), "record_shape")


@vector
def context_that_denies_the_opt_out() -> Case:
    """Key 3 is true or absent; false would be a second spelling."""
    return third_record(reading(120, context={3: False}), "record_shape")


@vector
def reading_of_nothing() -> Case:
    """No quantity, and called good."""
    return third_record(reading(120, measured={}), "record_shape")


@vector
def register_below_zero() -> Case:
    """An energy register that is negative."""
    return third_record(reading(120, measured={12: -1}), "record_shape")


@vector
def quality_unknown() -> Case:
    """A data quality that the format does not list."""
    return third_record(reading(120, quality=4), "record_shape")


@vector
def reason_unknown() -> Case:
    """A decision for a reason that the format does not list."""
    return third_record(decision(COMMAND, AUTHORITY, 1, reason=17), "record_shape")


@vector
def status_unknown() -> Case:
    """An event with a status that the format does not list."""
    return third_record(event(COMMAND, 8), "record_shape")


@vector
def state_unknown() -> Case:
    """A device state that the format does not list."""
    return third_record(device_state(5), "record_shape")


@vector
def time_below_zero() -> Case:
    """A write before the page's own beginning."""
    return third_record(write(0, at_ms=-1), "record_shape")


@vector
def flag_as_a_number() -> Case:
    """Entered: 1, where true belongs."""
    return third_record([10, 0, None, 2, 1], "record_shape")


@vector
def delay_by_something_else() -> Case:
    """A delay whose source is no protection."""
    return third_record(delay("comfort"), "record_shape")


@vector
def device_list_with_an_id_twice() -> Case:
    """A boot record that lists one id twice."""
    agent = Agent()
    page = agent.page(boot(devices=[DEVICES[0], DEVICES[0]]))
    return case(agent, [page], [("record_shape", agent, 0)])


@vector
def device_unknown() -> Case:
    """A reading of a device that the boot record does not list."""
    return third_record(reading(120, device=2), "unknown_device")


@vector
def device_unknown_in_a_write() -> Case:
    """A write to a device that the boot record does not list."""
    return third_record(write(0, device=7), "unknown_device")


@vector
def device_unknown_in_a_reservation() -> Case:
    """A window for the first two devices and one that the boot record does not list."""
    window = reservation(command=COMMAND)
    window[5] = [0, 1, 2]
    agent = Agent()
    return case(
        agent, [agent.page(agent.boot(), decision(COMMAND, AUTHORITY, 1), window)], [("unknown_device", agent, 2)]
    )


@vector
def reservation_of_no_command() -> Case:
    """A window that no command asked for."""
    return third_record(reservation(), "command_unproven")


@vector
def reservation_without_devices() -> Case:
    """A window that names a device where a list stands."""
    window = reservation()
    window[5] = 0
    return third_record(window, "record_shape")


@vector
def scope_unknown() -> Case:
    """A failsafe of a circuit whose meter the boot record does not list."""
    return third_record(failsafe(2, 2, entered=True), "unknown_device")


@vector
def device_swapped() -> Case:
    """After a boot another product answers under the same id, and nobody recorded an exchange."""
    agent = Agent()
    first = agent.page()
    agent.reboot()
    agent.devices = [["grid", "janitza-umg96"], DEVICES[1]]
    return case(agent, [first, agent.page()], [("device_swapped", agent, 4)])


@vector
def energy_fell() -> Case:
    """The import register goes back by one Wh."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(120, rise_wh=-1))
    return case(agent, [page], [("energy_fell", agent, 2)])


@vector
def energy_fell_over_a_boot() -> Case:
    """The register begins again after a boot, and no exchange was recorded."""
    agent = Agent()
    first = agent.page()
    agent.reboot()
    agent.import_wh = 0
    return case(agent, [first, agent.page()], [("energy_fell", agent, 4)])


@vector
def energy_fell_and_another_meter_was_exchanged() -> Case:
    """The exchange that was recorded is of another meter."""
    agent = Agent()
    first = agent.page()
    agent.import_wh = 0
    page = agent.page(gap(3, device=1), agent.metered(60))
    return case(agent, [first, page], [("energy_fell", agent, 4)])


@vector
def export_fell() -> Case:
    """The export register goes back."""
    agent = Agent()
    told = [reading(60, measured={13: 500}), reading(120, measured={13: 400})]
    return case(agent, [agent.page(agent.boot(), *told)], [("energy_fell", agent, 2)])


@vector
def energy_impossible() -> Case:
    """The register rises by 40 kWh in a minute behind a fuse of 35 A."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(120, rise_wh=40_000))
    return case(agent, [page], [("energy_impossible", agent, 2)])


@vector
def energy_impossible_in_a_delta() -> Case:
    """The same step, told as a difference."""
    return third_record(delta(1, 1, 0, 40_000), "energy_impossible")


@vector
def readings_overlap() -> Case:
    """Two readings of one device for the same half minute."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(90))
    return case(agent, [page], [("readings_overlap", agent, 2)])


@vector
def reading_twice() -> Case:
    """The same minute told twice: energy would be paid twice."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(60, rise_wh=0))
    return case(agent, [page], [("readings_overlap", agent, 2)])


@vector
def readings_overlap_over_a_page() -> Case:
    """A reading that reaches back into the page before."""
    agent = Agent()
    first = agent.page(agent.boot(), agent.metered(900))
    return case(agent, [first, agent.page(agent.metered(60, span_s=300))], [("readings_overlap", agent, 2)])


@vector
def delta_overlaps() -> Case:
    """The same minute as a reading and as a delta."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(120), delta(1, 1, 0, 8))
    return case(agent, [page], [("readings_overlap", agent, 3)])


@vector
def energy_fell_in_a_delta() -> Case:
    """A delta that lets the register fall."""
    return third_record(delta(1, 1, 0, -1), "energy_fell")


@vector
def register_below_zero_in_a_delta() -> Case:
    """A delta after which the register is negative."""
    return third_record(delta(1, 1, 0, -5000), "delta_range")


@vector
def delta_of_no_span() -> Case:
    """A delta that ends where its base does."""
    return third_record(delta(0, 1, 0, 8), "delta_spans")


@vector
def delta_of_itself() -> Case:
    """A delta whose base is its own place."""
    return third_record(delta(1, 2, 0, 8), "delta_base")


@vector
def delta_of_a_later_record() -> Case:
    """A delta whose base comes after it."""
    agent = Agent()
    page = agent.page(agent.boot(), delta(1, 2, 0, 8), agent.metered(60))
    return case(agent, [page], [("delta_base", agent, 1)])


@vector
def delta_of_no_reading() -> Case:
    """A delta whose base is the boot record."""
    return third_record(delta(1, 0, 0, 8), "delta_base")


@vector
def delta_of_a_delta() -> Case:
    """A delta whose base is a delta."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), delta(1, 1, 0, 8), delta(1, 2, 0, 8))
    return case(agent, [page], [("delta_base", agent, 3)])


@vector
def delta_beyond_the_page() -> Case:
    """A delta whose base would be in another page."""
    return third_record(delta(1, 99, 0, 8), "delta_base")


@vector
def delta_with_a_number_too_few() -> Case:
    """A delta with one difference for a reading of two quantities."""
    return third_record(delta(1, 1, 8), "delta_count")


@vector
def delta_with_a_number_too_many() -> Case:
    """A delta with three differences for a reading of two quantities."""
    return third_record(delta(1, 1, 0, 8, 0), "delta_count")


@vector
def delta_with_text() -> Case:
    """A delta whose difference is a word."""
    return third_record([13, 1, 1, "0", 8], "record_shape")
