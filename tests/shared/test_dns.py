"""What a name server is asked and which answers count: boards/micropython/dns.py."""

from boards.micropython.dns import NoAddress, address_of, check, is_answer, is_name, question

ASKED = question("Broker.Example", b"\x12\x34")
NAME = b"\x06broker\x07example\x00"
BEHIND = 12 + len(NAME) + 4  # where the first record begins
TO_QUESTION = b"\xc0\x0c"  # a pointer to the name that was asked for


def record(owner, kind, content, place=1):
    return owner + bytes((0, kind, 0, place)) + b"\x00\x00\x0e\x10" + len(content).to_bytes(2, "big") + content


def answer(*records, code=0, identifier=b"\x12\x34", asked=NAME, count=None):
    count = len(records) if count is None else count
    head = identifier + bytes((0x81, 0x80 | code)) + b"\x00\x01" + count.to_bytes(2, "big") + bytes(4)
    return head + asked + b"\x00\x01\x00\x01" + b"".join(records)


def why_not(packet):
    try:
        return "found " + address_of(packet, ASKED)
    except NoAddress as fault:
        return fault.args[0]


def refused(name):
    try:
        question(name, b"")
    except ValueError as fault:
        return fault.args[0]
    return ""


def test_a_question_is_the_bytes_of_rfc_1035():
    head = b"\x12\x34" + b"\x01\x00" + b"\x00\x01" + bytes(6)  # recursion desired, one question
    assert head + NAME + b"\x00\x01\x00\x01" == ASKED


def test_an_address_needs_no_question_and_a_name_does():
    assert not is_name("192.168.1.10")
    assert is_name("broker") and is_name("1e100.net") and is_name("10.example")


def test_what_is_no_name_is_refused_in_words():
    for name in ("", "a..b", ".a", "a.", "a b", "caf\xe9.example", "::1", "a" * 64, ".".join(["a" * 49] * 6)):
        assert "letters" in refused(name), name
    assert refused("a" * 63 + ".b_c-1") == ""
    assert refused(".".join(["a" * 49] * 5)) == ""
    assert ".local" in refused("wallbox.LOCAL") and refused("local.example") == ""


def test_the_sentence_says_where_the_name_stands():
    check("[uplink]", "broker.example")
    try:
        check("[uplink]", "wallbox.local")
        raise AssertionError("was taken")
    except ValueError as fault:
        assert fault.args[0].startswith("[uplink] host = 'wallbox.local': expected an address")


def test_an_answer_repeats_identifier_and_question():
    assert is_answer(answer(), ASKED)
    assert is_answer(answer(asked=NAME.upper()), ASKED)  # some servers spell as they like
    assert not is_answer(answer(identifier=b"\x12\x35"), ASKED)
    assert not is_answer(answer(asked=b"\x06broken\x07example\x00"), ASKED)
    assert not is_answer(ASKED, ASKED)  # what we sent ourselves
    assert not is_answer(answer()[:-1], ASKED)
    assert not is_answer(answer()[:2], ASKED) and not is_answer(b"", ASKED)


def test_the_first_address_is_taken_whatever_else_there_is():
    mail = record(TO_QUESTION, 15, b"\x00\x0a" + TO_QUESTION)
    other = record(b"\x05other\x00", 1, b"\x09\x09\x09\x09")
    of_another_class = record(TO_QUESTION, 1, b"\x08\x08\x08\x08", place=3)
    first, second = record(TO_QUESTION, 1, bytes((192, 0, 2, 7))), record(NAME, 1, bytes((192, 0, 2, 8)))
    assert why_not(answer(mail, other, of_another_class, first, second)) == "found 192.0.2.7"
    assert why_not(answer(second, first)) == "found 192.0.2.8"
    assert why_not(answer(record(TO_QUESTION, 1, b"\x01\x02\x03"), first)) == "found 192.0.2.7"


def test_an_alias_is_followed_in_any_order_and_any_spelling():
    alias = record(TO_QUESTION, 5, b"\x03www" + b"\xc0\x13")  # www.example: the end of the name that was asked for
    address = record(b"\x03WWW\x07Example\x00", 1, bytes((192, 0, 2, 9)))
    assert why_not(answer(alias, address)) == "found 192.0.2.9"
    assert why_not(answer(address, alias)) == "found 192.0.2.9"
    assert why_not(answer(alias)) == "it has no IPv4 address"


def test_aliases_without_end_end():
    to_itself = record(TO_QUESTION, 5, TO_QUESTION)
    assert why_not(answer(to_itself)) == "it has no IPv4 address"
    names = [b"\x01" + bytes((97 + at,)) + b"\x00" for at in range(9)]
    chain = [record(TO_QUESTION, 5, names[0])] + [record(names[at], 5, names[at + 1]) for at in range(8)]
    assert why_not(answer(*chain, record(names[6], 1, b"\x01\x01\x01\x01"))) == "found 1.1.1.1"
    assert why_not(answer(*chain, record(names[8], 1, b"\x01\x01\x01\x01"))) == "it has no IPv4 address"


def test_what_a_server_says_against_it_is_told():
    assert why_not(answer(code=3)) == "no such name"
    assert why_not(answer(code=2)) == "the name server failed (2)"
    assert why_not(answer()) == "it has no IPv4 address"


def test_a_damaged_answer_is_no_answer():
    good = answer(record(TO_QUESTION, 1, bytes((192, 0, 2, 7))))
    for size_bytes in range(BEHIND, len(good)):
        assert why_not(good[:size_bytes]) == "the answer is damaged", size_bytes
    assert why_not(answer(count=1)) == "the answer is damaged"
    forward = bytes((0xC0, BEHIND + 2))
    for owner in (forward, bytes((0xC0, BEHIND)), b"\xff\xff", b"\xc0", b"\x80", b"\x3fshort"):
        assert why_not(answer(record(owner, 1, b""))[: BEHIND + 12]) == "the answer is damaged", owner
    long = b"".join([b"\x3f" + b"a" * 63] * 5) + b"\x00"
    assert why_not(answer(record(long, 1, bytes(4)))) == "the answer is damaged"


def test_no_more_than_16_records_are_looked_at():
    others = [record(b"\x05other\x00", 1, b"\x09\x09\x09\x09")] * 16
    last = record(TO_QUESTION, 1, bytes((192, 0, 2, 7)))
    assert why_not(answer(*others[:15], last)) == "found 192.0.2.7"
    assert why_not(answer(*others, last)) == "it has no IPv4 address"
