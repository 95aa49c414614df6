"""Vectors that disclose what was not signed, or not at that place."""

from __future__ import annotations

from typing import Any

from tests.vectors.bad_files import flipped
from tests.vectors.case import Case, case, vector
from tests.vectors.maker import Agent, Page, delta, encode, laid_out, leaf, leaf_salt, reading, sha256, tree


def _page(records: int = 5) -> tuple[Agent, Page]:
    agent = Agent()
    return agent, agent.page(agent.boot(), *(agent.metered(60 * (n + 1)) for n in range(records - 1)))


def _bent(bend: Any, fault: Any = "bad_path") -> Case:
    """A disclosure of record 2 of five; `bend` changes its entry, the fault is told of that record."""
    agent, page = _page()
    entry = page.shown(2)
    bend(entry)
    return case(agent, [page.disclosure([entry])], [(fault, agent, entry[0])])


@vector
def disclosed_record_edited() -> Case:
    """The record is another one than was signed."""

    def bend(entry: Any) -> None:
        entry[2] = encode(reading(120, measured={1: 480, 12: 9999}))

    return _bent(bend)


@vector
def disclosed_bit_flipped() -> Case:
    """One bit of the record is another one."""

    def bend(entry: Any) -> None:
        entry[2] = flipped(entry[2], -2)

    return _bent(bend)


@vector
def disclosed_with_another_salt() -> Case:
    """One bit of the salt is another one."""

    def bend(entry: Any) -> None:
        entry[1] = flipped(entry[1], 0)

    return _bent(bend)


@vector
def disclosed_with_the_pages_salt() -> Case:
    """The page's salt in place of the record's own: it would let everybody try the other records."""
    agent, page = _page()
    entry = page.shown(2)
    entry[1] = page.salt
    return case(agent, [page.disclosure([entry])], [("bad_path", agent, 2)])


@vector
def disclosed_at_another_place() -> Case:
    """A record that was signed, shown at the place of its neighbour."""
    agent, page = _page()
    entry = page.shown(2)
    entry[0] = 3
    return case(agent, [page.disclosure([entry])], [("bad_path", agent, 3)])


@vector
def disclosed_beyond_the_page() -> Case:
    """A place that the page does not have."""
    agent, page = _page()
    entry = page.shown(4)
    entry[0] = 5
    return case(agent, [page.disclosure([entry])], [("wrong_index", agent, 0)])


@vector
def disclosed_with_a_path_too_short() -> Case:
    """The path lacks its last step."""

    def bend(entry: Any) -> None:
        entry[3] = entry[3][:-1]

    return _bent(bend)


@vector
def disclosed_with_a_path_too_long() -> Case:
    """The path has a step too many."""

    def bend(entry: Any) -> None:
        entry[3] = [*entry[3], bytes(32)]

    return _bent(bend)


@vector
def disclosed_with_a_path_out_of_order() -> Case:
    """Two steps of the path in each other's place."""

    def bend(entry: Any) -> None:
        entry[3] = [entry[3][1], entry[3][0], *entry[3][2:]]

    return _bent(bend)


@vector
def disclosed_with_a_bit_of_the_path_flipped() -> Case:
    """One bit of a step is another one."""

    def bend(entry: Any) -> None:
        entry[3][0] = flipped(entry[3][0], 5)

    return _bent(bend)


@vector
def disclosed_node_as_a_record() -> Case:
    """An inner node shown as if it were a record: leaves and nodes are hashed apart, so that it proves nothing."""
    agent, page = _page(4)
    leaves = [leaf(leaf_salt(page.salt, place), record) for place, record in enumerate(page.records)]
    entry = [0, leaves[0][:16], leaves[0][16:] + leaves[1], [tree(leaves[2:])]]
    return case(agent, [page.disclosure([entry])], [("bad_path", agent, 0)])


@vector
def disclosed_with_a_short_salt() -> Case:
    """A salt of 15 bytes."""
    agent, page = _page()
    entry = page.shown(2)
    entry[1] = entry[1][:15]
    return case(agent, [page.disclosure([entry])], ["disclosure_shape"])


@vector
def disclosed_with_a_step_of_31_bytes() -> Case:
    """A step of the path that is no hash."""
    agent, page = _page()
    entry = page.shown(2)
    entry[3] = [entry[3][0][:31], *entry[3][1:]]
    return case(agent, [page.disclosure([entry])], ["disclosure_shape"])


@vector
def disclosed_without_a_path() -> Case:
    """An entry of three elements."""
    agent, page = _page()
    return case(agent, [page.disclosure([page.shown(2)[:3]])], ["disclosure_shape"])


@vector
def disclosure_of_nothing() -> Case:
    """A disclosure that shows no record."""
    agent, page = _page()
    return case(agent, [page.disclosure([])], ["disclosure_shape"])


