"""Say what a verification found: JSON for programs, lines for people."""

from __future__ import annotations

import shutil
from typing import Any

from tools.console import BOLD, DIM, GREEN, RED, coloured, printable, table
from tools.verifier import shown
from tools.verifier.faults import FAULTS
from tools.verifier.found import AgentReport, Report
from tools.verifier.picture import draw
from tools.verifier.shown import when
from tools.verifier.verifier import FAULTS_LISTED_MAX

FAULT_LINES_MAX = 40  # of one name; the rest is counted
NOTE_LINES_MAX = 40


def as_json(report: Report, files: int) -> dict[str, Any]:
    """Return the report as plain JSON types."""
    return {
        "ok": report.ok,
        "files": files,
        "end_known": report.end_known,
        "agents": [_agent_json(agent) for agent in report.agents],
        "disclosed": shown.as_json(report.disclosed),
        "disclosed_records": report.disclosed_records,
        "fault_counts": dict(sorted(report.counts.items())),
        "faults": [fault.as_json() for fault in report.faults],
        "faults_listed_max": FAULTS_LISTED_MAX,
    }


def as_text(report: Report, files: int) -> str:
    """Return the report for a person."""
    blocks = [_agent_text(agent) for agent in report.agents] + shown.as_text(report.disclosed)
    blocks += [_faults_text(report, name) for name in FAULTS if name in report.counts]
    pages = sum(agent.pages for agent in report.agents)
    records = sum(agent.records for agent in report.agents)
    judged = f"{_many(records, 'record')} in {_many(pages, 'page')} from {_many(files, 'file')}"
    if report.disclosed_records:
        disclosed = f"{_many(report.disclosed_records, 'disclosed record')} of {_many(report.disclosures, 'page')}"
        judged = f"{judged}; {disclosed}" if pages else f"{disclosed} from {_many(files, 'file')}"
    if report.ok:
        proven = "signed, linked and in order" if pages else "each proven against its page's signature"
        blocks.append(coloured("GOOD", GREEN) + f"  {judged}: {proven}")
        if report.disclosed_records:
            blocks.append(
                coloured("What was not disclosed is not known: nothing says that it is little or harmless", DIM)
            )
        if pages and not report.end_known:
            blocks.append(coloured("Pages cut off at the end show only against a known one: --last-page HASH", DIM))
    else:
        faults = _many(sum(report.counts.values()), "fault")
        blocks.append(coloured("FAULTY", RED) + f"  {faults} in {judged}")
    return "\n\n".join(blocks)


def _agent_json(agent: AgentReport) -> dict[str, Any]:
    chain = agent.chain
    return {
        "agent": chain.agent,
        "pages": agent.pages,
        "duplicates": agent.duplicates,
        "records": agent.records,
        "size_bytes": agent.size_bytes,
        "first_seq": agent.first_seq,
        "last_seq": None if chain.next_seq is None else chain.next_seq - 1,
        "last_page": chain.last_hash.hex(),
        "lost_declared": chain.lost_declared,
        "lost": {str(cause): lost for cause, lost in sorted(chain.lost.items())},
        "keys": {
            kid: {"behind_record": begun, "up_to_record": chain.keys.ended.get(kid)}
            for kid, begun in chain.keys.begun.items()
        },
        "enrolments": [
            {
                "device": one.device,
                "asset": one.asset,
                "programme": one.programme,
                "from_s": one.from_s,
                "until_s": one.until_s or None,
                "ended_s": one.ended_s,
            }
            for one in chain.history.enrolments.stated
        ],
        "coverage": agent.coverage.as_json(),
        "served": agent.served.as_json(),
        "clock_corrections": chain.clocks.corrections,
        "first_civil_s": agent.first_civil_s or None,
        "last_civil_s": agent.last_civil_s or None,
        "epochs": {str(epoch): pages for epoch, pages in sorted(agent.epochs.items())},
        "kinds": dict(sorted(chain.history.kinds.items())),
        "notes": dict(sorted(chain.history.notes.items())),
        "energy": [
            {"device": device, "model": meter.model, "register": name, "first_wh": meter.first[name], "last_wh": last}
            for device, meter in chain.history.meters.items()
            for name, last in meter.registers.items()
        ],
    }


def _agent_text(agent: AgentReport) -> str:
    found = _agent_json(agent)
    lines = [
        coloured(f"agent {found['agent']}", BOLD),
        f"  records  {found['first_seq']}..{found['last_seq']}",
        f"  pages    {agent.pages} from {_many(len(agent.epochs), 'boot epoch')}, {found['size_bytes']} bytes",
        f"  civil    {when(agent.first_civil_s)} to {when(agent.last_civil_s)} (begin of first and last page)",
        f"  last     page {found['last_page']}",
        "  kinds    " + ", ".join(f"{count} {kind}" for kind, count in found["kinds"].items()),
    ]
    for name, count in (
        ("page that came twice", agent.duplicates),
        ("key beside the first", len(agent.chain.keys.begun) - 1),
        ("record that the agent itself declares lost", agent.chain.lost_declared),
        ("correction of the clock", agent.chain.clocks.corrections),
    ):
        if count:
            lines.append(coloured(f"  note     {count} x {name}", DIM))
    told = list(found["notes"].items())
    lines += [f"  device   {count} x {note}" for note, count in told[:NOTE_LINES_MAX]]
    if len(told) > NOTE_LINES_MAX:
        lines.append(f"  device   and {len(told) - NOTE_LINES_MAX} more, see --json")
    rows = [[row["device"], row["model"], row["register"], row["first_wh"], row["last_wh"]] for row in found["energy"]]
    if rows:
        lines.append(_indent(table(["device", "model", "register", "first_wh", "last_wh"], rows)))
    lines += _served_lines(found["served"])
    picture = draw(agent.coverage, shutil.get_terminal_size().columns - 2)
    if picture:
        lines += ["", *(f"  {line}" for line in picture)]
    return "\n".join(lines)


def _served_lines(served: list[dict[str, Any]]) -> list[str]:
    """Return whose programme each device served, where there was any, and each window with its times."""
    told = [row for row in served if row["window"] is not None or row["by"].startswith("claim ")]
    found = [row["window"] for row in told if row["window"] is not None]
    windows = {(window["command"], window["from_s"], window["place"]): window for window in found}
    lines = [
        f"  reserved {printable(window['for'])}: {printable(window['place']) or 'the connection'}, "
        f"{when(window['from_s'] or 0)} to {when(window['until_s'] or 0)}, command {window['command'][:16]}"
        for window in windows.values()
    ]
    rows = [
        [
            "-" if row["window"] is None else row["window"]["command"][:16],
            *(printable(row[name]) for name in ("device", "by")),
            *(row[name] for name in ("span_s", "import_wh", "export_wh")),
        ]
        for row in told
    ]
    names = ["window", "device", "decided by", "seconds", "drawn_wh", "fed_in_wh"]
    return [*lines, _indent(table(names, rows))] if rows else []


def _faults_text(report: Report, name: str) -> str:
    listed = [fault for fault in report.faults if fault.name == name][:FAULT_LINES_MAX]
    lines = [coloured(name, RED) + f": {FAULTS[name]}", *(f"  {printable(fault.line())}" for fault in listed)]
    unlisted = report.counts[name] - len(listed)
    return "\n".join([*lines, f"  and {unlisted} more"] if unlisted else lines)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _indent(block: str) -> str:
    return "\n".join(f"  {line}" for line in block.splitlines())
