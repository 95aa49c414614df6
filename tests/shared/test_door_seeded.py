"""What arrives is hostile until proven otherwise: any bytes end as a reason, and only what is right gets in."""

from __future__ import annotations

from agent import cbor, cose, record
from agent.command import Authority, admit, open_message
from tests.shared.desk import picture
from tests.shared.house import AGENT_ID, House
from tests.shared.seeded import Lcg, anything

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROUNDS = 400


class Believer:
    """A signer that finds every signature right, so that what a known key may send is tried too."""

    public_key = b"\x04" + b"d" * 64
    key_id = cose.key_id_of(public_key)

    async def sign(self, _digest: bytes) -> bytes:
        """Return no signature worth the name."""
        return bytes(64)

    async def verify(self, _public_key: bytes, _digest: bytes, _signature: bytes) -> bool:
        """Believe."""
        return True


def mutated(lcg: Lcg, raw: bytes) -> bytes:
    """Return `raw` with a few bytes changed, dropped or doubled."""
    for _ in range(1 + lcg.below(3)):
        at = lcg.below(len(raw))
        raw = (
            raw[:at] + lcg.pick([b"", bytes([lcg.below(256)]), bytes([lcg.below(256)] * 3)]) + raw[at + lcg.below(3) :]
        )
        raw = raw or b"\x00"
    return raw


async def tried(house: House, raw: bytes) -> int:
    """Hand `raw` to the door; return the reason and check that a refusal changed nothing."""
    state = house.state
    before = picture(state, False)
    message = await open_message(raw, [Authority("dso", Believer.public_key, "owner", 20000)], Believer())
    reason = admit(state, message, state.now_ms)
    assert 0 <= reason <= 15
    assert reason == record.ACCEPTED or before == picture(state, False)
    state.records = []
    return reason


def sealed(payload: bytes) -> bytes:
    """Return an envelope that the believer believes."""
    return cose.envelope(Believer.key_id, payload, bytes(64))


def valid(counter: int) -> list[Any]:
    """Return a command that is right."""
    return [3, 1, AGENT_ID, 7, counter, 100, 1, ["", 0, 4200, 60]]


async def test_right_command_is_accepted():
    assert await tried(House(), sealed(cbor.encode(valid(1)))) == record.ACCEPTED


async def test_mutated_commands_end_as_a_reason():
    house, lcg = House(), Lcg(11)
    reasons = set()
    for counter in range(1, ROUNDS):
        raw = sealed(cbor.encode(valid(counter)))
        reasons.add(await tried(house, mutated(lcg, raw)))
    assert record.MALFORMED in reasons and record.UNKNOWN_KEY in reasons


async def test_believed_payloads_of_every_shape_end_as_a_reason():
    house, lcg = House(), Lcg(12)
    for _ in range(ROUNDS):
        assert await tried(house, sealed(cbor.encode(anything(lcg)))) != record.ACCEPTED


async def test_every_field_of_every_type_ends_as_a_reason():
    house, lcg = House(), Lcg(13)
    bodies: list[tuple[int, list[Any]]] = [
        (1, ["charger", 0, 4200, 60]),
        (1, ["", 0, 16000, 0, {1: 1, 2: 2, 3: 50, 4: 1, 6: 9, 7: -9}]),
        (2, ["charger", 8000, 60, 5]),
        (2, ["", 1000, 60, 5, {3: 50, 5: 3, 6: -9, 7: 9, 8: 30}]),
        (3, [bytes(32)]),
        (3, [bytes(32), {7: 60}]),
        (4, [[[1, ["", 0, 4200, 60, {3: 50}]], [2, ["charger", 8000, 60, 5]]]]),
    ]
    for counter in range(1, ROUNDS):
        fields = valid(counter)
        fields[6], body = lcg.pick(bodies)
        fields[7] = list(body)
        target = fields if lcg.chance(2) else fields[7]
        if target is fields[7] and type(target[-1]) is dict and lcg.chance(2):
            options = dict(target[-1])
            options[lcg.below(10)] = anything(lcg)
            target[-1] = options
        else:
            target[lcg.below(len(target))] = anything(lcg)
        await tried(house, sealed(cbor.encode(fields)))
    assert len(house.state.limits) <= 32 and len(house.state.claims) <= 32


async def test_truth_values_are_no_numbers():
    for at in range(7):
        fields = valid(1)
        fields[at] = True
        assert await tried(House(), sealed(cbor.encode(fields))) == record.MALFORMED


async def test_deep_and_wide_and_large_payloads_are_refused():
    house = House()
    for payload in (
        b"\x81" * 3000,
        b"\x98\xff" + b"\x80" * 255,
        b"\x99\x0f\x00" + b"\x80" * 3840,
        b"\xbb" + b"\xff" * 8,
        b"\x9f",
    ):
        assert await tried(house, sealed(payload)) == record.MALFORMED
    assert await tried(house, bytes(4097)) == record.TOO_LARGE
