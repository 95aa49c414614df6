"""What the demonstration claims, each claim measured: on the simulator's true power and in verified pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.demo.evidence import Evidence
from tools.demo.story import BATTERY_W, FORGED_W, IMPORT_LIMIT, LIMIT_W, REASONS, Command, Told
from tools.demo.watch import Watch
from tools.verifier import Verifier

TOLERANCE_W = 42  # 1 %: what two meters may differ by
OVERSHOOT_S_MAX = 3.0  # two ticks of 1 s and the looking interval
REACTION_S_MAX = 8.0  # two ticks, and 5 s that a car may take to follow (IEC 61851-1)


@dataclass(frozen=True)
class Check:
    """One claim and whether it held."""

    name: str
    held: bool
    found: str


def judge(told: Told, watch: Watch, evidence: Evidence, exit_code: int | None) -> list[Check]:
    """Return every check."""
    return [
        *_answers(told),
        Check(f"site drew more than {LIMIT_W} W before", told.before_w > LIMIT_W, f"{told.before_w:.0f} W"),
        _limit(told, watch),
        _battery(told, watch),
        _pause(told, watch),
        _nothing_refused_was_written(told, evidence),
        _pages(evidence),
        Check("gateway agent stood down in order", exit_code == 0, f"exit code {exit_code}"),
    ]


def _answers(told: Told) -> list[Check]:
    checks = []
    for each in told.commands:
        wanted, found = (
            REASONS[each.expected],
            REASONS.get(each.reason if each.reason is not None else -1, f"{each.reason}"),
        )
        checks.append(Check(f"{each.name} is {wanted}", each.reason == each.expected, found))
    return checks


def _limit(told: Told, watch: Watch) -> Check:
    from_s, to_s = told.limit_s[0] + REACTION_S_MAX, told.limit_s[1]
    worst_s, worst_w, over_since = 0.0, 0.0, None
    for sample in watch.samples:
        if not from_s <= sample.at_s <= to_s:
            continue
        worst_w = max(worst_w, sample.grid_w)
        if sample.grid_w <= LIMIT_W + TOLERANCE_W:
            over_since = None
        else:
            over_since = sample.at_s if over_since is None else over_since
            worst_s = max(worst_s, sample.at_s - over_since)
    found = f"peak {worst_w:.0f} W, longest excess {worst_s:.1f} s"
    return Check(f"site import stays within {LIMIT_W} W", worst_w > 0 and worst_s <= OVERSHOOT_S_MAX, found)


def _battery(told: Told, watch: Watch) -> Check:
    ended_s = told.battery_s[1]
    mean_w = watch.mean_w("inverter", ended_s - 2, ended_s)
    held = mean_w is not None and abs(mean_w - BATTERY_W) <= -BATTERY_W * 0.1
    return Check(
        f"battery delivers {-BATTERY_W} W within 10 %", held, "not seen" if mean_w is None else f"{mean_w:.0f} W"
    )


def _pause(told: Told, watch: Watch) -> Check:
    mean_w = watch.mean_w("charger", told.pause_s[1] - 2, told.pause_s[1])
    return Check(
        "charger pauses", mean_w is not None and mean_w < 50, "not seen" if mean_w is None else f"{mean_w:.0f} W"
    )


def _nothing_refused_was_written(told: Told, evidence: Evidence) -> Check:
    """Look for the set-point of the forged and the expired command among all that was ever written or granted."""
    gateway = next(each.agent for each in told.commands if each.name == "forged")
    moved = [r for r in evidence.records[gateway] if FORGED_W in (r.get("set_point"), r.get("granted"))]
    return Check("nothing that was refused was granted or written", not moved, f"{len(moved)} records of {FORGED_W} W")


def _pages(evidence: Evidence) -> Check:
    """Verify all pages; the gateway's must reach to the end of its own journal, the board was unplugged."""
    verifier = Verifier(evidence.keys.values(), tails=[evidence.last_page])
    for name, raws in evidence.pages.items():
        for number, raw in enumerate(raws):
            verifier.add(raw, f"{name} page {number + 1}")
    faults = [fault.name for fault in verifier.report().faults]
    found = f"{sum(len(raws) for raws in evidence.pages.values())} pages"
    found += f", faults: {', '.join(faults)}" if faults else ""
    both = all(evidence.pages.values())
    return Check("every page of both agents verifies, to the end of the gateway's journal", both and not faults, found)


def rows(told: Told, watch: Watch, records: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    """Return commanded / applied / metered: the order, what verified records say was written, what the meter saw."""
    found = []
    for each in told.commands:
        if each.expected:
            found.append([each.name, each.commanded, f"refused: {REASONS.get(each.reason or 0, '?')}", "-"])
        else:
            applied = _applied(each, records[each.agent])
            found.append([each.name, each.commanded, applied, _metered(each, told, watch)])
    return found


def _metered(command: Command, told: Told, watch: Watch) -> str:
    """Return the peak under a limit, once devices had time to follow; the mean at the end of a set-point."""
    if command.name.startswith(IMPORT_LIMIT):
        peak_w = watch.peak_w(command.circuit, told.limit_s[0] + REACTION_S_MAX, told.limit_s[1])
        return "-" if peak_w is None else f"at most {peak_w:.0f} W"
    until_s = told.battery_s[1] if command.circuit == "inverter" else told.pause_s[1]
    mean_w = watch.mean_w(command.circuit, until_s - 3, until_s)
    return "-" if mean_w is None else f"{mean_w:.0f} W"


def _applied(command: Command, records: list[dict[str, Any]]) -> str:
    """Return the first set-point that was written for the command, as its signed record says."""
    source = "limit dso" if command.name.startswith(IMPORT_LIMIT) else "claim aggregator"
    accepted = False
    for record in records:
        accepted = accepted or (record["kind"] == "decision" and record["command"] == command.command)
        if accepted and record["kind"] == "write" and record["outcome"] == 0 and record["source"] == source:
            return f"set-point {record['set_point']} on device {record['device']}, by {record['source']}"
    return "nothing written"
