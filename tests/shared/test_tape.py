"""What no recorder writes is refused where it stands."""

from __future__ import annotations

from agent import tape
from agent.claims import CLAIMS_MAX
from agent.command import Message
from agent.image import Sample
from agent.limits import LIMITS_MAX
from agent.sources.desk import authority_of
from agent.step import Attached
from agent.unit import Contract
from hal import quantities as q


def refusal(work):
    try:
        work()
    except tape.TapeError as error:
        return error.args[0]
    return None


def test_a_reading_of_no_device_is_not_the_last_devices():
    # A head of 1 says that device -1 is gone.
    inputs = tape.Inputs(2, 0)
    inputs.samples = [None, Sample(0, {q.POWER_W: 5})]
    assert refusal(lambda: inputs.take(tape.Reader(b"\x00\x01\x00"), tape.SAMPLES)) == "no such device"
    assert inputs.samples[1] is not None


def test_a_number_without_an_end_is_refused_soon():
    reader = tape.Reader(b"\x80" * 1000)
    assert refusal(reader.whole) == "too long a number"
    assert tape.Reader(b"\xff" * 18 + b"\x01").whole() == (1 << 127) - 1


def test_the_largest_set_of_a_source_comes_off_the_tape_again():
    source = authority_of("source", "utility", 20000)
    every = dict.fromkeys(range(1, 9), 1)
    controls = [[kind, ["charger", 0, 8000, 600, every]] for kind in [1] * LIMITS_MAX + [2] * CLAIMS_MAX]
    fields = [3, 1, b"", 7, 1, 60, 4, [controls]]
    packed = tape.packed_item(Message(bytes(32), 0, source, fields), [source])
    assert tape.unpacked_item(packed, [source]).fields == fields


def test_all_that_a_product_promises_comes_off_the_tape_again():
    told = Contract(1, 2, (0, 32000, 1000), 0, True, 5000, 90000)
    packed = tape.packed_item(Attached(3, told), [])
    again = tape.unpacked_item(packed, [])
    assert type(again) is Attached and again.device == 3 and again.contract.__dict__ == told.__dict__
    older = tape.unpacked_item(packed[:-1], [])
    assert type(older) is Attached and older.contract.response_ms == 10000
