"""Vectors whose commands and enrolments are not as they say, and those with several faults."""

from __future__ import annotations

from typing import Any

from tests.vectors.bad_records import third_record
from tests.vectors.case import Case, case, vector
from tests.vectors.good import AUTHORITY, COMMAND
from tests.vectors.maker import (
    CIVIL_S,
    Agent,
    asset,
    binding,
    clock,
    decision,
    delta,
    enrolment,
    event,
    gap,
    reading,
    sha256,
)

UNKNOWN_TIME = {"civil_s": 0, "clock_quality": 0, "clock_error_ms": 0}


@vector
def command_replayed() -> Case:
    """A command is accepted although its counter had been used."""
    agent = Agent()
    page = agent.page(agent.boot(), decision(COMMAND, AUTHORITY, 7), decision(sha256(b"2"), AUTHORITY, 7))
    return case(agent, [page], [("command_replayed", agent, 2)])


@vector
def command_counter_fell_over_a_boot() -> Case:
    """Counters rise for ever: a boot does not begin them anew."""
    agent = Agent()
    first = agent.page(agent.boot(), decision(COMMAND, AUTHORITY, 7))
    agent.reboot()
    page = agent.page(agent.boot(), decision(sha256(b"2"), AUTHORITY, 1))
    return case(agent, [first, page], [("command_replayed", agent, 3)])


@vector
def command_replayed_beyond_a_double() -> Case:
    """Counters 2^53 + 1 and then 2^53: a double would see two equal ones, or none."""
    agent, most = Agent(), 1 << 53
    told = [decision(COMMAND, AUTHORITY, most + 1), decision(sha256(b"2"), AUTHORITY, most)]
    return case(agent, [agent.page(agent.boot(), *told)], [("command_replayed", agent, 2)])


@vector
def command_never_accepted() -> Case:
    """An event of a command that no decision admits."""
    return third_record(event(sha256(b"unheard"), 2), "command_unproven")


@vector
def command_refused_and_obeyed() -> Case:
    """A command was refused and has an event all the same."""
    agent = Agent()
    page = agent.page(agent.boot(), decision(COMMAND, AUTHORITY, 3, reason=8), event(COMMAND, 2))
    return case(agent, [page], [("command_unproven", agent, 2)])


@vector
def decision_without_counter() -> Case:
    """A command was accepted and nobody knows which counter it had."""
    return third_record(decision(COMMAND, AUTHORITY, None), "decision_unattributed")


@vector
def decision_without_key() -> Case:
    """A command was accepted and nobody knows whose it was."""
    return third_record(decision(COMMAND, None, 5), "decision_unattributed")


@vector
def enrolled_twice() -> Case:
    """One asset in two programmes at the same time."""
    agent, noon = Agent(), CIVIL_S + 43_200
    told = [
        enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, noon),
        enrolment(1, "alfen-eve 0001", "Aggregator B", noon - 1, 0),
    ]
    return case(agent, [agent.page(agent.boot(), *told)], [("enrolment_overlap", agent, 2)])


@vector
def enrolled_twice_without_end() -> Case:
    """Two enrolments of one asset that never end."""
    agent = Agent()
    told = [enrolment(1, "alfen-eve 0001", f"Aggregator {name}", CIVIL_S, 0) for name in "AB"]
    return case(agent, [agent.page(agent.boot(), *told)], [("enrolment_overlap", agent, 2)])


@vector
def enrolled_under_two_devices() -> Case:
    """One asset under two devices of one agent, in the same programme."""
    agent = Agent()
    told = [enrolment(device, "alfen-eve 0001", "Aggregator A", CIVIL_S + device, 0) for device in (0, 1)]
    return case(agent, [agent.page(agent.boot(), *told)], [("enrolment_overlap", agent, 2)])


@vector
def enrolled_by_two_agents() -> Case:
    """One asset sold through two agents at the same time."""
    house, shop = Agent("house"), Agent("shop")
    first = house.page(house.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    second = shop.page(shop.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S + 60, 0))
    return case([house, shop], [first, second], [("enrolment_overlap", shop, 1)])


