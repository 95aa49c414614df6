"""Tank, air and walls over a quarter of an hour as a linear map, exact for steady flows: as the simulation has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tools.cost.home import Parts

STATES = ("tank_c", "air_c", "walls_c")
AIR_TO_WATER = Parts.building.emitter_w_per_k  # W per K that the tank is warmer than the air
STEP_H = 1 / 60  # as long as the simulation's own steps
STEPS = 15


@dataclass(frozen=True)
class Part:
    """How a temperature after a quarter hour comes about: by the three before, and per W of heat and of flow."""

    before: tuple[float, float, float]
    heat: float
    flow: float
    outside: float
    gains: float


@cache
def coefficients() -> tuple[Part, Part, Part]:
    """Return the parts of tank, air and walls."""
    columns = [_after(1 if at == 0 else 0, 1 if at == 1 else 0, 1 if at == 2 else 0) for at in range(3)]
    heat, flow = _after(heat_w=1), _after(flow_w=1)
    outside, gains = _after(outside_c=1), _after(gains_w=Parts.building.people_and_devices_w)
    made = [
        Part((columns[0][row], columns[1][row], columns[2][row]), heat[row], flow[row], outside[row], gains[row])
        for row in range(3)
    ]
    return made[0], made[1], made[2]


def _after(
    tank_c: float = 0, air_c: float = 0, walls_c: float = 0, heat_w: float = 0, flow_w: float = 0,
    outside_c: float = 0, gains_w: float = 0,
) -> tuple[float, float, float]:  # fmt: skip
    """Return the three temperatures after a quarter of an hour."""
    house, tank = Parts.building, Parts.tank
    for _ in range(STEPS):
        walls_w = (air_c - walls_c) * house.air_to_walls_w_per_k
        lost_w = (air_c - outside_c) * house.air_to_outside_w_per_k
        out_w = (walls_c - outside_c) * house.walls_to_outside_w_per_k
        tank_c += (heat_w - flow_w - (tank_c - air_c) * tank.loss_w_per_k) * STEP_H / tank.wh_per_k
        air_c += (flow_w + gains_w - walls_w - lost_w) * STEP_H / house.air_wh_per_k
        walls_c += (walls_w - out_w) * STEP_H / house.walls_wh_per_k
    return tank_c, air_c, walls_c
