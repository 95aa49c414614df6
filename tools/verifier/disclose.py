"""`siteward disclose FILE`: show chosen records of signed pages so that a stranger can prove them without the rest.

Needs no key: what is cut out is as good as the page was, which `siteward verify` judges. The file is read twice, once
to choose and once to write. A delta comes with its base, and everything with its epoch's boot record, which names
the devices and what software ran.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools import wire
from tools.errors import UsageError
from tools.strict import NotStrict
from tools.verifier import records as r
from tools.verifier.choice import Command, Device, Numbers, Picks
from tools.verifier.merkle import leaves_of, path_of, root_of, salt_of
from tools.verifier.page import PAGE_HEAD, Header, Opened, header_as_told, open_page
from tools.verifier.pagefile import pieces

NUMBERS_MAX = 1 << 62
ROW_BYTES = 64  # of one disclosed record beside record and path, rounded up
HASH_BYTES = 34  # of one hash in a path


def run(arguments: argparse.Namespace) -> int:
    """Write the disclosures. Raises: UsageError."""
    picks = choose(arguments.file, _choice(arguments), arguments.agent)
    if not any(picks.values()):
        raise UsageError(f"{arguments.file} holds no such record")
    if arguments.out is None and sys.stdout.isatty():
        raise UsageError("a disclosure is no text: name a file with -o")
    if arguments.out is not None and arguments.out.exists() and arguments.out.samefile(arguments.file):
        raise UsageError(f"{arguments.out} is the page file itself")
    if arguments.out is None:
        pages, records = _write(sys.stdout.buffer, disclosures(arguments.file, picks))
    else:
        pages, records = _write_file(arguments.out, disclosures(arguments.file, picks))
    print(f"disclosed {records} records of {pages} pages", file=sys.stderr)
    return 0


def _write(target: BinaryIO, made: Iterator[tuple[bytes, int]]) -> tuple[int, int]:
    pages = records = 0
    for raw, count in made:
        target.write(raw)
        pages, records = pages + 1, records + count
    return pages, records


def _write_file(path: Path, made: Iterator[tuple[bytes, int]]) -> tuple[int, int]:
    """Write all or nothing."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as target:
            written = _write(target, made)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return written


def choose(file: Path, choice: Numbers | Device | Command, agent: str | None = None) -> Picks:
    """Return what is chosen, by agent, with the boot records of its epochs. Raises: UsageError."""
    boots: dict[tuple[str, int], int] = {}
    epochs: dict[tuple[str, int], list[list[int]]] = defaultdict(list)  # first and last of each run of numbers
    for header, opened, _ in _pages(file):
        if agent is not None and header.agent != agent:
            continue
        records = list(_readable(header, opened))
        choice.take(header, records)
        epoch = (header.agent, header.epoch)
        for record in records:
            if record.kind == "boot":
                boots[epoch] = record.seq
        if epochs[epoch] and epochs[epoch][-1][1] + 1 == header.first_seq:
            epochs[epoch][-1][1] = header.last_seq
        else:
            epochs[epoch].append([header.first_seq, header.last_seq])
    choice.end()
    picks: Picks = defaultdict(set)
    for whose, numbers in choice.picks.items():
        picks[whose] |= numbers
    for epoch, runs in epochs.items():
        chosen = any(first <= seq <= last for seq in picks[epoch[0]] for first, last in runs)
        if chosen and epoch in boots:
            picks[epoch[0]].add(boots[epoch])
    return picks


def disclosures(file: Path, picks: Picks) -> Iterator[tuple[bytes, int]]:
    """Yield each disclosure with its number of records. Raises: UsageError."""
    for header, opened, raw in _pages(file):
        chosen = {seq - header.first_seq for seq in picks[header.agent] if header.first_seq <= seq <= header.last_seq}
        if chosen:
            yield from cut(header, opened, raw, chosen)


def cut(header: Header, opened: Opened, raw: bytes, chosen: set[int]) -> Iterator[tuple[bytes, int]]:
    """Yield disclosures of these places of a page, as many as their size asks for. Raises: UsageError."""
    leaves = leaves_of(opened.salt, opened.records)
    if len(leaves) != header.count or root_of(leaves) != header.root:
        raise UsageError(
            f"the page at record {header.first_seq} does not hold what was signed: nothing of it is proven"
        )
    envelope = raw[1 : wire.envelope_at(raw, 1)[1]]
    here: set[int] = set()
    size_bytes = 0
    for place in sorted(chosen):
        needed = {place, *_base(opened.records[place])} - here
        more_bytes = sum(len(opened.records[one]) + ROW_BYTES for one in needed)
        more_bytes += len(needed) * HASH_BYTES * len(leaves).bit_length()
        if here and size_bytes + more_bytes > wire.PAGE_BYTES_MAX:
            yield _disclosure(envelope, opened, leaves, here), len(here)
            here, size_bytes = set(), 0
            needed = {place, *_base(opened.records[place])}
        here |= needed
        size_bytes += more_bytes
    yield _disclosure(envelope, opened, leaves, here), len(here)


def _disclosure(envelope: bytes, opened: Opened, leaves: list[bytes], places: set[int]) -> bytes:
    rows = [
        [place, salt_of(opened.salt, place), opened.records[place], path_of(leaves, place)] for place in sorted(places)
    ]
    return b"\x82" + envelope + wire.dumps(rows)


def _base(record: bytes) -> list[int]:
    try:
        base = r.base_of(record)
    except NotStrict:
        return []
    return [] if base is None else [base]


def _pages(file: Path) -> Iterator[tuple[Header, Opened, bytes]]:
    try:
        with file.open("rb") as opened_file:
            yield from _pages_of(opened_file)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _pages_of(file: BinaryIO) -> Iterator[tuple[Header, Opened, bytes]]:
    """Yield the pages; what is damaged, or a disclosure itself, is passed over."""
    for _, piece in pieces(file):
        if isinstance(piece, NotStrict) or piece[0] != PAGE_HEAD:
            continue
        try:
            opened = open_page(piece)
            yield header_as_told(opened.envelope), opened, piece
        except NotStrict:
            continue


def _readable(header: Header, opened: Opened) -> Iterator[r.Record]:
    bases: dict[int, r.Record] = {}
    for place, raw in enumerate(opened.records):
        try:
            record = r.read_record(raw, header.first_seq + place, bases)
        except NotStrict:
            continue
        if record.kind == "reading" and record.base is None:
            bases[place] = record
        yield record


def _choice(arguments: argparse.Namespace) -> Numbers | Device | Command:
    if arguments.records is not None:
        return Numbers([_range(part) for part in arguments.records.split(",")])
    if arguments.device is not None:
        return Device(arguments.device)
    try:
        command = bytes.fromhex(arguments.command)
    except ValueError:
        command = b""
    if len(command) != 32:
        raise UsageError(f"{arguments.command[:80]} is no hash of a command: expected 64 hex digits")
    return Command(command)


def _range(part: str) -> tuple[int, int]:
    first, _, last = part.partition("-")
    try:
        found = int(first), int(last or first)
    except ValueError:
        found = 1, 0
    if not 0 <= found[0] <= found[1] < NUMBERS_MAX:
        raise UsageError(f"{part[:80]!r} is no record number or range: expected as in 12,15-18")
    return found
