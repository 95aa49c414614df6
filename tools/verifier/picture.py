"""How well each device was read over time, as bars on one axis of civil time.

█ good, ▓ partly estimated, ░ partly missing or bad, · nothing at all; ▲ a boot of the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tools.console import printable
from tools.verifier.coverage import ESTIMATED, GOOD, Coverage, Span

FULL, PARTLY_ESTIMATED, PARTLY_MISSING, NONE, BOOT = "█▓░·▲"
KEY = f"{FULL} good  {PARTLY_ESTIMATED} estimated  {PARTLY_MISSING} missing or bad  {NONE} nothing  {BOOT} boot"
LABEL_MAX = 20
BARS_MIN = 16
ROUNDING = 0.02  # of a column: readings end on whole seconds
DAY_S, HOUR_S = 86400, 3600


def draw(coverage: Coverage, width: int) -> list[str]:
    """Return the lines of the picture, empty when nothing has a date. `width` is that of a line, in characters."""
    spans = [span for device in coverage.dated.values() for span in device]
    if not spans:
        return []
    from_s, until_s = min(span[0] for span in spans), max(span[1] for span in spans)
    if until_s <= from_s:
        return []
    names = {device: printable(device)[:LABEL_MAX] for device in sorted(coverage.dated)}
    label = max(len(name) for name in [*names.values(), "boots"])
    columns = max(BARS_MIN, width - label - 1)
    lines = [f"{names[device]:<{label}} {_bar(coverage.dated[device], from_s, until_s, columns)}" for device in names]
    marks = [int((at_s - from_s) * columns / (until_s - from_s)) for at_s in coverage.boots]
    boots = "".join(BOOT if column in set(marks) else " " for column in range(columns))
    return [*lines, f"{'boots':<{label}} {boots}".rstrip(), " " * (label + 1) + _axis(from_s, until_s, columns), KEY]


def _bar(spans: Sequence[Span], from_s: int, until_s: int, columns: int) -> str:
    column_s = (until_s - from_s) / columns
    good_s, estimated_s, touched = [0.0] * columns, [0.0] * columns, [False] * columns
    for began_s, ended_s, quality in spans:
        first = max(0, min(columns - 1, int((began_s - from_s) / column_s)))
        last = max(0, min(columns - 1, int((ended_s - from_s) / column_s)))
        for column in range(first, last + 1):
            left, right = from_s + column * column_s, from_s + (column + 1) * column_s
            within_s = max(0.0, min(right, ended_s) - max(left, began_s))
            touched[column] = touched[column] or within_s > 0
            if quality in (GOOD, ESTIMATED):
                (good_s if quality == GOOD else estimated_s)[column] += within_s
    return "".join(map(_cell, good_s, estimated_s, touched, [column_s] * columns))


def _cell(good_s: float, estimated_s: float, touched: bool, column_s: float) -> str:
    slack_s = min(max(1.0, column_s * ROUNDING), column_s / 2)
    if good_s >= column_s - slack_s:
        return FULL
    if good_s + estimated_s >= column_s - slack_s:
        return PARTLY_ESTIMATED
    return PARTLY_MISSING if touched else NONE


def _axis(from_s: int, until_s: int, columns: int) -> str:
    shape = "%Y-%m-%d" if until_s - from_s >= 3 * DAY_S else "%m-%d %H:%M"
    if until_s - from_s < HOUR_S:
        shape = "%H:%M:%S"
    left, right = _moment(from_s, shape), _moment(until_s, shape)
    middle = _moment((from_s + until_s) // 2, shape) if columns >= 3 * len(left) + 4 else ""
    around = columns - len(left) - len(right)
    return left + middle.center(max(1, around)) + right


def _moment(at_s: int, shape: str) -> str:
    try:
        return datetime.fromtimestamp(at_s, UTC).strftime(shape)
    except (ValueError, OverflowError, OSError):
        return f"{at_s} s"
