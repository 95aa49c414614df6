"""Disclosed records in a report: what each page's signature proves of them, in the order in which they happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tools.console import BOLD, coloured, printable
from tools.verifier.disclosure import Disclosed
from tools.verifier.records import Record
from tools.verifier.words import told

LINES_MAX = 400  # of one agent


def as_json(disclosed: Sequence[Disclosed]) -> list[dict[str, Any]]:
    """Return what was disclosed as plain JSON types, one row a page."""
    return [
        {
            "agent": one.header.agent,
            "page": one.header.hash.hex(),
            "signed_by": one.header.kid,
            "epoch": one.header.epoch,
            "first_seq": one.header.first_seq,
            "count": one.header.count,
            "clock_quality": one.header.clock_quality,
            "clock_error_ms": one.header.clock_error_ms,
            "records": [
                {**record.as_json(), "civil_ms": _civil_ms(one, record), "index": record.seq - one.header.first_seq}
                for record in one.records
            ],
        }
        for one in disclosed
    ]


def as_text(disclosed: Sequence[Disclosed]) -> list[str]:
    """Return one block of lines for each agent."""
    by_agent: dict[str, list[Disclosed]] = defaultdict(list)
    for one in disclosed:
        by_agent[one.header.agent].append(one)
    return ["\n".join(_story(agent, ones)) for agent, ones in by_agent.items()]


def _story(agent: str, disclosed: list[Disclosed]) -> list[str]:
    devices = {
        one.header.epoch: record.fields["devices"]
        for one in disclosed
        for record in one.records
        if record.kind == "boot"
    }
    rows = {record.seq: (one, record) for one in disclosed for record in one.records}
    lines = [coloured(f"disclosed records of agent {agent}", BOLD)]
    for seq, (one, record) in sorted(rows.items())[:LINES_MAX]:
        sentence = printable(told(record, devices.get(one.header.epoch)))
        lines.append(f"  {seq:>7}  {_moment(one, record)}  {sentence}")
    if len(rows) > LINES_MAX:
        lines.append(f"  and {len(rows) - LINES_MAX} more, see --json")
    return lines


def _civil_ms(one: Disclosed, record: Record) -> int | None:
    return one.header.civil_s * 1000 + record.end_ms if one.header.civil_s else None


def _moment(one: Disclosed, record: Record) -> str:
    civil_ms = _civil_ms(one, record)
    if civil_ms is None:
        return f"epoch {one.header.epoch}, second {one.header.base_s + record.end_ms // 1000}"
    return when(civil_ms // 1000)


def when(civil_s: int) -> str:
    """Return a Unix second for a person; 0 is unknown."""
    if not civil_s:
        return "unknown"
    try:
        return datetime.fromtimestamp(civil_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{civil_s} s"
