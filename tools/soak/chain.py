"""No acknowledged record is lost: what the head-end stored is one unbroken chain, and its earlier ends are in it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from tools.headend import HeadEnd
from tools.headend.sessions import read_session
from tools.soak.checks import Check
from tools.soak.traffic import Told
from tools.verifier import Keys, Verifier

NO_PAGE = bytes(32)
HARMLESS = {"old_session"}  # a broker may deliver a session late; nothing else may ever be refused


class Heads:
    """The end of each chain as the head-end had it at some moment: it must still be there at the end."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def look(self, head_end: HeadEnd) -> None:
        """Remember where the chains end now."""
        for agent in head_end.status()["agents"]:
            if agent["whole_to"] is not None:
                self.seen.add(bytes.fromhex(agent["last_page"]))


def judge(head_end: HeadEnd, public_keys: dict[str, bytes], heads: Heads) -> list[Check]:
    """Verify all pages of all agents, and see that nothing was refused."""
    status = head_end.status()["agents"]
    verifier = Verifier(list(public_keys.values()), tails=heads.seen)
    for agent in status:
        for raw in head_end.pages(agent["agent"]):
            verifier.add(raw, agent["name"])
    report = verifier.report()
    faults = [fault.line() for fault in report.faults]
    found = ", ".join(
        f"{agent['name']} {agent['records']} records in {agent['pages']} pages of {agent['epoch']} epochs"
        for agent in status
    )
    refused = Counter(
        {name: count for agent in status for name, count in agent["refusals"].items() if name not in HARMLESS}
    )
    kept = [f"{agent['name']}: {fault['name']} {fault['detail']}" for agent in status for fault in agent["faults"]]
    return [
        Check("acknowledged records: one unbroken verified chain", report.ok, "; ".join(faults[:5]) or found),
        Check(
            "the head-end found nothing wrong",
            not kept and not refused,
            "; ".join(kept[:5]) or str(dict(refused) or "no page refused"),
        ),
    ]


def claimed_pages(database: Path, public_keys: dict[str, bytes]) -> dict[str, tuple[int, set[bytes]]]:
    """Return agent -> (highest next number, last pages) that its own signed sessions claimed."""
    by_agent: dict[str, tuple[int, set[bytes]]] = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as kept:
        for agent, raw in kept.execute("SELECT agent, raw FROM sessions"):
            session = read_session(raw, Keys([public_keys[agent]]), 0)
            highest, pages = by_agent.get(agent, (1, set()))
            pages |= {session.last_page} - {NO_PAGE}
            by_agent[agent] = (max(highest, session.next_seq), pages)
    kept.close()
    return by_agent


def judge_answers(head_end: HeadEnd, told: Told) -> list[Check]:
    """See that every answer still stands where it was first seen, and that nothing bad was accepted."""
    moved = [
        answer.command[:16]
        for answer in told.answers.values()
        if (answer.command, answer.seq, answer.reason) not in head_end.store.decisions([answer.command])
    ]
    accepted = [
        command[:16] for command in told.bad if any(reason == 0 for _, _, reason in head_end.store.decisions([command]))
    ]
    refused = sum(bool(head_end.store.decisions([command])) for command in told.bad)
    return [
        Check(
            "answers stay answered",
            not moved,
            f"{len(told.answers)} answers to {told.sent} messages, {len(moved)} changed",
        ),
        Check(
            "nothing forged was obeyed",
            not accepted,
            f"{len(told.bad)} bad commands, {refused} refused in writing, {len(accepted)} accepted",
        ),
    ]