@vector
def enrolled_twice_in_a_disclosure() -> Case:
    """Two records of one page are disclosed: one asset in two programmes, from its boot on."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), *(_sold(f"Aggregator {name}") for name in "AB"))
    return case(agent, [page.disclosure([page.shown(2), page.shown(3)])], [("enrolment_overlap", agent, 3)])


@vector
def enrolled_by_two_agents_in_disclosures() -> Case:
    """Of two agents one record each is disclosed: they sell one asset at the same time."""
    house, shop = Agent("house"), Agent("shop")
    first = house.page(house.boot(), _sold("Aggregator A"))
    second = shop.page(shop.boot(), _sold("Aggregator A", CIVIL_S + 60))
    shown = [page.disclosure([page.shown(1)]) for page in (first, second)]
    return case([house, shop], shown, [("enrolment_overlap", shop, 1)])


@vector
def enrolled_in_a_disclosure_and_by_another_agents_page() -> Case:
    """One agent's pages are there, of the other one record is disclosed: they sell one asset at the same time."""
    house, shop = Agent("house"), Agent("shop")
    first = house.page(house.boot(), _sold("Aggregator A", CIVIL_S + 60))
    second = shop.page(shop.boot(), _sold("Aggregator B"))
    return case([house, shop], [first, second.disclosure([second.shown(1)])], [("enrolment_overlap", house, 1)])


