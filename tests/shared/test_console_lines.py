"""The console's lines: bounded, cut anywhere, hostile."""

from __future__ import annotations

from agent.console_lines import Declined, Lines, checked, id_of, parsed, whole


def why_not(line: bytes, known: tuple[str, ...] = ()) -> str:
    """Return the word of the refusal."""
    try:
        checked(parsed(line), known)
    except Declined as refused:
        assert len(refused.args[1]) < 400 and "\n" not in refused.args[1]
        return str(refused.args[0])
    return ""


def test_lines_are_the_same_however_the_bytes_are_cut():
    raw = b'{"a": 1}\n\r\n  \n[2]\r\nxx\n'
    wanted = [b'{"a": 1}', b"[2]\r", b"xx"]
    for size in range(1, len(raw) + 1):
        lines, found = Lines(40), []
        for at in range(0, len(raw), size):
            found += lines.take(raw[at : at + size])
        assert found == wanted


def test_a_line_of_just_the_size_is_taken_and_a_longer_one_is_told_of_once():
    for size in (1, 3, 1000):
        lines, found = Lines(8), []
        raw = b"12345678\n123456789" + b"0" * 50 + b"\nnext\n"
        for at in range(0, len(raw), size):
            found += lines.take(raw[at : at + size])
        assert found == [b"12345678", None, b"next"]


def test_what_is_no_request_is_refused_with_one_sentence():
    for line in (b"GET / HTTP/1.1", b"\xff\xfe", b"{", b"[1]", b"7", b'"cmd"', b"{}", b'{"cmd": 5}', b'{"cmd": null}'):
        assert why_not(line) == "malformed", line


def test_depth_is_bounded_before_it_is_parsed_and_brackets_in_texts_do_not_count():
    assert why_not(b"[" * 900) == "malformed"
    assert why_not(b'{"cmd": "x", "a": [[[1]]]}', ("a",)) == ""
    assert why_not(b'{"cmd": "x", "a": [[[[1]]]]}', ("a",)) == "malformed"
    assert why_not(b'{"cmd": "x", "a": "[[[[[[{{{{ \\" [["}', ("a",)) == ""


def test_another_version_and_unknown_keys_are_refused():
    assert why_not(b'{"cmd": "x", "v": 1}') == ""
    for version in (b"2", b"0", b'"1"', b"true", b"null"):
        assert why_not(b'{"cmd": "x", "v": ' + version + b"}") == "version"
    assert why_not(b'{"cmd": "x", "id": 4}') == ""
    assert why_not(b'{"cmd": "x", "more": 4}') == "malformed"


def test_only_what_is_short_is_repeated_as_id():
    assert [id_of({"id": given}) for given in (0, -5, "a" * 32)] == [0, -5, "a" * 32]
    assert [id_of({"id": given}) for given in ("a" * 33, 1 << 40, True, None, [1], {})] == [None] * 6


def test_numbers_are_whole_and_within_bounds():
    assert whole({"n": 3}, "n", 1, 3) == 3 and whole({}, "n", 1, 3, 2) == 2
    for wrong in ({}, {"n": 0}, {"n": 4}, {"n": True}, {"n": "2"}, {"n": None}):
        refused = False
        try:
            whole(wrong, "n", 1, 3)
        except Declined:
            refused = True
        assert refused, wrong
