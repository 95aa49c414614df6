"""The house of a simulation may take long steps while nothing moves: they cost no energy and no promptness."""

from __future__ import annotations

import random

from sim_devices.wire.words import f32, words_of
from tools.simulate import plant as plants
from tools.simulate.pace import DAYS
from tools.simulate.plant import Plant
from tools.simulate.premises import BATTERY, CHARGER, random_premises
from tools.simulate.signer import Keys

HOURS = 6
WRITE_MANY, SETPOINT = 16, 1210


def charge(plant: Plant, current_a: float) -> None:
    """Write the set-point of the charge point, if there is one."""
    if plant.house.charge_point:
        plant.home.devices["charger"].write(1, WRITE_MANY, SETPOINT, words_of(f32(current_a)))


def after(seed: int, ask_every_s: int) -> dict[str, float]:
    """Return the energies of a house that is changed now and then and asked every so often."""
    keys = Keys(seed, real=False)
    plant, rng = Plant(random_premises(seed, keys, DAYS)), random.Random(seed)
    for ten_s in range(1, HOURS * 360 + 1):
        if ten_s % 60 == 0:
            plant.set_base((rng.randrange(3000), rng.randrange(3000), rng.randrange(3000)))
            plant.set_sun(rng.choice([0, 2000, 5000]))
            charge(plant, rng.choice([0.0, 6.0, 16.0]))
        for second in range(ten_s * 10 - 10 + ask_every_s, ten_s * 10 + 1, ask_every_s):
            plant.pass_to(second * 1000)
    return {name: circuit.import_wh + circuit.export_wh for name, circuit in plant.house.circuits.items()}


def test_long_steps_count_the_same_energy(monkeypatch):
    seeds = [s for s in range(1, 30) if random_premises(s, Keys(s, real=False), DAYS).having(CHARGER, BATTERY)][:4]
    long_steps = [after(seed, 10) for seed in seeds]
    monkeypatch.setattr(plants, "STEP_S_MAX", 1)
    for found, exact in zip(long_steps, [after(seed, 1) for seed in seeds], strict=True):
        for name, energy_wh in exact.items():
            assert abs(found[name] - energy_wh) <= 0.005 * energy_wh + 1, (name, found[name], energy_wh)


def test_what_was_changed_is_followed_second_by_second():
    seed = next(s for s in range(1, 30) if random_premises(s, Keys(s, real=False), DAYS).having(CHARGER))
    plant = Plant(random_premises(seed, Keys(seed, real=False), DAYS))
    point = plant.house.charge_point
    assert point is not None
    plant.move_car("arrive", 0.1)
    charge(plant, 0.0)
    plant.pass_to(50_000)
    charge(plant, 16.0)
    plant.pass_to(60_000)  # 5 s until the pilot may change, 2 s until the car wakes: it has begun to draw
    assert point.flow.total_w > 1000
