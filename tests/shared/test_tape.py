"""What no recorder writes is refused where it stands."""

from __future__ import annotations

from agent import tape
from agent.image import Sample
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
