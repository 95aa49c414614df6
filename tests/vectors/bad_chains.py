"""Vectors whose pages are each good and do not make one chain, or not one time."""

from __future__ import annotations

from tests.vectors.case import Case, case, vector
from tests.vectors.maker import NO_PAGE, Agent, clock, gap, reading, sha256


@vector
def first_page_removed() -> Case:
    """The file begins with the agent's second page."""
    agent = Agent()
    return case(agent, agent.pages(3)[1:], [("missing_start", agent, 3)])


@vector
def middle_page_removed() -> Case:
    """Of three pages the middle one is not there."""
    agent = Agent()
    first, _, third = agent.pages(3)
    return case(agent, [first, third], [("missing_pages", agent, 3)])


@vector
def two_holes() -> Case:
    """Two pages are removed, apart from each other."""
    agent = Agent()
    pages = agent.pages(5)
    return case(agent, pages[::2], [("missing_pages", agent, 3), ("missing_pages", agent, 7)])


@vector
def last_page_removed() -> Case:
    """The end is cut off: only a page hash that is known otherwise shows it."""
    agent = Agent()
    pages = agent.pages(3)
    return case(agent, pages[:-1], ["missing_tail"], tails=[pages[-1].hash])


@vector
def loss_declared_too_small() -> Case:
    """Four records are missing and the agent declares three lost."""
    agent = Agent()
    pages = agent.pages(1)
    agent.seq += 4
    pages.append(agent.page(gap(2, lost=3), agent.metered(60), prev=sha256(b"dropped")))
    return case(agent, pages, [("missing_pages", agent, 3)])


@vector
def loss_declared_too_small_by_one_beyond_a_double() -> Case:
    """Of 2^53 + 1 missing records 2^53 are declared lost: a double would not see the difference."""
    agent, lost = Agent(), (1 << 53) + 1
    pages = agent.pages(1)
    agent.seq += lost
    pages.append(agent.page(gap(2, lost=lost - 1), agent.metered(60), prev=sha256(b"dropped")))
    return case(agent, pages, [("missing_pages", agent, 3)])


@vector
def hole_with_many_pages_behind_it() -> Case:
    """The second of eighty pages is missing: more come behind the hole than a verifier lets wait."""
    agent = Agent()
    pages = agent.pages(80)
    return case(agent, [pages[0], *pages[2:]], [("missing_pages", agent, 3)], pages=79)


@vector
def loss_declared_under_another_cause() -> Case:
    """Records are missing and the number stands in a gap record that is about something else."""
    agent = Agent()
    pages = agent.pages(1)
    agent.seq += 4
    pages.append(agent.page(gap(3, lost=4, device=0), agent.metered(60), prev=sha256(b"dropped")))
    return case(agent, pages, [("missing_pages", agent, 3), ("record_shape", agent, 7)])


@vector
def page_twice() -> Case:
    """The very same page once more, at once and later."""
    agent = Agent()
    first, second, third = agent.pages(3)
    faults = [("duplicated", agent, 3), ("duplicated", agent, 0)]
    return case(agent, [first, second, second, third, first], faults, pages=3, records=7)


@vector
def pages_reordered() -> Case:
    """The second and the third page stand in each other's place."""
    agent = Agent()
    first, second, third = agent.pages(3)
    return case(agent, [first, third, second], [("reordered", agent, 3)])


@vector
def pages_backwards() -> Case:
    """Three pages, the last one first."""
    agent = Agent()
    return case(agent, agent.pages(3)[::-1], [("reordered", agent, 0)])


@vector
def fork_of_one_page() -> Case:
    """Two different pages with the same record numbers."""
    agent, twin = Agent(), Agent()
    pages = agent.pages(2)
    twin.page()
    return case(agent, [*pages, twin.page(twin.metered(60), twin.metered(180))], [("fork", agent, 3)])


@vector
def fork_that_goes_on() -> Case:
    """Two histories of one key, both shown: the one that came first is followed."""
    agent, twin = Agent(), Agent()
    pages = agent.pages(3)
    twin.page()
    twins = [twin.page(twin.metered(60, rise_wh=1), twin.metered(120, rise_wh=1)), twin.page()]
    return case(agent, [*pages, *twins], [("fork", agent, 3), ("fork", agent, 5)])


@vector
def fork_that_overlaps_partly() -> Case:
    """A second page that begins inside the first one's records."""
    agent = Agent()
    pages = agent.pages(1)
    agent.seq = 2
    return case(agent, [*pages, agent.page(agent.metered(60))], [("fork", agent, 2)])


@vector
def link_broken() -> Case:
    """The numbers go on and the page before is another one than this page names."""
    agent = Agent()
    pages = agent.pages(2)
    return case(agent, [*pages, agent.page(prev=sha256(b"another page"))], [("broken_link", agent, 5)])


@vector
def link_to_itself_forgotten() -> Case:
    """The second page names no page before it although its numbers go on."""
    agent = Agent()
    pages = agent.pages(1)
    return case(agent, [*pages, agent.page(prev=NO_PAGE)], [("broken_link", agent, 3)])


