"""Vectors of one agent that sells an asset twice, of which disclosures tell: in several epochs, or beside its pages."""

from __future__ import annotations

from typing import Any

from tests.vectors.case import Case, case, vector
from tests.vectors.maker import CIVIL_S, Agent, Page, enrolment

LISTED_ANEW = [["charger", "alfen-eve"], ["second", "alfen-eve"]]


def sold(programme: str, from_s: int = CIVIL_S, device: int = 1) -> Any:
    """An enrolment of the one asset that is sold here, without end."""
    return enrolment(device, "alfen-eve 0001", f"Aggregator {programme}", from_s, 0)


def two_epochs(agent: Agent, first: Any, second: Any, **again: Any) -> list[Page]:
    """One page of each of two epochs: its boot record and one more."""
    pages = [agent.page(agent.boot(), first)]
    agent.reboot()
    return [*pages, agent.page(agent.boot(**again), second)]


@vector
def enrolled_twice_in_disclosures_of_two_epochs() -> Case:
    """Of two epochs one enrolment each is disclosed: the second sells what the first had sold while it lasted."""
    agent = Agent()
    shown = [page.disclose(1) for page in two_epochs(agent, sold("A"), sold("B"))]
    return case(agent, shown, [("enrolment_overlap", agent, 3)], disclosed=2)


@vector
def enrolled_before_the_next_boot_in_disclosures() -> Case:
    """The second sale begins a second before the boot that ended the first; they come in the wrong order."""
    agent = Agent()
    boot_s = agent.civil_s + agent.page_s + 30
    first = agent.page(agent.boot(), sold("A"))
    agent.reboot(off_s=30)
    second = agent.page(agent.boot(), sold("B", boot_s - 1))
    return case(agent, [second.disclose(1), first.disclose(1)], [("enrolment_overlap", agent, 3)], disclosed=2)


@vector
def enrolled_again_before_an_epoch_was_last_heard_of() -> Case:
    """The epoch between the two is not shown: the first sale lasted at least until its own epoch's last record."""
    agent = Agent()
    first = agent.page(agent.boot(), sold("A"), agent.metered(600))
    agent.reboot()
    agent.page()
    agent.reboot()
    third = agent.page(agent.boot(), sold("B", CIVIL_S + 599))
    return case(agent, [first.disclose(1, 2), third.disclose(1)], [("enrolment_overlap", agent, 7)], disclosed=3)


@vector
def enrolled_under_two_devices_in_disclosures() -> Case:
    """One programme and two devices in two epochs, both with their boot records, which name the devices."""
    agent = Agent()
    pages = two_epochs(agent, sold("A"), sold("A"), devices=LISTED_ANEW)
    return case(agent, [page.disclose(0, 1) for page in pages], [("enrolment_overlap", agent, 3)], disclosed=4)


@vector
def enrolled_in_a_disclosure_and_in_an_own_page() -> Case:
    """A record of the agent's first page, which is not there, and the next page of that epoch."""
    agent = Agent()
    first, second = agent.page(agent.boot(), sold("A")), agent.page(sold("B"))
    found = [("enrolment_overlap", agent, 2)]
    return case(agent, [second, first.disclose(1)], found, after=[first.hash], disclosed=1, pages=1)


@vector
def enrolled_in_a_disclosure_and_in_the_page_after_a_boot() -> Case:
    """The pages begin with the second epoch, which sells what a disclosure of the first one shows as sold."""
    agent = Agent()
    first, second = two_epochs(agent, sold("A"), sold("B", CIVIL_S + 900))
    found = [("enrolment_overlap", agent, 3)]
    return case(agent, [first.disclose(1), second], found, after=[first.hash], disclosed=1, pages=1)


@vector
def disclosed_enrolment_that_ends_before_it_begins() -> Case:
    """It is told, and counts for nothing beside one that holds."""
    agent = Agent()
    absurd = enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S + 60, CIVIL_S + 59)
    page = agent.page(agent.boot(), absurd, sold("B"))
    return case(agent, [page.disclose(1, 2)], [("enrolment_absurd", agent, 1)], disclosed=2)
