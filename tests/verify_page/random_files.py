"""Files of random pages, mostly right and sometimes bent anywhere: two verifiers must find the same in each.

What is bent is signed all the same, so that it reaches the parts behind the signature. A seed is a file, byte for byte.
"""

from __future__ import annotations

import random
from typing import Any

from tests.vectors import maker
from tests.vectors.maker import Agent, Key, Page, encode, sha256

NUMBERS = (0, 1, 2, 3, 23, 24, 255, 256, 1 << 16, (1 << 32) - 1, 1 << 40, 1 << 53, (1 << 53) + 1, (1 << 64) - 1)
ITEMS: tuple[Any, ...] = (None, True, False, -1, -(1 << 64), "", "grid", "protection rest", b"", bytes(8), bytes(32))
BENDS = (*ITEMS, [], [0], {}, {1: 5}, {12: 7}, *NUMBERS)
HEADER_BENDS = ("epoch", "first_seq", "count", "prev", "base_s", "civil_s", "clock_quality", "clock_error_ms")


class Writer:
    """One agent that does as the dice say."""

    def __init__(self, name: str, dice: random.Random) -> None:
        self.agent, self.dice = Agent(name), dice
        self.calm = dice.random() < 0.5  # says nothing wrong: what is done to its pages is what shows
        self.keys = [self.agent.key, Key(f"{name}, second"), Key(f"{name}, third")]
        self.commands = [sha256(bytes([n])) for n in range(4)]
        self.counter = self.end_s = 0

    def pages(self) -> list[Page]:
        return [self.page() for _ in range(self.dice.randint(1, 6))]

    def page(self) -> Page:
        dice, agent = self.dice, self.agent
        if dice.random() < 0.2:
            agent.reboot(dice.choice((60, 60, 4000, -4000)))
        self.end_s = 0
        records = [agent.boot()] if agent.base_s == 0 and (self.calm or dice.random() < 0.95) else []
        if self.calm:
            return agent.page(*records, *(agent.metered(60 * (n + 1)) for n in range(dice.randint(1, 8))))
        records += [self.record() for _ in range(dice.randint(1, 8))]
        if dice.random() < 0.1:
            place = dice.randrange(len(records))
            records[place] = self.bent(records[place])
        if dice.random() < 0.05:
            agent.seq += dice.choice((1, 4, 1 << 53))
        if dice.random() < 0.1:
            agent.seq -= min(agent.seq, dice.randint(1, 9))  # numbers that were used already
        if dice.random() < 0.05:
            agent.civil_s += dice.choice((-3600, -2, 2, 3600))
        silent = {"civil_s": 0, "clock_quality": 0} if dice.random() < 0.15 else {}
        bent = {dice.choice(HEADER_BENDS): dice.choice(BENDS)} if dice.random() < 0.05 else {}
        key = self.keys[0] if dice.random() < 0.9 else dice.choice(self.keys)
        return agent.page(*records, key=key, **(silent | bent))

    def record(self) -> Any:
        dice = self.dice
        device = 0 if dice.random() < 0.9 else dice.randint(0, 3)
        kinds = (
            lambda: self.reading(device),
            lambda: self.reading(device),
            self.delta,
            self.decision,
            lambda: maker.event(dice.choice(self.commands), dice.choice((2, 3, 6, 7, 16))),
            lambda: maker.write(dice.choice((None, 0, 3700)), device=device),
            lambda: maker.binding(0, "default", device),
            lambda: maker.gap(dice.randint(1, 6), dice.choice((0, 0, 1, 4)), dice.choice((None, None, 0, 1))),
            self.clock,
            lambda: maker.failsafe(dice.choice((None, 0, 1)), 2, entered=dice.random() < 0.5),
            lambda: maker.refused_many(dice.choice(NUMBERS)),
            lambda: maker.delay(device=device),
            lambda: self.enrolment(device),
            self.key_change,
        )  # fmt: skip
        return dice.choice(kinds)()

    def reading(self, device: int) -> Any:
        dice = self.dice
        self.end_s += dice.choice((60, 60, 60, 30))
        self.agent.import_wh += dice.choice((0, 8, 8, 8, -1, 90_000))
        measured = {1: dice.randint(-5000, 5000), 12: self.agent.import_wh, 13: 7}
        return maker.reading(self.end_s, 60, device, dice.choice((0, 0, 0, 1, 2, 3)), measured)

    def delta(self) -> Any:
        dice = self.dice
        differences = [dice.randint(-5, 9) for _ in range(dice.choice((1, 3, 3)))]
        return maker.delta(dice.choice((0, 1, 1, 2)), dice.randint(0, 4), *differences)

    def clock(self) -> Any:
        civil_s = self.agent.civil_s + self.dice.choice((0, 0, 90, -90))
        return maker.clock(self.dice.randint(0, 9) * 1000, civil_s * 1000, self.dice.randint(0, 3))

    def decision(self) -> Any:
        self.counter += self.dice.choice((1, 1, 1, 0, 1 << 53))
        kid = self.dice.choice((bytes(8), bytes(8), None))
        return maker.decision(self.dice.choice(self.commands), kid, self.counter, self.dice.choice((0, 0, 6)))

    def enrolment(self, device: int) -> Any:
        dice = self.dice
        from_s = maker.CIVIL_S + dice.choice((0, 600, 1200))
        until_s = dice.choice((0, 0, from_s + 600, from_s, maker.CIVIL_S + 300))
        return maker.enrolment(device, dice.choice("ab"), dice.choice(("Ω", "A", "🔋", "\ufffd")), from_s, until_s)

    def key_change(self) -> Any:
        key = self.dice.choice(self.keys)
        begins = maker.key_begins(key, self.agent.id if self.dice.random() < 0.9 else bytes(8))
        return begins if self.dice.random() < 0.6 else maker.key_ends(key)

    def bent(self, record: Any) -> Any:
        """Return the record with a field replaced, added or taken away, or a byte of it changed."""
        dice, place = self.dice, self.dice.randrange(len(record))
        changed = dice.choice(
            (
                [*record[:place], dice.choice(BENDS), *record[place + 1 :]],
                [*record[:place], dice.choice(BENDS), *record[place:]],
                record[:place],
            )
        )
        return changed if dice.random() < 0.7 else damaged(encode(record), dice)