@vector
def numbers_skipped() -> Case:
    """The right page before, and records left out between them."""
    agent = Agent()
    pages = agent.pages(1)
    return case(agent, [*pages, agent.page(first_seq=4)], [("missing_pages", agent, 3)])


@vector
def numbers_too_low() -> Case:
    """The right page before, and a number that was used already."""
    agent = Agent()
    pages = agent.pages(1)
    return case(agent, [*pages, agent.page(first_seq=2)], [("fork", agent, 2)])


@vector
def chain_restarted() -> Case:
    """An agent that lost its memory begins a new chain, with higher numbers and no page before."""
    agent = Agent()
    pages = agent.pages(1)
    agent.reboot()
    agent.seq, agent.prev = 100, NO_PAGE
    return case(agent, [*pages, agent.page()], [("chain_restarted", agent, 100)])


@vector
def epoch_fell() -> Case:
    """The third page is of an earlier boot than the second."""
    agent = Agent()
    pages = agent.pages(1)
    agent.reboot()
    pages += agent.pages(1)
    return case(agent, [*pages, agent.page(agent.boot(), agent.metered(960), epoch=1)], [("epoch_fell", agent, 6)])


@vector
def second_boot_in_an_epoch() -> Case:
    """Two boot records and one epoch."""
    agent = Agent()
    pages = agent.pages(1)
    return case(agent, [*pages, agent.page(agent.boot(), agent.metered(60))], [("boot_repeated", agent, 3)])


@vector
def second_boot_in_a_page() -> Case:
    """Two boot records in one page."""
    agent = Agent()
    return case(agent, [agent.page(agent.boot(), agent.boot())], [("boot_repeated", agent, 1)])


@vector
def boot_record_missing() -> Case:
    """An epoch whose readings name devices that no boot record lists."""
    agent = Agent()
    return case(agent, [agent.page(agent.metered(60))], [("boot_not_first", agent, 0)])


@vector
def boot_record_missing_after_a_reboot() -> Case:
    """The list of the epoch before does not hold any more."""
    agent = Agent()
    pages = agent.pages(1)
    agent.reboot()
    return case(agent, [*pages, agent.page(agent.metered(60))], [("boot_not_first", agent, 3)])


@vector
def boot_record_too_late() -> Case:
    """A boot record that is not the first of its epoch."""
    agent = Agent()
    return case(agent, [agent.page(agent.metered(60), agent.boot())], [("boot_not_first", agent, 0)])


@vector
def monotonic_time_fell() -> Case:
    """The agent's own seconds go back within one epoch."""
    agent = Agent()
    pages = agent.pages(2)
    agent.base_s = 300
    page = agent.page(agent.metered(880), civil_s=agent.civil_s - 1500)
    return case(agent, [*pages, page], [("monotonic_fell", agent, 5)])


@vector
def clock_rolled_back() -> Case:
    """The civil time of the next page is an hour earlier than it has to be."""
    agent = Agent()
    pages = agent.pages(2)
    agent.civil_s -= 3600
    return case(agent, [*pages, agent.page()], [("clock_rollback", agent, 5)])


@vector
def clock_rolled_back_over_a_boot() -> Case:
    """After a boot the civil time is before that of the last page."""
    agent = Agent()
    pages = agent.pages(2)
    agent.reboot(off_s=-3600)
    return case(agent, [*pages, agent.page()], [("clock_rollback", agent, 5)])


@vector
def clock_rolled_back_by_a_record() -> Case:
    """A clock record sets a synchronised clock back by an hour: no better clock says so."""
    agent = Agent()
    pages = agent.pages(1)
    agent.civil_s -= 3600
    page = agent.page(clock(0, agent.civil_s * 1000), agent.metered(60))
    return case(agent, [*pages, page], [("clock_rollback", agent, 3)])


@vector
def clock_jumped() -> Case:
    """The civil time jumps forward by an hour and no clock record says so."""
    agent = Agent()
    pages = agent.pages(2)
    agent.civil_s += 3600
    return case(agent, [*pages, agent.page()], [("clock_step", agent, 5)])


@vector
def civil_time_without_quality() -> Case:
    """A civil time whose quality is unknown."""
    agent = Agent()
    return case(agent, [agent.page(clock_quality=0)], [("clock_absurd", agent, 0)])


@vector
def quality_without_civil_time() -> Case:
    """A synchronised clock that knows no time."""
    agent = Agent()
    return case(agent, [agent.page(civil_s=0)], [("clock_absurd", agent, 0)])


@vector
def civil_time_beyond_reason() -> Case:
    """A civil time in 34 000 years, where sums no longer fit 64 bits."""
    agent = Agent()
    return case(agent, [agent.page(civil_s=1 << 41)], [("header_shape", agent)])


@vector
def reading_from_before_the_boot() -> Case:
    """A reading that began before its epoch."""
    agent = Agent()
    page = agent.page(agent.boot(), reading(60, span_s=900, measured={12: 5}))
    return case(agent, [page], [("clock_absurd", agent, 1)])