@vector
def disclosed_twice() -> Case:
    """One place shown twice in one disclosure."""
    agent, page = _page()
    return case(agent, [page.disclosure([page.shown(2), page.shown(2)])], [("wrong_index", agent, 0)])


@vector
def disclosed_out_of_order() -> Case:
    """Places that do not rise."""
    agent, page = _page()
    return case(agent, [page.disclosure([page.shown(3), page.shown(2)])], [("wrong_index", agent, 0)])


@vector
def disclosed_delta_without_its_base() -> Case:
    """A delta alone says nothing that could be checked."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), delta(1, 1, 0, 8))
    return case(agent, [page.disclose(0, 2)], [("base_not_shown", agent, 2)])


@vector
def disclosure_with_a_bad_signature() -> Case:
    """The page's signature does not fit its header."""
    agent, page = _page()
    envelope = flipped(page.envelope, -1)
    return case(agent, [laid_out(envelope, encode([page.shown(1)]))], [("bad_signature", agent)])


@vector
def disclosure_by_a_stranger() -> Case:
    """A disclosure of a page whose signer nobody here trusts."""
    stranger = Agent("stranger")
    return case(Agent(), [stranger.page().disclose(0)], ["unknown_key"])


@vector
def disclosure_under_another_header() -> Case:
    """A record of one page shown under another page's signature."""
    agent = Agent()
    agent.page()
    second, third = agent.page(), agent.page()
    return case(agent, [second.disclosure([third.shown(1)])], [("bad_path", agent, 4)])


@vector
def disclosed_as_another_tree() -> Case:
    """The path of a tree of one more record: the signed count says how long it has to be."""
    agent, page = _page(4)
    leaves = [leaf(leaf_salt(page.salt, place), record) for place, record in enumerate(page.records)]
    entry = [0, *page.shown(0)[1:3], [leaves[1], sha256(b"\x01" + leaves[2] + leaves[3]), leaves[3]]]
    return case(agent, [page.disclosure([entry])], [("bad_path", agent, 0)])


@vector
def disclosure_of_a_delta_of_a_delta() -> Case:
    """A delta shown with its base, which is a delta itself."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), delta(1, 1, 0, 8), delta(1, 2, 0, 8))
    faults = [("delta_base", agent, 3)]
    return case(agent, [page.disclose(0, 1, 2, 3)], faults)


@vector
def disclosure_in_place_of_a_page() -> Case:
    """Of the page between two others one record is shown: what it leaves out is missing from the chain."""
    agent = Agent()
    first, second, third = agent.pages(3)
    return case(agent, [first, second.disclose(1), third], [("missing_pages", agent, 3)], pages=2, disclosed=1)


@vector
def disclosures_of_two_pages_with_the_same_numbers() -> Case:
    """Two pages of one key carry the same numbers, and of each a record is shown: the agent leads two histories."""
    agent, twin = Agent(), Agent()
    page, other = agent.page(), twin.page(twin.boot(), twin.metered(60, rise_wh=9))
    return case(agent, [page.disclose(1), other.disclose(1), page.disclose(0)], [("fork", agent, 0)], disclosed=2)


@vector
def disclosures_that_overlap_partly() -> Case:
    """A disclosed page begins inside the numbers of another one: records other than these two are shown."""
    agent = Agent()
    page = agent.page()
    agent.seq = 2
    other = agent.page(agent.metered(60), agent.metered(120))
    return case(agent, [page.disclose(0), other.disclose(1)], [("fork", agent, 2)], disclosed=1)


@vector
def disclosure_beside_another_page() -> Case:
    """The chain is there, and somebody was shown a record of another page with the same numbers."""
    agent, twin = Agent(), Agent()
    pages = agent.pages(2)
    twin.page()
    other = twin.page(twin.metered(60, rise_wh=1))
    return case(agent, [*pages, other.disclose(0)], [("fork", agent, 3)], pages=2, disclosed=0)


@vector
def page_beside_another_disclosure() -> Case:
    """The same the other way round: the page comes last and is judged in its chain all the same."""
    agent, twin = Agent(), Agent()
    first, second = agent.pages(2)
    twin.page()
    other = twin.page(twin.metered(60, rise_wh=1))
    return case(agent, [first, other.disclose(0), second], [("fork", agent, 3)], pages=2, disclosed=1)


@vector
def disclosure_that_claims_too_much() -> Case:
    """A disclosure whose first record claims to be larger than 131 072 bytes."""
    agent, page = _page()
    claimed = b"\x82" + page.envelope + bytes.fromhex("818400") + encode(bytes(16)) + bytes.fromhex("5a00020000")
    return case(agent, [claimed], ["oversize"])


@vector
def disclosed_record_of_no_known_kind() -> Case:
    """A record that leads to the root and that the format does not know."""
    agent = Agent()
    page = agent.page(agent.boot(), [99, 0])
    return case(agent, [page.disclose(1)], [("record_shape", agent, 1)])
