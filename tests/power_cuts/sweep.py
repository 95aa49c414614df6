"""Cuts one run of the play at every point, and at each cut another time while the agent recovers and goes on.

A medium has `log` (what was done to it, in order), `points_of(entry)`, `redo(entry)`, `cut(entry, point)`, `copy()` and
`store()`, which opens the store on what is there.
"""

from agent import record
from tests.power_cuts.play import Play, content, judge, open_ledger

SEGMENT_BYTES = 1000
NEW_RECORDS = 3


class Recorded:
    """One uncut run: every operation, with what was known before and after the step it belongs to."""

    def __init__(self, medium, rounds):
        self.medium = medium
        self.owners = []
        medium.log = []
        self.play = Play(open_ledger(medium.store(), SEGMENT_BYTES))
        before = self.play.known()
        for _ in self.play.steps(rounds):
            after = self.play.known()
            while len(self.owners) < len(medium.log):
                self.owners.append((before, after))
            before = after
        assert self.play.ledger.lost and self.play.released, "the play must drop and release segments"


def sweep(new, rounds, every=1, offset=0):
    """Cut at each `every`th point of a run on a `new()` medium; return how many. Raises: AssertionError."""
    run = Recorded(new(), rounds)
    medium = new()
    number = points = 0
    for at, entry in enumerate(run.medium.log):
        before, after = run.owners[at]
        for point in range(medium.points_of(entry)):
            number += 1
            if number % every == offset:
                points += 1
                torn = medium.copy()
                torn.cut(entry, point)
                try:
                    _live_on(torn, before, after, run.play.pages, number)
                except BaseException:
                    print("cut", number, "operation", at, "point", point)
                    raise
        medium.redo(entry)
    return points


def state_after(seq):
    """Return what a later life keeps with record `seq`."""
    return b"%d after" % seq


class Later:
    """What later lives tried on top of what was tried."""

    def __init__(self, base, records, epoch, gone_seq):
        self.tried = (records, 0, b"", epoch, 0)
        self.gone_seq = max(base.gone_seq, gone_seq)
        self.states = base.states + [state_after(records)]  # noqa: RUF005 - boards read this file


def _live_on(medium, before, after, closed, number):
    """Recover, go on, be cut again somewhere in that, recover and go on again."""
    again = medium.copy()
    ledger = open_ledger(medium.store(), SEGMENT_BYTES)
    judge(ledger, before, after, closed)
    seq, epoch = ledger.next_seq, ledger.epoch
    later = _go_on(ledger, 1, after)
    lives = [(1, seq, seq + NEW_RECORDS - 1)]
    _stands(medium, before, later, closed, lives)
    # The second cut: in one operation of opening and going on, another at each first cut.
    second = medium.log[number % len(medium.log)]
    for entry in medium.log[: number % len(medium.log)]:
        again.redo(entry)
    again.cut(second, number % again.points_of(second))
    ledger = open_ledger(again.store(), SEGMENT_BYTES)
    judge(ledger, before, later, closed, lives)
    assert ledger.next_seq >= seq and ledger.epoch >= epoch
    between = ledger.next_seq
    last = _go_on(ledger, 2, later)
    _stands(again, before, last, closed, [(1, seq, between - 1), (2, between, between + NEW_RECORDS - 1)])


def _go_on(ledger, life, tried):
    """Begin an epoch, add records, close their page, sync; return what is known then."""
    ledger.begin_epoch()
    for _ in range(NEW_RECORDS):
        ledger.add([record.EVENT, 1000 * ledger.next_seq, content(ledger.next_seq, life), record.STARTED])
    ledger.close_page()
    ledger.save_state(state_after(ledger.next_seq - 1))
    ledger.sync()
    return Later(tried, ledger.next_seq - 1, ledger.epoch, ledger.released_seq)


def _stands(medium, before, tried, closed, lives):
    """What was synced last is all there."""
    log, medium.log = medium.log, []
    ledger = open_ledger(medium.copy().store(), SEGMENT_BYTES)
    judge(ledger, before, tried, closed, lives)
    assert (ledger.next_seq - 1, ledger.epoch, ledger.state_blob) == (tried.tried[0], tried.tried[3], tried.states[-1])
    medium.log = log
