"""A reader that stops or goes: nothing waits for it, and it is told what it missed."""

from __future__ import annotations

import os

from boards.cpython.voice import LINES_MAX, Voice
from tests.boards.test_gateway_start import full_pipe


def test_lines_that_found_no_room_are_counted_where_they_are_missing() -> None:
    reader, writer = full_pipe()
    with os.fdopen(writer, "w") as stream, os.fdopen(reader, "rb", buffering=0) as pipe:
        voice = Voice(stream, "{} missed".format)
        for number in range(LINES_MAX + 100):
            voice.say(str(number))
        voice.close()  # returns although nobody reads; what waits is still written if somebody does
        heard = b""
        while not heard.endswith(b" missed\n"):
            heard += pipe.read(1 << 12) or b""
    lines = heard.lstrip(bytes(1)).decode().splitlines()
    assert lines[:LINES_MAX] == [str(number) for number in range(LINES_MAX)]
    assert lines[-1] in ("99 missed", "100 missed")
    assert int(lines[-2]) + int(lines[-1].split()[0]) == LINES_MAX + 99


def test_a_reader_that_has_gone_is_not_spoken_to_again() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        voice = Voice(stream, "{} missed".format)
        for _ in range(LINES_MAX * 2):
            voice.say("nobody hears")
        voice.close()
        assert not voice._writer.is_alive()


def test_a_program_that_was_started_without_output_is_silent() -> None:
    voice = Voice(None, "{} missed".format)
    voice.say("nobody hears")
    voice.close()
    assert not voice._writer.is_alive()
