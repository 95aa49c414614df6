"""Vectors whose signers were not allowed to sign: keys that came in without proof, too early, or are ended."""

from __future__ import annotations

from typing import Any

from tests.vectors.case import Case, case, vector
from tests.vectors.maker import Agent, Key, key_begins, key_ends

SECOND = Key("house, second")


@vector
def key_change_without_proof() -> Case:
    """A key begins and does not agree to it."""
    agent = Agent()
    page = agent.page(agent.boot(), [15, 0, 1, SECOND.public, None])
    return case(agent, [page], [("key_proof", agent, 1)])


@vector
def key_change_with_a_wrong_proof() -> Case:
    """The proof is another key's signature."""
    agent = Agent()
    forged = [15, 0, 1, SECOND.public, Key("forger").prove(agent.id)]
    return case(agent, [agent.page(agent.boot(), forged)], [("key_proof", agent, 1)])


@vector
def key_change_proven_for_another_agent() -> Case:
    """The key agreed to sign for another agent."""
    agent = Agent()
    record = key_begins(SECOND, Key("shop").kid)
    return case(agent, [agent.page(agent.boot(), record)], [("key_proof", agent, 1)])


@vector
def key_change_to_a_point_off_the_curve() -> Case:
    """65 bytes that are no point of P-256."""
    agent = Agent()
    record = [15, 0, 1, b"\x04" + bytes(63) + b"\x01", bytes(64)]
    return case(agent, [agent.page(agent.boot(), record)], [("key_proof", agent, 1)])


@vector
def key_change_with_a_short_key() -> Case:
    """A key in its compressed form, of 33 bytes."""
    agent = Agent()
    record = [15, 0, 1, b"\x02" + SECOND.public[1:33], SECOND.prove(agent.id)]
    return case(agent, [agent.page(agent.boot(), record)], [("record_shape", agent, 1)])


@vector
def key_ended_with_a_proof() -> Case:
    """A key ends with a proof, which only a beginning has: the record counts for nothing."""
    agent = Agent()
    changes = [key_begins(SECOND, agent.id), [15, 0, 2, SECOND.public, SECOND.prove(agent.id)]]
    page = agent.page(agent.boot(), *changes)
    return case(agent, [page, agent.page(key=SECOND)], [("record_shape", agent, 2)])


@vector
def key_change_of_an_unknown_action() -> Case:
    """Action 3."""
    agent = Agent()
    record = [15, 0, 3, SECOND.public, None]
    return case(agent, [agent.page(agent.boot(), record)], [("record_shape", agent, 1)])


@vector
def signed_by_an_unproven_key() -> Case:
    """The key that came in without a good proof signs the next page."""
    agent = Agent()
    first = agent.page(agent.boot(), [15, 0, 1, SECOND.public, Key("forger").prove(agent.id)])
    return case(agent, [first, agent.page(key=SECOND)], [("key_proof", agent, 1), "unknown_key"])


@vector
def signed_by_a_key_before_it_begins() -> Case:
    """The second key signs a page before the one that lets it in."""
    agent = Agent()
    pages = [agent.page(), agent.page(key=SECOND), agent.page(key_begins(SECOND, agent.id))]
    # It is no part of the chain, so that what it says is missing there.
    return case(agent, pages, [("key_not_begun", agent, 3), ("missing_pages", agent, 3)], pages=2)


@vector
def key_that_lets_itself_in() -> Case:
    """The second key signs the very page that lets it in."""
    agent = Agent()
    pages = [agent.page(), agent.page(key_begins(SECOND, agent.id), key=SECOND)]
    return case(agent, pages, ["unknown_key"])


@vector
def signed_by_an_ended_key() -> Case:
    """The first key signs a page after the one that ended it."""
    agent = Agent()
    pages = [
        agent.page(agent.boot(), key_begins(SECOND, agent.id)),
        agent.page(key_ends(agent.first_key), key=SECOND),
        agent.page(),
    ]
    return case(agent, pages, [("key_ended", agent, 3)])


@vector
def signed_by_an_ended_key_after_a_boot() -> Case:
    """An ended key does not begin again with a boot."""
    agent = Agent()
    pages = [agent.page(agent.boot(), key_begins(SECOND, agent.id), key_ends(agent.first_key))]
    agent.reboot()
    return case(agent, [*pages, agent.page()], [("key_ended", agent, 3)])


