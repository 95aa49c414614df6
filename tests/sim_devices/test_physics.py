"""What no house can do, whatever is asked of it; and how cars and heat pumps behave by their standards."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from sim_devices.config import parse
from sim_devices.house import House
from sim_devices.physics.battery import Battery
from sim_devices.physics.charging import Car, ChargePoint, duty_percent
from sim_devices.physics.flow import spread
from sim_devices.physics.heating import Building, HeatPump, Tank, heat
from sim_devices.physics.inverter import Hybrid
from tests.sim_devices.homes import home_tree

VOLTS = (230.0, 230.0, 230.0)


def house(tmp_path, **tables) -> House:
    return parse(home_tree(**tables), tmp_path).house


def near(found: float, wanted: float, relative: float = 1e-6) -> bool:
    return found == pytest.approx(wanted, rel=relative, abs=1e-6)


def test_grid_power_is_the_sum_of_its_parts_on_every_phase(tmp_path):
    home = house(tmp_path, pv_w=3000.0)
    home.charge_point.limit_a = 11.0
    home.loads["boiler"].on = True
    for _ in range(300):
        home.step(1)
        parts = [circuit for name, circuit in home.circuits.items() if name != "grid"]
        for phase in range(3):
            assert near(home.grid.connection.flow.w[phase], sum(part.flow.w[phase] for part in parts))


def test_energy_registers_never_fall_whatever_happens(tmp_path):
    dice = random.Random(11)
    home = house(tmp_path)
    before = dict.fromkeys(home.circuits, (0.0, 0.0))
    for _ in range(2000):
        home.charge_point.limit_a = dice.choice([0, 6, 13, 32])
        home.pv.constant_w = dice.uniform(0, 6000)
        home.inverter.battery_w_least = dice.choice([float("-inf"), 2000.0])
        home.step(dice.choice([1, 5, 60]))
        for name, circuit in home.circuits.items():
            now = (circuit.import_wh, circuit.export_wh)
            assert now[0] >= before[name][0] and now[1] >= before[name][1]
            before[name] = now


def test_import_minus_export_equals_what_the_parts_took(tmp_path):
    home = house(tmp_path, pv_w=2500.0)
    home.charge_point.limit_a = 8.0
    for _ in range(3600):
        home.step(1)
    net = {name: circuit.import_wh - circuit.export_wh for name, circuit in home.circuits.items()}
    assert near(net.pop("grid"), sum(net.values()), 1e-6)


def test_voltage_falls_under_load_and_rises_with_feed_in(tmp_path):
    home = house(tmp_path, base_w=9000.0)
    home.inverter.connected = False
    home.step(1)
    assert home.grid.phase_voltage_v[0] < 229
    home.base.constant_w = -9000.0
    home.step(1)
    assert home.grid.phase_voltage_v[0] > 231


def test_battery_stays_within_its_bounds_and_loses_both_ways():
    battery = Battery(soc=0.5)
    hybrid = Hybrid(battery=battery, battery_w_least=5000.0, grid_charging=True)
    begin = battery.stored_wh
    for _ in range(3 * 3600):
        hybrid.step(0.0, 0.0, 1)
    assert battery.soc <= 1.0 and battery.soc > 0.99
    assert near(battery.stored_wh - begin, battery.charged_wh * battery.efficiency, 1e-3)
    hybrid.battery_w_least, hybrid.battery_w_most = float("-inf"), -5000.0
    begin = battery.stored_wh
    for _ in range(4 * 3600):
        hybrid.step(0.0, 0.0, 1)
    assert battery.soc >= battery.soc_min - 1e-9 and battery.power_w == pytest.approx(0, abs=1)
    assert near(begin - battery.stored_wh, battery.discharged_wh / battery.efficiency, 1e-3)


def test_battery_tapers_before_it_is_full():
    battery = Battery(soc=0.97)
    hybrid = Hybrid(battery=battery, battery_w_least=5000.0, grid_charging=True)
    for _ in range(60):
        hybrid.step(0.0, 0.0, 1)
    assert 0 < battery.power_w < 3500


def test_hybrid_regulates_the_grid_meter_to_zero_by_itself(tmp_path):
    home = house(tmp_path, base_w=1500.0, heat_pump={"power_w_max": 600.0})
    home.charge_point.unplug()
    for _ in range(60):
        home.step(1)
    assert abs(home.grid.connection.flow.total_w) < 30
    assert home.inverter.battery.power_w < -1000


def test_hybrid_stores_the_suns_surplus(tmp_path):
    home = house(tmp_path, base_w=300.0, pv_w=3500.0)
    home.charge_point.unplug()
    for _ in range(60):
        home.step(1)
    assert home.inverter.battery.power_w > 1500
    assert abs(home.grid.connection.flow.total_w) < 30


def test_hybrid_does_not_charge_from_the_grid_unless_allowed():
    hybrid = Hybrid(battery_w_least=3000.0)
    for _ in range(30):
        hybrid.step(800.0, 0.0, 1)
    assert hybrid.battery.power_w == pytest.approx(800)
    hybrid.grid_charging = True
    for _ in range(30):
        hybrid.step(800.0, 0.0, 1)
    assert hybrid.battery.power_w == pytest.approx(3000)


def test_hybrid_never_exceeds_its_rating_or_its_curtailment():
    hybrid = Hybrid(rated_w=5000.0, battery_w_most=-5000.0)
    for _ in range(30):
        hybrid.step(4000.0, 0.0, 1)
    assert hybrid.output_w == pytest.approx(5000)
    hybrid.output_w_max = 1000.0
    for _ in range(30):
        hybrid.step(4000.0, 0.0, 1)
    assert hybrid.output_w <= 1000.1
    assert hybrid.pv_w < 4000  # curtailed


def charged(point: ChargePoint, seconds: int) -> None:
    for _ in range(seconds):
        point.step(VOLTS, 1)


def test_pilot_walks_from_no_car_to_charging_and_back():
    point, car = ChargePoint(), Car()
    assert point.state == "A"
    point.plug(car)
    charged(point, 2)
    assert point.state == "B1"
    point.limit_a = 16.0
    point.step(VOLTS, 1)
    assert point.state == "B2"
    charged(point, 10)
    assert point.state == "C2" and point.flow.total_w == pytest.approx(3 * 16 * 230)
    point.limit_a = 0.0
    point.step(VOLTS, 1)
    assert point.state == "C1"
    charged(point, 6)
    assert point.state == "B1" and point.flow.total_w == 0
    point.faulty = True
    assert point.state == "F"
    point.faulty = False
    point.unplug()
    charged(point, 1)
    assert point.state == "A" and point.flow.total_w == 0


def test_car_follows_a_new_limit_within_five_seconds_of_the_pilot():
    point = ChargePoint(car=Car(), limit_a=16.0)
    charged(point, 30)
    point.limit_a = 6.0
    charged(point, 6)
    assert point.car.current_a == pytest.approx(6.0)


def test_pwm_changes_at_most_every_five_seconds_but_stops_at_once():
    point = ChargePoint(car=Car(), limit_a=16.0)
    charged(point, 1)
    point.limit_a = 10.0
    charged(point, 3)
    assert point.offered_a == 16.0
    charged(point, 2)
    assert point.offered_a == 10.0
    point.limit_a = 0.0
    charged(point, 1)
    assert point.offered_a == 0.0


def test_less_than_six_amperes_is_no_offer():
    point = ChargePoint(car=Car(), limit_a=5.9)
    charged(point, 20)
    assert point.flow.total_w == 0 and point.state == "B1"


def test_a_car_or_a_point_on_one_phase_loads_one_phase():
    for point in (ChargePoint(car=Car(phases=1), limit_a=16.0), ChargePoint(phases=1, car=Car(), limit_a=16.0)):
        charged(point, 20)
        assert point.flow.w[0] == pytest.approx(16 * 230) and point.flow.w[1] == point.flow.w[2] == 0


def test_phases_are_never_switched_under_load_and_never_without_a_pause():
    point = ChargePoint(car=Car(), limit_a=16.0)
    charged(point, 20)
    point.use_phases(1)
    for second in range(60):
        loaded, before = point.car.current_a > 0.5, point.phases
        charged(point, 1)
        if point.phases != before:
            assert not loaded and not point.contactor and second >= 10
    assert point.phases == point.phases_set == 1 and point.flow.w[0] > 3000 and point.flow.w[1] == 0
    point.use_phases(3)
    charged(point, 3)
    point.use_phases(1)  # on second thoughts
    charged(point, 30)
    assert point.phases == 1 and point.flow.w[0] > 3000


def test_car_tapers_near_full_and_stops():
    car = Car(capacity_wh=10000.0, soc=0.88)
    point = ChargePoint(car=car, limit_a=16.0)
    charged(point, 60)
    full_speed = car.current_a
    while car.soc < 0.96:
        charged(point, 10)
    assert full_speed == 16 and car.current_a < 8
    charged(point, 3 * 3600)
    assert car.soc == pytest.approx(1.0, abs=1e-3) and point.flow.total_w == 0 and point.state == "B2"


def test_car_stores_what_it_drew_less_losses():
    car = Car(soc=0.2)
    point = ChargePoint(car=car, limit_a=16.0)
    charged(point, 3600)
    assert near((car.soc - 0.2) * car.capacity_wh, car.energy_wh * car.efficiency, 1e-6)
    assert car.energy_wh == pytest.approx(11040, rel=0.01)


def test_duty_cycle_follows_iec_61851():
    assert duty_percent(6) == pytest.approx(10)
    assert duty_percent(16) == pytest.approx(26.667, abs=0.01)
    assert duty_percent(51) == pytest.approx(85)
    assert duty_percent(80) == pytest.approx(96)
    assert duty_percent(5) == 100


def warm(pump: HeatPump, tank: Tank, building: Building, seconds: int) -> None:
    for _ in range(seconds // 10):
        heat(pump, tank, building, 0.0, 10)


def test_tank_balances_its_heat():
    pump, tank, building = HeatPump(), Tank(), Building()
    begin = tank.water_c
    warm(pump, tank, building, 6 * 3600)
    stored = (tank.water_c - begin) * tank.wh_per_k
    assert near(stored, tank.given_wh - tank.taken_wh - tank.lost_wh, 1e-6)
    assert near(tank.given_wh, pump.heat_wh, 1e-9)
    assert pump.energy_wh < pump.heat_wh


def test_house_keeps_warm_and_cools_without_heat():
    pump, tank, building = HeatPump(), Tank(), Building()
    warm(pump, tank, building, 24 * 3600)
    assert 18 < building.air_c < 26
    pump.limit_w, pump.hard = 0.0, True
    before = building.air_c
    warm(pump, tank, building, 12 * 3600)
    assert building.air_c < before - 1 and pump.power_w == pump.standby_w


def test_compressor_keeps_its_running_and_resting_times():
    pump, tank, building = HeatPump(), Tank(litres=50.0), Building(emitter_w_per_k=50.0)
    changes, running = [], pump.running
    for second in range(12 * 3600):
        heat(pump, tank, building, 5.0, 1)
        if pump.running != running:
            changes.append((second, pump.running))
            running = pump.running
    assert len(changes) > 4
    for (began, was_on), (ended, _) in pairwise(changes):
        assert ended - began >= (pump.on_s_min if was_on else pump.off_s_min) - 1


def test_limit_slows_the_compressor_and_a_hard_one_stops_it():
    pump, tank, building = HeatPump(), Tank(water_c=25.0), Building()
    warm(pump, tank, building, 600)
    assert pump.power_w > 2000
    pump.limit_w = 1200.0
    warm(pump, tank, building, 120)
    assert pump.power_w <= 1202
    pump.limit_w = 100.0
    warm(pump, tank, building, 120)
    assert pump.power_w == pytest.approx(pump.power_w_min + pump.standby_w, rel=0.01)
    pump.hard = True
    warm(pump, tank, building, 300)
    assert pump.power_w == pump.standby_w


def test_sg_ready_lock_stops_and_is_lifted_by_the_pump_after_two_hours():
    pump, tank, building = HeatPump(), Tank(water_c=25.0), Building()
    warm(pump, tank, building, 600)
    pump.contacts = (True, False)
    warm(pump, tank, building, 300)
    assert not pump.running
    warm(pump, tank, building, 7200)
    assert pump.running


def test_sg_ready_raises_the_tank_and_forced_uses_the_rod():
    pump, tank, building = HeatPump(), Tank(water_c=38.0), Building(valve=False)
    warm(pump, tank, building, 600)
    assert not pump.running
    pump.contacts = (False, True)
    warm(pump, tank, building, 60)
    assert pump.running and not pump.rod_on
    pump.contacts = (True, True)
    warm(pump, tank, building, 60)
    assert pump.rod_on


def test_spread_keeps_the_power_and_adds_reactive():
    flow = spread(900.0, (0.5, 0.3, 0.2), 0.9)
    assert flow.total_w == pytest.approx(900)
    assert flow.var[0] == pytest.approx(450 * 0.4843, rel=1e-3)


def test_car_travels_and_comes_back_emptier(tmp_path):
    home = house(tmp_path, travel={"leave": "18:00", "arrive": "20:00", "used_wh": 6000.0})
    home.step(1)
    assert home.charge_point.state == "B1"
    for _ in range(65):
        home.step(60)
    assert home.charge_point.state == "A"
    for _ in range(130):
        home.step(60)
    assert home.charge_point.state == "B1" and home.car.soc == pytest.approx(0.2)
