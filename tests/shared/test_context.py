"""What a reading says beside its numbers: who set the device, and that its owner has opted out."""

from __future__ import annotations

from agent import record
from tests.shared.house import AGGREGATOR, OWNER, House
from tests.shared.test_step import BATTERY, CHARGER, command, run


def contexts(facts: list[list[object]], device: int) -> list[object]:
    """Return the contexts of a device's readings, in order."""
    return [fact[6] for fact in facts if fact[0] == record.READING and fact[3] == device]


def test_a_reading_names_what_was_granted_and_by_whom():
    house = House()
    facts = run(house, 70)
    charger = house.state.units[CHARGER]
    assert contexts(facts, CHARGER)[-1] == {record.SETPOINT: charger.setpoint, record.SOURCE: charger.source}
    assert contexts(facts, 0)[-1] == {}
    body = ["charger", 8000, 600, 50]
    facts = run(house, 70, [command(AGGREGATOR, 1, 2, body)])
    assert contexts(facts, CHARGER)[-1] == {record.SETPOINT: 8000, record.SOURCE: "claim agg"}


def test_an_owners_claim_is_an_opt_out_until_it_ends():
    house = House()
    facts = run(house, 70, [command(OWNER, 1, 2, ["charger", 10000, 65, 0])])
    assert contexts(facts, CHARGER)[-1][record.OPTED_OUT] is True
    assert record.OPTED_OUT not in contexts(facts, BATTERY)[-1]
    facts = run(house, 120)
    assert record.OPTED_OUT not in contexts(facts, CHARGER)[-1]
