"""Whether the simulated connection's true power came down to the limit in time, whatever moved."""

from __future__ import annotations

from bisect import bisect_right

from tools.soak.checks import Check
from tools.soak.limits import TICK_S, TICKS, TOLERANCE_W
from tools.soak.truth import LOOK_S, Sample

RESPONSE_S = 10.0  # a charge point changes its pilot every 5 s and the car follows within 4 s
LONGEST_S = TICKS * TICK_S + RESPONSE_S + LOOK_S


def judge(samples: list[Sample], levels: list[tuple[float, int]]) -> Check:
    """Judge from when the first limit was sent; `levels` are (when sent, W)."""
    times = [at_s for at_s, _ in levels]
    longest_s, worst, over_since, judged, over = 0.0, "", None, 0, 0
    for sample in samples:
        place = bisect_right(times, sample.at_s)
        if not place:
            continue
        judged += 1
        if sample.grid_w <= levels[place - 1][1] + TOLERANCE_W:
            over_since = None
            continue
        over += 1
        over_since = sample.at_s if over_since is None else over_since
        if sample.at_s - over_since > longest_s:
            longest_s = sample.at_s - over_since
            worst = f", longest at {over_since:.0f} s: {sample.grid_w:.0f} W, limit {levels[place - 1][1]} W"
    share = 100 * over / judged if judged else 0.0
    return Check(
        f"true power is within the limit again in {LONGEST_S:.1f} s",
        judged > 0 and longest_s <= LONGEST_S,
        f"{judged} looks, {share:.1f} % of them over it, never longer than {longest_s:.1f} s{worst}",
    )