@vector
def second_key_ended_and_used() -> Case:
    """A stolen second key was ended; a page of it comes after that."""
    agent = Agent()
    pages = [agent.page(agent.boot(), key_begins(SECOND, agent.id)), agent.page(key=SECOND)]
    pages += [agent.page(key_ends(SECOND), agent.metered(60)), agent.page(key=SECOND)]
    return case(agent, pages, [("key_ended", agent, 6)])


@vector
def second_key_named_as_the_agent() -> Case:
    """The second key signs under its own name in place of the agent's."""
    agent = Agent()
    first = agent.page(agent.boot(), key_begins(SECOND, agent.id))
    return case(agent, [first, agent.page(key=SECOND, agent=SECOND.kid)], [("wrong_agent", agent)])


@vector
def key_begun_twice() -> Case:
    """A key that is good begins once more."""
    agent = Agent()
    page = agent.page(agent.boot(), key_begins(SECOND, agent.id), key_begins(SECOND, agent.id))
    return case(agent, [page], [("key_change_void", agent, 2)])


@vector
def key_begun_again_after_its_end() -> Case:
    """A key that was ended begins once more: it may be stolen."""
    agent = Agent()
    changes = [key_begins(SECOND, agent.id), key_ends(SECOND), key_begins(SECOND, agent.id)]
    return case(agent, [agent.page(agent.boot(), *changes)], [("key_change_void", agent, 3)])


@vector
def key_ended_twice() -> Case:
    """A key is ended that was ended before."""
    agent = Agent()
    page = agent.page(agent.boot(), key_begins(SECOND, agent.id), key_ends(SECOND), key_ends(SECOND))
    return case(agent, [page], [("key_change_void", agent, 3)])


@vector
def key_ended_that_never_began() -> Case:
    """A key is ended that never signed for this agent."""
    agent = Agent()
    return case(agent, [agent.page(agent.boot(), key_ends(SECOND))], [("key_change_void", agent, 1)])


@vector
def signed_by_a_revoked_key() -> Case:
    """The operator revoked the agent's key from record 3 on."""
    agent = Agent()
    pages = agent.pages(3)
    faults = [("key_revoked", agent), ("key_revoked", agent)]
    return case(agent, pages, faults, revoked={agent.id.hex(): 3}, pages=1)


@vector
def begins_behind_another_page() -> Case:
    """The file begins with the agent's third page, and what is known from elsewhere is the first one."""
    agent = Agent()
    first, _, *pages = agent.pages(4)
    return case(agent, pages, [("missing_start", agent, 5)], after=[first.hash], pages=2)


@vector
def begins_behind_a_known_page_with_an_unknown_key() -> Case:
    """The page that let the second key in is known from elsewhere, the key is not."""
    agent = Agent()
    before = agent.page(agent.boot(), key_begins(SECOND, agent.id))
    pages = [agent.page(), agent.page(key=SECOND)]
    return case(agent, pages, ["unknown_key"], after=[before.hash], pages=1)


@vector
def later_key_of_another_agent() -> Case:
    """The second key is known to sign for another agent."""
    agent, shop = Agent(), Agent("shop")
    before = agent.page(agent.boot(), key_begins(SECOND, agent.id))
    known: dict[str, Any] = {"after": [before.hash], "begun": [(shop.id, SECOND.public)]}
    return case([agent, shop], [agent.page(), agent.page(key=SECOND)], [("wrong_agent", shop)], **known)


@vector
def revoked_key_in_a_disclosure() -> Case:
    """A disclosure of a page that the revoked key signed."""
    agent = Agent()
    agent.page()
    return case(agent, [agent.page().disclose(1)], [("key_revoked", agent)], revoked={agent.id.hex(): 0})


@vector
def disclosed_by_an_unknown_second_key() -> Case:
    """A disclosure of a page by a second key whose beginning is not shown."""
    agent = Agent()
    agent.page(agent.boot(), key_begins(SECOND, agent.id))
    return case(agent, [agent.page(key=SECOND).disclose(1)], ["unknown_key"])
