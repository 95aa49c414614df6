"""Vectors with nothing wrong, about who may sign, what is sold and what is disclosed."""

from __future__ import annotations

from typing import Any

from tests.vectors.bad_sales import LISTED_ANEW, sold, two_epochs
from tests.vectors.case import Case, case, vector
from tests.vectors.maker import (
    CIVIL_S,
    Agent,
    Key,
    delta,
    enrolment,
    key_begins,
    key_ends,
    sha256,
)

COMMAND = sha256(b"a command")
AUTHORITY = sha256(b"an authority's key")[:8]


@vector
def key_rotated() -> Case:
    """A second key begins, both sign while they overlap, the first one ends, the second goes on alone."""
    agent, second = Agent(), Key("house, second")
    pages = [agent.page(), agent.page(agent.metered(60), key_begins(second, agent.id))]
    pages += [agent.page(key=second), agent.page(), agent.page(key=second)]
    pages += [agent.page(key_ends(agent.first_key), agent.metered(60), key=second)]
    agent.reboot()
    return case(agent, [*pages, agent.page(key=second)], pages=7)


@vector
def begins_behind_a_known_page() -> Case:
    """The file begins with the agent's third page; that it follows the second one is known from elsewhere."""
    agent = Agent()
    _, second, *pages = agent.pages(4)
    return case(agent, pages, after=[second.hash], pages=2)


@vector
def begins_behind_a_known_page_with_a_later_key() -> Case:
    """The file begins behind the page that let the second key in; that key is known from elsewhere."""
    agent, second = Agent(), Key("house, second")
    before = agent.page(agent.boot(), key_begins(second, agent.id))
    known: dict[str, Any] = {"after": [before.hash], "begun": [(agent.id, second.public)]}
    return case(agent, [agent.page(key=second), agent.page(key_ends(agent.first_key), key=second)], **known, pages=2)


@vector
def key_ends_itself() -> Case:
    """A page that ends the key which signs it: the key was good before it."""
    agent, second = Agent(), Key("house, second")
    pages = [agent.page(agent.boot(), key_begins(second, agent.id))]
    pages += [agent.page(key_ends(agent.first_key), agent.metered(60)), agent.page(key=second)]
    return case(agent, pages, pages=3)


@vector
def keys_three_in_a_row() -> Case:
    """Each key lets the next one in and is ended by it; the name stays that of the first."""
    agent, second, third = Agent(), Key("house, second"), Key("house, third")
    pages = [
        agent.page(agent.boot(), key_begins(second, agent.id)),
        agent.page(key_ends(agent.first_key), key=second),
        agent.page(key_begins(third, agent.id), key=second),
        agent.page(key_ends(second), key=third),
        agent.page(agent.metered(60), key=third),
    ]
    return case(agent, pages, pages=5)


@vector
def enrolment_disclosed_before_and_after_it_moved() -> Case:
    """An asset is in another programme from a boot on; of either epoch the enrolment alone is disclosed."""
    agent = Agent()
    boot_s = agent.civil_s + agent.page_s + 30
    first = agent.page(agent.boot(), sold("A"))
    agent.reboot(off_s=30)
    second = agent.page(agent.boot(), sold("B", boot_s))
    return case(agent, [first.disclose(1), second.disclose(1)], disclosed=2)


@vector
def enrolment_disclosed_around_an_epoch_that_is_not_shown() -> Case:
    """The asset moved somewhere between the two epochs that are shown: what ended the first sale nobody knows."""
    agent = Agent()
    first = agent.page(agent.boot(), sold("A"), agent.metered(600))
    agent.reboot()
    agent.page()
    agent.reboot()
    third = agent.page(agent.boot(), sold("B", CIVIL_S + 600))
    return case(agent, [first.disclose(1, 2), third.disclose(1)], disclosed=3)


@vector
def enrolment_disclosed_of_a_device_without_a_name() -> Case:
    """Its device is listed elsewhere in the next epoch, whose boot record alone is there: it may be the same one."""
    agent = Agent()
    first, second = two_epochs(agent, sold("A"), sold("A", device=0), devices=LISTED_ANEW)
    return case(agent, [first.disclose(1), second], after=[first.hash], disclosed=1, pages=1)


@vector
def enrolment_disclosed_of_a_device_that_was_listed_elsewhere() -> Case:
    """The same device by its name, in two epochs that list it at different places."""
    agent = Agent()
    pages = two_epochs(agent, sold("A"), sold("A", device=0), devices=LISTED_ANEW)
    return case(agent, [page.disclose(0, 1) for page in pages], disclosed=4)


