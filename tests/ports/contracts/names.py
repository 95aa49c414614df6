"""What a board promises whose hosts are names; the name server is one of the host's, over real UDP, see test_names.py.

Bench: `names` looks up there, `nobody` where nobody answers, `untold` at what DHCP did not say; `line(name)` is a TCP
line to a name whose port echoes; `check(host)` is what a console asks of a configuration with that uplink and one
bus by TCP. Patience is 50 and 150 ms.
"""

import asyncio
from errno import ENOENT, ETIMEDOUT

from hal.errors import LineDown


async def outcome(names, name):
    try:
        return await names.find(name)
    except OSError as error:
        return error.args[0], error.args[1]


async def test_a_name_is_found_also_behind_an_alias(bench):
    assert await outcome(bench.names, "line.example") == "127.0.0.1"
    assert await outcome(bench.names, "alias.example") == "127.0.0.1"


async def test_what_answers_another_question_is_passed_over(bench):
    assert await outcome(bench.names, "forged.example") == "127.0.0.1"
    assert (await outcome(bench.names, "flooded.example"))[0] == ETIMEDOUT


async def test_a_lost_question_is_asked_once_more(bench):
    assert await outcome(bench.names, "lost.example") == "127.0.0.1"


async def test_what_has_no_address_is_said_at_once_and_what_it_is(bench):
    assert await outcome(bench.names, "absent.example") == (ENOENT, "absent.example: no such name")
    fault = await outcome(bench.names, "short.example")
    assert fault == (ENOENT, "short.example: the answer is damaged")


async def test_a_silent_name_server_holds_nobody_up(bench):
    turns = [0]

    async def others():
        while True:
            turns[0] += 1
            await asyncio.sleep_ms(1)

    task = asyncio.create_task(others())
    said = await outcome(bench.names, "silent.example")
    task.cancel()
    assert said[0] == ETIMEDOUT and said[1] == "silent.example: no answer from the name server 127.0.0.1"
    assert turns[0] > 50, turns
    said = await outcome(bench.nobody, "line.example")
    assert said[1] == "line.example: no answer from the name server 127.0.0.1"
    said = await outcome(bench.untold, "line.example")
    assert said == (ENOENT, "line.example: DHCP has told no name server")


async def test_a_line_reaches_its_name_and_one_without_address_is_down(bench):
    line = bench.line("line.example")
    assert await line.exchange(b"ping", lambda raw: 4 - len(raw), 1000) == b"ping"
    await line.close()
    try:
        await bench.line("absent.example").exchange(b"ping", lambda raw: 4 - len(raw), 1000)
        raise AssertionError("was reached")
    except LineDown as error:
        assert error.args[1] == ENOENT


async def test_a_console_takes_names_and_refuses_what_is_none(bench):
    assert bench.check("broker.example") == ""
    assert bench.check("192.0.2.1") == ""
    assert bench.check("broker.local").startswith("[uplink] host = 'broker.local': expected an address")