@vector
def enrolled_twice_over_a_boot() -> Case:
    """After a boot the asset is in another programme, from a moment before the boot that ended the first one."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    second = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator B", CIVIL_S + 600, 0))
    return case(agent, [first, second], [("enrolment_overlap", agent, 3)])


def _sold(programme: str, from_s: int = CIVIL_S) -> Any:
    return enrolment(1, "alfen-eve 0001", programme, from_s, 0)


@vector
def enrolled_twice_over_a_boot_of_unknown_time() -> Case:
    """After a boot without civil time the asset is in another programme: nobody knows that the first one had ended."""
    agent = Agent()
    first = agent.page(agent.boot(), _sold("Aggregator A"))
    agent.reboot()
    second = agent.page(agent.boot(), _sold("Aggregator B", CIVIL_S + 86_400), **UNKNOWN_TIME)
    return case(agent, [first, second], [("enrolment_overlap", agent, 3)])


@vector
def enrolled_twice_without_civil_time() -> Case:
    """Of two epochs neither knows the civil time: the enrolments say theirs all the same."""
    agent = Agent()
    first = agent.page(agent.boot(), _sold("Aggregator A"), **UNKNOWN_TIME)
    agent.reboot()
    second = agent.page(agent.boot(), _sold("Aggregator B", CIVIL_S + 86_400), **UNKNOWN_TIME)
    return case(agent, [first, second], [("enrolment_overlap", agent, 3)])


@vector
def enrolled_twice_until_a_second_boot() -> Case:
    """A boot of unknown time ends nothing; the next one, of a known time, is behind the beginning of the other sale."""
    agent = Agent()
    first = agent.page(agent.boot(), _sold("Aggregator A"))
    agent.reboot()
    second = agent.page(agent.boot(), **UNKNOWN_TIME)
    agent.reboot()
    third = agent.page(agent.boot(), _sold("Aggregator B", agent.civil_s - 1))
    return case(agent, [first, second, third], [("enrolment_overlap", agent, 4)])


@vector
def enrolled_twice_over_a_boot_before_the_first() -> Case:
    """A better clock puts the boot before the enrolment that it should end: nobody knows when that ended."""
    agent = Agent()
    first = agent.page(agent.boot(), _sold("Aggregator A"), clock_quality=1)
    agent.reboot(off_s=-86_400)
    second = agent.page(agent.boot(), _sold("Aggregator B"))
    return case(agent, [first, second], [("enrolment_overlap", agent, 3)])


@vector
def enrolled_twice_with_a_page_between() -> Case:
    """The page after the boot is not there: the first enrolment may have been stated in it."""
    agent = Agent()
    first = agent.page(agent.boot(), _sold("Aggregator A"))
    agent.reboot()
    agent.page(agent.boot(), _sold("Aggregator A"))
    third = agent.page(_sold("Aggregator B", agent.civil_s))
    return case(agent, [first, third], [("missing_pages", agent, 2), ("enrolment_overlap", agent, 4)])


@vector
def enrolment_of_an_unknown_device() -> Case:
    """An enrolment of a device that the boot record does not list."""
    return third_record(enrolment(5, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0), "unknown_device")


@vector
def enrolment_with_a_short_hash() -> Case:
    """An asset whose hash has 31 bytes."""
    record = [14, 0, 1, asset("alfen-eve 0001")[:31], "Aggregator A", CIVIL_S, 0]
    return third_record(record, "record_shape")


@vector
def enrolment_that_ends_before_it_begins() -> Case:
    """An enrolment until a moment before its beginning."""
    return third_record(enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, CIVIL_S - 1), "enrolment_absurd")


@vector
def enrolment_of_no_time() -> Case:
    """An enrolment until the moment of its beginning."""
    return third_record(enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, CIVIL_S), "enrolment_absurd")


@vector
def delta_beyond_reason() -> Case:
    """A delta that ends in 34 000 years."""
    return third_record(delta((1 << 40) - 1, 1, 0, 0), "delta_range")


@vector
def delta_beyond_64_bits() -> Case:
    """A delta whose sum has no place in 64 bits."""
    agent, most = Agent(), (1 << 64) - 1
    page = agent.page(agent.boot(), reading(60, measured={1: most}), delta(1, 1, 1))
    return case(agent, [page], [("delta_range", agent, 2)])


@vector
def gap_of_an_unknown_cause() -> Case:
    """A gap for a cause that the format does not list."""
    return third_record(gap(7), "record_shape")


@vector
def exchange_of_no_meter() -> Case:
    """A meter was exchanged, and nobody knows which."""
    return third_record(gap(3), "record_shape")


@vector
def loss_of_a_device() -> Case:
    """A full journal that names a device."""
    return third_record(gap(2, lost=1, device=0), "record_shape")


@vector
def lost_fell() -> Case:
    """Five records were declared lost, and later three."""
    agent = Agent()
    page = agent.page(agent.boot(), gap(2, lost=5), gap(2, lost=3))
    return case(agent, [page], [("lost_fell", agent, 2)])


@vector
def clock_quality_changes_inside_a_page() -> Case:
    """A clock record in the middle of a page gives the rest of it another quality than the header says."""
    agent = Agent()
    page = agent.page(agent.boot(), clock(1000, (CIVIL_S + 1) * 1000, quality=1), agent.metered(60))
    return case(agent, [page], [("clock_mixed", agent, 0)])


@vector
def energy_impossible_over_a_boot() -> Case:
    """A register that rises by 5 MWh in the minute between two boots."""
    agent = Agent()
    first = agent.page()
    agent.reboot()
    agent.import_wh += 5_000_000
    return case(agent, [first, agent.page()], [("energy_impossible", agent, 4)])


@vector
def export_impossible() -> Case:
    """The export register rises by 40 kWh in a minute."""
    agent = Agent()
    told = [reading(60, measured={13: 500}), reading(120, measured={13: 40_500})]
    return case(agent, [agent.page(agent.boot(), *told)], [("energy_impossible", agent, 2)])


@vector
def two_faults_in_one_page() -> Case:
    """A register that fell and a device that is not there: both are named."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), agent.metered(120, rise_wh=-9), binding(0, "default", device=9))
    return case(agent, [page], [("energy_fell", agent, 2), ("unknown_device", agent, 3)])


@vector
def faults_of_two_agents() -> Case:
    """Each agent's fault is told of that agent."""
    house, shop = Agent("house"), Agent("shop")
    pages = [house.page(), shop.page(shop.boot(), shop.metered(60), shop.metered(120, rise_wh=-1))]
    house.page()
    pages.append(house.page())
    return case([house, shop], pages, [("missing_pages", house, 3), ("energy_fell", shop, 2)])
