"""The site limit holds again within two ticks of the agent's first meter reading, plus what the devices need.

Judged twice: on the agent's own facts (a binding that names the limit, within two ticks by its own clock) and on the
simulated home's true power. On the true power the devices' own time is added: a charge point changes its pilot
every 5 s and the car follows within 4 s; compressor, relay and battery follow within 5 s. After a home that was
away a silent unit may rest up to 5 s before it is asked again (hal/modbus/bus.py). A load that no agent steers, or a
claim that begins or ends, starts the clock anew.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from tools.soak.checks import Check
from tools.soak.keeper import Life
from tools.soak.truth import LOOK_S, Sample

TICK_S = 1.0
TICKS = 2
TOLERANCE_W = 150  # steps of 100 W, stand-by, a meter's rounding
STEP_W = 50  # a rise of what nobody steers that counts as a disturbance
AWAY_S = 5.0
SOURCE = "limit dso"
REST = "protection rest"  # what was stopped at boot rests first: stricter than the limit


@dataclass(frozen=True)
class Circuit:
    """What one agent answers for."""

    name: str
    meter: str  # id of its site meter
    limit_w: int
    response_s: float  # of the devices
    wish_w: int  # what its devices want at least, together, whenever they may

    def power_w(self, sample: Sample) -> float:
        """Return what its limit is about."""
        return sample.grid_w if self.name == "gateway" else sample.charger_w

    def others_w(self, sample: Sample) -> float:
        """Return what flows there and the agent cannot move."""
        return sample.others_w if self.name == "gateway" else 0.0


CIRCUITS = (
    Circuit("gateway", "grid", 5400, 5.0, 1500),
    Circuit("board", "feeder", 4300, 10.0, 22000),
)


def judge(circuit: Circuit, lives: list[Life], homes: list[Life], samples: list[Sample]) -> list[Check]:
    """Judge both ways."""
    return [_judge_facts(circuit, lives, samples), _judge_power(circuit, lives, homes, samples)]


def first_reading(circuit: Circuit, life: Life) -> tuple[float, int] | None:
    """Return when the site meter first answered in this life: (seconds of the run, ms of the agent)."""
    for at_s, said in life.facts:
        if said["fact"] == "device" and said["device"] == circuit.meter and said["state"] == "attached":
            return at_s, said["at_ms"]
    return None


def _judge_facts(circuit: Circuit, lives: list[Life], samples: list[Sample]) -> Check:
    late, took_ms = [], []
    for life in lives[1:]:  # in the first one no limit had been sent yet
        read = first_reading(circuit, life)
        if read is None or not _limit_must_bind(circuit, samples, read[0]):
            continue
        if life.ended_s is not None and life.ended_s < read[0] + TICKS * TICK_S + 1:
            continue  # killed before it had its two ticks
        bindings = [said for _, said in life.facts if said["fact"] == "binding"]
        bound_ms = [said["at_ms"] for said in bindings if said["source"] in (SOURCE, REST)]
        after_ms = min((at_ms - read[1] for at_ms in bound_ms if at_ms >= read[1]), default=1 << 30)
        took_ms.append(after_ms)
        if after_ms > TICKS * TICK_S * 1000:
            late.append(life.ready.get("epoch"))
    worst = f", {max(took_ms)} ms at most" if took_ms and not late else ""
    found = f"{len(took_ms)} of {len(lives)} lives judged{worst}, late in epochs {late}"
    return Check(f"{circuit.name}: limit named within {TICKS} ticks of the first meter reading", not late, found)


def _limit_must_bind(circuit: Circuit, samples: list[Sample], at_s: float) -> bool:
    """Tell whether the wishes certainly went beyond the limit around a moment."""
    near = [sample for sample in samples if at_s - 1.5 <= sample.at_s <= at_s + 1.5]
    return bool(near) and all(
        circuit.others_w(sample) + circuit.wish_w > circuit.limit_w + 2 * TOLERANCE_W for sample in near
    )


def _judge_power(circuit: Circuit, lives: list[Life], homes: list[Life], samples: list[Sample]) -> Check:
    allowed_s = TICKS * TICK_S + circuit.response_s
    stirred_s = _disturbances(circuit, lives, samples)
    worst_s, judged, broken = 0.0, 0, []
    for sample in samples:
        back_s = _answerable_since(circuit, lives, homes, sample.at_s)
        if back_s is None:
            continue
        judged += 1
        if circuit.power_w(sample) <= circuit.limit_w + TOLERANCE_W:
            continue
        since_s = max(back_s, _last_before(stirred_s, sample.at_s))
        took_s = sample.at_s - since_s
        worst_s = max(worst_s, took_s)
        if took_s > allowed_s + LOOK_S:
            broken.append(
                f"{circuit.power_w(sample):.0f} W at {sample.at_s:.1f} s, {took_s:.1f} s after {since_s:.1f} s"
            )
    returns = sum(1 for life in lives[1:] if first_reading(circuit, life) is not None)
    found = f"{judged} looks, {returns} returns, over {circuit.limit_w} W for {worst_s:.1f} s at most"
    return Check(
        f"{circuit.name}: true power within the limit {TICKS} ticks + {circuit.response_s:.0f} s after it is back",
        not broken and judged > 0,
        "; ".join(broken[:3]) or found,
    )


def _answerable_since(circuit: Circuit, lives: list[Life], homes: list[Life], at_s: float) -> float | None:
    """Return since when agent and home are both back, None while one of them is not."""
    life = next((life for life in reversed(lives) if life.at(at_s)), None)
    home = next((home for home in reversed(homes) if home.at(at_s)), None)
    read = first_reading(circuit, life) if life is not None else None
    if read is None or home is None or home.ready_s is None or read[0] > at_s:
        return None
    return max(read[0], home.ready_s + AWAY_S)


def _disturbances(circuit: Circuit, lives: list[Life], samples: list[Sample]) -> list[float]:
    """Return when something that the agent does not steer rose, or a claim began or ended."""
    found = [
        after.at_s for before, after in pairwise(samples) if circuit.others_w(after) > circuit.others_w(before) + STEP_W
    ]
    found += [at_s for life in lives for at_s, said in life.facts if said["fact"] == "event"]
    return sorted(found)


def _last_before(moments_s: list[float], at_s: float) -> float:
    at = bisect_left(moments_s, at_s + 1e-9)
    return moments_s[at - 1] if at else 0.0