def damaged(raw: bytes, dice: random.Random) -> bytes:
    """Return the bytes with one of them changed, or some taken away, or put in."""
    if not raw:
        return raw
    place = dice.randrange(len(raw))
    how = dice.randrange(4)
    if how == 0:
        return raw[:place] + bytes([raw[place] ^ 1 << dice.randrange(8)]) + raw[place + 1 :]
    if how == 1:
        return raw[:place] + raw[place + dice.choice((1, 2, 9, 100)) :]
    if how == 2:
        return raw[:place] + dice.randbytes(dice.choice((1, 3, 40))) + raw[place:]
    return raw[:place]


def random_file(seed: int) -> dict[str, Any]:
    """Return a file with what a verifier needs to judge it."""
    dice = random.Random(seed)
    writers = [Writer(name, dice) for name in ("house", "shop")[: dice.choice((1, 1, 2))]]
    pages = [page for writer in writers for page in writer.pages()]
    shown = [page.raw() if dice.random() < 0.85 else disclosure(page, dice) for page in pages]
    for _ in range(dice.choice((0, 0, 1, 2))):
        place = dice.randrange(len(shown))
        change = dice.randrange(4)
        if change == 0:
            shown.insert(dice.randrange(len(shown) + 1), shown[place])
        elif change == 1 and len(shown) > 1:
            shown.pop(place)
        elif change == 2:
            shown[place] = shown[place][: -dice.choice((1, 2, 5, 40))]
        else:
            dice.shuffle(shown)
    raw = b"".join(shown)
    if dice.random() < 0.3:
        raw = damaged(raw, dice)
    keys = [key.hex() for writer in writers for key in writer.agent.keys]
    revoked = {writers[0].agent.id.hex(): dice.randint(0, 30)} if dice.random() < 0.05 else {}
    trusted = {"keys": keys, "last_pages": [], "revoked": revoked, "after": [], "begun": []}
    return {"name": str(seed), "raw": raw, **trusted}


def disclosure(page: Page, dice: random.Random) -> bytes:
    """Show some records of a page, sometimes not as they are."""
    places = sorted(dice.sample(range(len(page.records)), dice.randint(1, len(page.records))))
    entries = [page.shown(place) for place in places]
    if dice.random() < 0.2:
        entry = dice.choice(entries)
        entry[dice.randrange(4)] = dice.choice(BENDS)
    return page.disclosure(entries)
