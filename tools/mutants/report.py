"""What a run of mutants tells: a table, and every survivor that docs/mutation.md does not explain yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tools.console import table
from tools.mutants.session import Score, Survivor
from tools.mutants.tree import ROOT

PAGE = ROOT / "docs" / "mutation.md"


def explained(survivor: Survivor) -> bool:
    """Tell whether the page about survivors quotes this one's mutated line."""
    return PAGE.is_file() and f"`{survivor.after}`" in PAGE.read_text(encoding="utf-8")


def as_text(scores: list[Score]) -> str:
    """Return a table of modules and the survivors as differences."""
    rows = [
        [score.module, score.killed, len(score.survivors), _percent(score.killed_pm), sum(score.left_out.values())]
        for score in scores
    ]
    total = _total(scores)
    rows.append(["all", total.killed, len(total.survivors), _percent(total.killed_pm), sum(total.left_out.values())])
    lines = [table(["module", "killed", "survived", "killed", "left out"], rows)]
    lines.append("left out: " + ", ".join(f"{count} {why}" for why, count in sorted(total.left_out.items())))
    for score in scores:
        for survivor in score.survivors:
            note = "" if explained(survivor) else "  (not explained in docs/mutation.md)"
            lines += ["", f"{score.module}:{survivor.line}{note}", f"- {survivor.before}", f"+ {survivor.after}"]
    return "\n".join(lines)


def as_json(scores: list[Score]) -> dict[str, Any]:
    """Return the same for a program."""
    rows = []
    for score in [*scores, _total(scores)]:
        survivors = [{**asdict(survivor), "explained": explained(survivor)} for survivor in score.survivors]
        rows.append({**asdict(score), "survivors": survivors, "killed_pm": score.killed_pm})
    return {"modules": rows[:-1], "all": {key: rows[-1][key] for key in ("killed", "killed_pm", "left_out")}}


def _total(scores: list[Score]) -> Score:
    left_out: dict[str, int] = {}
    for score in scores:
        for why, count in score.left_out.items():
            left_out[why] = left_out.get(why, 0) + count
    return Score(
        "all", sum(score.killed for score in scores), [one for score in scores for one in score.survivors], left_out
    )


def _percent(killed_pm: int) -> str:
    return f"{killed_pm // 10}.{killed_pm % 10} %"