@vector
def enrolment_disclosed_of_two_agents_one_after_another() -> Case:
    """Another agent sells the asset from the moment on at which the first one's sale ends."""
    house, shop, noon = Agent("house"), Agent("shop"), CIVIL_S + 43_200
    first = house.page(house.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, noon))
    second = shop.page(shop.boot(), sold("A", noon))
    return case([house, shop], [first.disclose(1), second.disclose(1)], disclosed=2)


@vector
def enrolment_disclosed_beside_its_page() -> Case:
    """A disclosure of an enrolment, before the page that it is of and a later one whose boot ended it."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    boot_s = agent.civil_s
    second = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator B", boot_s, 0))
    return case(agent, [first.disclosure([first.shown(1)]), first, second], disclosed=1, pages=2)


@vector
def enrolments_one_after_another() -> Case:
    """One asset in two programmes, the second from the moment the first ends; both stated again after a boot."""
    agent, noon = Agent(), CIVIL_S + 43_200
    enrolled = [
        enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, noon),
        enrolment(1, "alfen-eve 0001", "Aggregator B", noon, 0),
    ]
    first = agent.page(agent.boot(), *enrolled)
    agent.reboot()
    return case(agent, [first, agent.page(agent.boot(), *enrolled)], records=6)


@vector
def enrolment_that_moved_to_another_agent() -> Case:
    """The same asset under one agent until noon and under another one from then on."""
    house, shop, noon = Agent("house"), Agent("shop"), CIVIL_S + 43_200
    first = house.page(house.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, noon))
    second = shop.page(shop.boot(), enrolment(0, "alfen-eve 0001", "Aggregator A", noon, 0))
    return case([house, shop], [first, second], pages=2, records=4)


@vector
def enrolment_that_ended_with_a_boot() -> Case:
    """What is not stated again after a boot ended with it, though it was stated until later."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    second = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator B", agent.civil_s, 0))
    return case(agent, [first, second], records=4)


@vector
def enrolments_of_different_assets() -> Case:
    """Two assets in one programme, at the same time."""
    agent = Agent()
    enrolled = [enrolment(device, f"asset {device}", "Aggregator A", CIVIL_S, 0) for device in (0, 1)]
    return case(agent, [agent.page(agent.boot(), *enrolled)], records=3)


@vector
def disclosure_of_the_only_record() -> Case:
    """A page of one record: the path is empty and the leaf is the root."""
    agent = Agent()
    return case(agent, [agent.page(agent.boot()).disclose(0)], pages=0, disclosed=1)


@vector
def disclosures_of_every_size_and_place() -> Case:
    """Pages of one to nine records, each disclosed at each place."""
    agent, shown = Agent(), []
    for count in range(1, 10):
        records = [agent.boot()] if count == 1 else []
        page = agent.page(*records, *(agent.metered(60 * (n + 1)) for n in range(count - len(records))))
        shown += [page.disclose(place) for place in range(count)]
    return case(agent, shown, pages=0, disclosed=45)


@vector
def disclosure_of_all_records() -> Case:
    """All records of a page of thirteen, shown one by one in one disclosure."""
    agent = Agent()
    page = agent.page(agent.boot(), *(agent.metered(60 * (n + 1)) for n in range(12)))
    return case(agent, [page.disclose(*range(13))], pages=0, disclosed=13)


@vector
def disclosure_of_a_delta_with_its_base() -> Case:
    """A delta means something only together with the reading that it counts from."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), delta(1, 1, -80, 8), delta(2, 1, 0, 16))
    return case(agent, [page.disclose(0, 1, 3)], pages=0, disclosed=3)


@vector
def disclosures_of_a_chain() -> Case:
    """From each of five pages the readings are shown and the rest is kept back: no hole, for nothing is missing."""
    agent = Agent()
    return case(agent, [page.disclose(len(page.records) - 1) for page in agent.pages(5)], pages=0, disclosed=5)


@vector
def disclosure_beside_its_page() -> Case:
    """A page, and after it a disclosure of the same page: the one does not disturb the other."""
    agent = Agent()
    first, second = agent.pages(2)
    return case(agent, [first, first.disclose(1), second], pages=2, records=5, disclosed=1)


@vector
def disclosures_under_a_second_key() -> Case:
    """The record that begins the second key is disclosed, then a record of a page which that key signed."""
    agent, second = Agent(), Key("house, second")
    first = agent.page(agent.boot(), key_begins(second, agent.id))
    return case(agent, [first.disclose(1), agent.page(key=second).disclose(0)], disclosed=2)
