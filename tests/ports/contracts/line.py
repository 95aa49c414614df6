"""What every line promises (hal/ports.py, Line).

The far end does what the first byte of the request says; the second byte is a tag that it repeats, so that an
answer to another request is seen. Bench: `line`, and `absent_line` whose far end does not exist.
"""

import asyncio

from hal.errors import FrameError, LineDown, LineTimeout

AT_ONCE, LATE, SLOWLY, GARBAGE, NEVER, ENDLESS, HANG_UP, TWICE = range(1, 9)
ANSWER_BYTES = 4
# Far apart: a machine under load may hold either end for a while.
LATE_MS = 250
TIMEOUT_MS = 60
SETTLE_MS = 800  # of a serial line: longer than anything comes late
UNASKED_S = 0.5


def missing(received):
    if received and received[0] == 0xFF:
        raise FrameError("not an answer", received)
    if received and received[0] == ENDLESS:
        return 1
    return ANSWER_BYTES - len(received)


async def ask(line, what, tag, timeout_ms=2000):
    return await line.exchange(bytes((what, tag)), missing, timeout_ms)


async def outcome(line, what, tag, timeout_ms=2000):
    try:
        return await ask(line, what, tag, timeout_ms)
    except (LineTimeout, LineDown, FrameError) as error:
        return type(error)


def answer(what, tag):
    return bytes((what, tag)) + b"ok"


async def test_the_answer_comes_back_whole(bench):
    for tag in range(20):
        assert await ask(bench.line, AT_ONCE, tag) == answer(AT_ONCE, tag)


async def test_bytes_that_trickle_in_are_put_together(bench):
    assert await ask(bench.line, SLOWLY, 1) == answer(SLOWLY, 1)


async def test_silence_is_a_timeout_and_the_next_request_is_answered(bench):
    assert await outcome(bench.line, NEVER, 1, TIMEOUT_MS) is LineTimeout
    assert await ask(bench.line, AT_ONCE, 2) == answer(AT_ONCE, 2)


async def test_a_late_answer_is_never_taken_for_the_next_one(bench):
    assert await outcome(bench.line, LATE, 1, TIMEOUT_MS) is LineTimeout
    assert await outcome(bench.line, NEVER, 2, 2 * LATE_MS) is LineTimeout
    assert await ask(bench.line, AT_ONCE, 3) == answer(AT_ONCE, 3)


async def test_an_answer_that_comes_twice_is_taken_once(bench):
    assert await ask(bench.line, TWICE, 1) == answer(TWICE, 1)
    await asyncio.sleep(UNASKED_S)  # the second one arrives unasked, and nothing tells of it
    assert await ask(bench.line, AT_ONCE, 2) == answer(AT_ONCE, 2)


async def test_garbage_is_a_frame_error_and_the_next_request_is_answered(bench):
    assert await outcome(bench.line, GARBAGE, 1) is FrameError
    assert await ask(bench.line, AT_ONCE, 2) == answer(AT_ONCE, 2)


async def test_an_answer_without_end_is_cut_off(bench):
    assert await outcome(bench.line, ENDLESS, 1) is FrameError
    assert await ask(bench.line, AT_ONCE, 2) == answer(AT_ONCE, 2)


async def test_a_far_end_that_hangs_up_is_reached_again(bench):
    assert await outcome(bench.line, HANG_UP, 1, 500) in (LineDown, LineTimeout)
    assert await ask(bench.line, AT_ONCE, 2) == answer(AT_ONCE, 2)


async def test_an_exchange_that_was_cancelled_leaves_the_line_clean(bench):
    try:
        await asyncio.wait_for(ask(bench.line, LATE, 1), 0.04)
        raise AssertionError("it was not cancelled")
    except (asyncio.TimeoutError, LineTimeout):  # noqa: UP041 - MicroPython has no TimeoutError
        pass  # the twin, where no time passes, says it by itself
    assert await outcome(bench.line, NEVER, 2, 2 * LATE_MS) is LineTimeout
    assert await ask(bench.line, AT_ONCE, 3) == answer(AT_ONCE, 3)


async def test_a_closed_line_opens_again(bench):
    await bench.line.close()
    assert await ask(bench.line, AT_ONCE, 1) == answer(AT_ONCE, 1)
    await bench.line.close()
    await bench.line.close()


async def test_a_far_end_that_does_not_exist_is_line_down_every_time(bench):
    for tag in range(3):
        assert await outcome(bench.absent_line, AT_ONCE, tag) is LineDown
