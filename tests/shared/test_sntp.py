"""What a time server's answer says and which ones are believed: boards/micropython/sntp.py."""

from boards.micropython.sntp import MADE_S, Kissed, NotBelieved, agreed, is_answer, read, request

NONCE = b"8 bytes!"
SINCE_1900_S = 2208988800
NOW_S = 1794000000


def stamp(unix_ms):
    seconds = (unix_ms // 1000 + SINCE_1900_S) & 0xFFFFFFFF
    return seconds.to_bytes(4, "big") + ((unix_ms % 1000 << 32) // 1000 + 1).to_bytes(4, "big")


def packet(came_ms=NOW_S * 1000, held_ms=0, leap=0, version=4, mode=4, stratum=2, root=b"", nonce=NONCE):
    head = bytes((leap << 6 | version << 3 | mode, stratum, 6, 0xEC))
    return head + (root or bytes(12)) + bytes(8) + nonce + stamp(came_ms) + stamp(came_ms + held_ms)


def refused(raw, waited_ms=10, floor_s=0):
    try:
        return read(raw, waited_ms, floor_s)
    except (NotBelieved, Kissed) as why:
        return type(why), why.args[0]


def test_a_request_is_48_bytes_of_version_4_and_carries_nothing_but_its_nonce():
    assert request(NONCE) == b"\x23" + bytes(39) + NONCE


def test_only_what_repeats_the_nonce_is_an_answer():
    assert is_answer(packet(), NONCE)
    assert not is_answer(packet(nonce=b"another!"), NONCE)
    assert not is_answer(packet()[:47], NONCE)
    assert not is_answer(b"", NONCE)


def test_half_the_way_there_and_back_is_added_and_bounds_the_error():
    assert read(packet(), 0, 0) == (NOW_S * 1000, 2)
    assert read(packet(), 100, 0) == (NOW_S * 1000 + 50, 52)
    assert read(packet(held_ms=40), 100, 0) == (NOW_S * 1000 + 70, 32)
    unix_ms, bound_ms = read(packet(), 1401, 0)
    assert unix_ms - bound_ms <= NOW_S * 1000 and unix_ms + bound_ms >= NOW_S * 1000 + 1401


def test_what_the_server_itself_does_not_know_is_added_to_the_bound():
    delay, dispersion = (65536 // 10).to_bytes(4, "big"), (65536 // 5).to_bytes(4, "big")
    assert read(packet(root=delay + dispersion + b"GPS\0"), 0, 0)[1] == 50 + 200 + 2


def test_on_a_day_with_a_leap_second_a_second_is_added_to_the_bound():
    for leap in (1, 2):
        assert read(packet(leap=leap), 0, 0)[1] == 1002


def test_an_answer_that_cannot_be_right_is_refused_with_its_reason():
    far = (2 * 65536).to_bytes(4, "big") * 2 + b"GPS\0"
    for raw, why in (
        (packet(mode=3), "not an answer of a server"),
        (packet(version=0), "not an answer of a server"),
        (packet(version=5), "not an answer of a server"),
        (packet(leap=3), "its own clock is not set"),
        (packet(stratum=16), "its own clock is not set"),
        (packet(root=far), "too far from a true clock"),
        (packet(came_ms=(MADE_S - 1) * 1000), "before this software was made"),
        (packet(came_ms=-SINCE_1900_S * 1000), "before this software was made"),
        (packet(held_ms=-5), "it was sent before it was asked for"),
        (packet(held_ms=500), "it was sent before it was asked for"),
    ):
        assert refused(raw) == (NotBelieved, why), why


def test_no_answer_leads_behind_the_last_time_known():
    assert refused(packet(), floor_s=NOW_S + 1) == (NotBelieved, "before the last time known")
    assert read(packet(), 0, NOW_S)[0] == NOW_S * 1000


def test_the_era_that_begins_in_2036_is_no_step_back():
    unix_s = (1 << 32) - SINCE_1900_S + 100
    assert read(packet(came_ms=unix_s * 1000), 0, NOW_S)[0] == unix_s * 1000


def test_a_kiss_is_told_from_an_answer_and_nothing_in_it_is_believed():
    for code in ("DENY", "RSTR", "RATE"):
        raw = packet(stratum=0, leap=3, came_ms=0, root=bytes(8) + code.encode())
        assert refused(raw) == (Kissed, code)
    assert refused(packet(stratum=0, root=bytes(8) + b"\x00\xff\nX")) == (Kissed, "X")


def test_no_packet_does_more_than_refuse():
    noise = 12345
    for _ in range(300):
        raw = bytearray(48)
        for at in range(48):
            noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
            raw[at] = noise >> 16 & 0xFF
        found = refused(bytes(raw), noise % 1500, NOW_S)
        assert found[0] in (NotBelieved, Kissed) or (found[0] >= NOW_S * 1000 and found[1] > 0)


def test_one_answer_is_taken_and_of_two_that_differ_none():
    assert agreed([]) is None
    assert agreed([(5000, 20)]) == (5000, 20)
    assert agreed([(5000, 20), (5030, 15)]) == (5030, 15)
    assert agreed([(5000, 20), (5040, 15)]) is None


def test_three_outvote_one_that_is_wrong_however_sure_it_is():
    assert agreed([(5000, 20), (9999, 1), (5010, 25)]) == (5000, 20)
    assert agreed([(1, 1), (5000, 20), (9999, 1)]) is None
    assert agreed([(1, 1), (1, 1), (5000, 20), (5001, 10)]) is None
