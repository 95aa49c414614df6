"""The door against bytes that hypothesis thinks up: always a reason, never an exception, never much memory."""

from __future__ import annotations

import asyncio
import tracemalloc

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent import cose, record
from agent.command import MESSAGE_BYTES_MAX, Authority, admit, open_message
from agent.kept import dump, load
from agent.step import step
from tests.shared.house import AGENT_ID, House
from tests.shared.test_door_seeded import Believer

DSO = Authority("dso", Believer.public_key, "owner", 20000)
PEAK_BYTES_MAX = 56000  # of a message of 4096 bytes that a known key has signed: its 768 items are empty lists

leaf = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.binary(max_size=40)
    | st.text(max_size=9)
)
item = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=9) | st.dictionaries(leaf, inner, max_size=4), max_leaves=40
)


def reason_of(raw: bytes) -> int:
    """Return what the door says."""
    message = asyncio.run(open_message(raw, [DSO], Believer()))
    return admit(House().state, message, 0)


def sealed(payload: bytes) -> bytes:
    return cose.envelope(Believer.key_id, payload, bytes(64))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(raw):
    assert reason_of(raw) in (record.MALFORMED, record.UNKNOWN_KEY)


@given(item)
@settings(max_examples=300)
def test_any_believed_item_is_refused(made):
    assert reason_of(sealed(cbor2.dumps(made))) in range(1, 16)


options = st.dictionaries(st.integers(0, 9), st.integers(-4000, 4000) | leaf, max_size=4)
control = st.tuples(
    st.sampled_from(["", "charger", "battery", "grid", "nobody"]),
    st.integers(-2, 33000),
    st.integers(-2, 33000),
    st.integers(-2, 300),
    options,
)


@given(st.lists(item, max_size=6), st.integers(1, 4), st.integers(1, 1 << 53))
def test_any_body_ends_as_a_reason(body, kind, counter):
    fields = [3, 1, AGENT_ID, 7, counter, 100, kind, body]
    assert reason_of(sealed(cbor2.dumps(fields))) in range(17)


@given(control, st.integers(1, 2), st.booleans())
@settings(max_examples=300)
def test_any_options_end_as_a_reason_and_the_core_goes_on(asked, kind, in_a_set):
    body = [[[kind, list(asked)]]] if in_a_set else list(asked)
    raw = sealed(cbor2.dumps([3, 1, AGENT_ID, 7, 1, 100, 4 if in_a_set else kind, body], canonical=True))
    house = House()
    message = asyncio.run(open_message(raw, [DSO], Believer()))
    reason = admit(house.state, message, 0)
    assert reason in range(17)
    assert (reason == record.ACCEPTED) is (house.state.limits + house.state.claims != [])
    for now_ms in (1000, 70000, 5000000):
        house.now_ms = now_ms
        step(house.state, now_ms, house.measure(), [])
    before = dump(house.state)
    load(house.state, before, 0)


@given(st.integers(0, 7), item)
@example(at=1, made=True)
@example(at=1, made=1.0)
def test_any_field_in_the_place_of_another_ends_as_a_reason(at, made):
    fields = [3, 1, AGENT_ID, 7, 1, 100, 1, ["", 0, 4200, 60]]
    fields[at] = made
    assert reason_of(sealed(cbor2.dumps(fields))) in range(17)


HEAD = 96  # the envelope around a payload, rounded up


@pytest.mark.parametrize(
    "payload",
    [
        b"\x81" * (MESSAGE_BYTES_MAX - HEAD),
        b"\x99\x0f\x00" + b"\x80" * 3840,
        b"\x98\x3f" + b"\x80" * 63,
        b"\x88" + b"\x80" * 8,
        b"\x9b" + b"\xff" * 8 + b"\x80" * 3000,
        b"\x59\x0f\x80" + bytes(0xF80),
        b"\x79\x0f\x80" + b"a" * 0xF80,
        b"\x5b" + b"\xff" * 8,
    ],
)
def test_memory_is_bounded_whatever_is_claimed(payload):
    raw = sealed(payload)
    assert len(raw) <= MESSAGE_BYTES_MAX
    state = House().state
    message = asyncio.run(open_message(raw, [DSO], Believer()))
    tracemalloc.start()
    try:
        opening = open_message(raw, [DSO], Believer())
        with pytest.raises(StopIteration) as ended:
            opening.send(None)
        reason = admit(state, ended.value.value, 0)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reason == admit(state, message, 0) == record.MALFORMED
    assert peak_bytes < PEAK_BYTES_MAX
