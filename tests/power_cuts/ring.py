"""The ring on a NOR flash, cut at every byte it programs and in every erase; and again while it goes on."""

from agent import record
from boards.micropython.ring_store import RingStore
from tests.power_cuts.play import Play, content, judge, open_ledger
from tests.shared.nor import Nor, cut_redo, points_of, redo

BLOCKS, BLOCK_BYTES, PAGE_BYTES = 14, 512, 64
CAPACITY_BYTES = 1 << 20  # the flash is the bound
SEGMENT_BYTES = 1000
ROUNDS = 52
NEW_RECORDS = 3


class Recorded:
    """One uncut run: every operation, with what was known before and after the step it belongs to."""

    def __init__(self, rounds=ROUNDS):
        self.nor = Nor(BLOCKS, BLOCK_BYTES, PAGE_BYTES)
        self.nor.log = []
        self.play = Play(open_ledger(open_store(self.nor), SEGMENT_BYTES))
        self.owners = []
        before = self.play.known()
        for _ in self.play.steps(rounds):
            after = self.play.known()
            while len(self.owners) < len(self.nor.log):
                self.owners.append((before, after))
            before = after


def open_store(nor):
    return RingStore(nor, PAGE_BYTES, CAPACITY_BYTES)


def sweep(every=1, offset=0, rounds=ROUNDS):
    """Cut at each `every`th point; return (points, points cut twice). Raises: AssertionError."""
    run = Recorded(rounds)
    image = bytearray(b"\xff" * len(run.nor.image))
    number = points = 0
    for at, entry in enumerate(run.nor.log):
        before, after = run.owners[at]
        for point in range(points_of(entry)):
            number += 1
            if number % every == offset:
                points += 1
                torn = bytearray(image)
                weak = cut_redo(torn, BLOCK_BYTES, entry, point)
                try:
                    _live_on(torn, weak, before, after, run.play.pages, number)
                except BaseException:
                    print("cut", number, "operation", at, "point", point)
                    raise
        redo(image, BLOCK_BYTES, entry)
    return points


def _reopened(image, weak):
    nor = Nor(BLOCKS, BLOCK_BYTES, PAGE_BYTES, image)
    nor.weak = weak
    return nor, open_ledger(open_store(nor), SEGMENT_BYTES)


def _live_on(image, weak, before, after, closed, number):
    """Recover, go on, be cut again somewhere in that, recover and go on again."""
    again = bytearray(image)
    nor, ledger = _reopened(image, weak)
    judge(ledger, before, after, closed)
    found = (ledger.next_seq - 1, ledger.epoch)
    nor.log = []
    gone_seq = _go_on(ledger, 1)
    _, third = _reopened(image, -1)
    later = After(after, found[0] + NEW_RECORDS, found[1] + 1, gone_seq)
    judge(third, before, later, closed, [(1, found[0] + 1, found[0] + NEW_RECORDS)])
    assert third.epoch == found[1] + 1 and third.next_seq == found[0] + NEW_RECORDS + 1
    # The second cut: in one operation of going on, another at each first cut.
    place = number % len(nor.log)
    for entry in nor.log[:place]:
        redo(again, BLOCK_BYTES, entry)
        if entry[2] is None and entry[0] == weak:
            weak = -1
    left = cut_redo(again, BLOCK_BYTES, nor.log[place], number % points_of(nor.log[place]))
    _, fourth = _reopened(again, weak if left < 0 else left)
    judge(fourth, before, later, closed, [(1, found[0] + 1, found[0] + NEW_RECORDS)])
    assert fourth.next_seq > found[0] and fourth.epoch >= found[1]
    seq = fourth.next_seq
    last = After(later, seq - 1 + NEW_RECORDS, fourth.epoch + 1, _go_on(fourth, 2))
    _, fifth = _reopened(again, -1)
    lives = [(1, found[0] + 1, seq - 1), (2, seq, seq - 1 + NEW_RECORDS)]
    judge(fifth, before, last, closed, lives)
    assert fifth.next_seq == seq + NEW_RECORDS


class After:
    """What later lives tried on top of what was tried."""

    def __init__(self, base, records, epoch, gone_seq):
        self.tried = (records, 0, b"", epoch, 0)
        self.gone_seq = max(base.gone_seq, gone_seq)
        self.states = base.states + [b"after"]  # noqa: RUF005 - boards read this file


def _go_on(ledger, life):
    ledger.begin_epoch()
    for _ in range(NEW_RECORDS):
        ledger.add([record.EVENT, 1000 * ledger.next_seq, content(ledger.next_seq, life), record.STARTED])
    ledger.close_page()
    ledger.save_state(b"after")
    ledger.sync()
    return ledger.released_seq
