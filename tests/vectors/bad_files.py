"""Vectors that are wrong as files, as envelopes or in who signed them."""

from __future__ import annotations

from tests.vectors.case import Case, case, vector
from tests.vectors.maker import ORDER, Agent, Key, encode, laid_out

OTHER_LENGTH = bytes.fromhex("d284")


def flipped(raw: bytes, place: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit turned."""
    changed = bytearray(raw)
    changed[place] ^= 1 << bit
    return bytes(changed)


@vector
def empty_file() -> Case:
    """A file without any byte proves nothing."""
    return case(Agent(), [], ["no_pages"])


@vector
def no_evidence_at_all() -> Case:
    """A text file."""
    return case(Agent(), [b"Dear auditor, all is well.\n"], ["garbage"])


@vector
def noise_between_pages() -> Case:
    """Bytes between two pages that are no page; the pages around them are judged all the same."""
    agent = Agent()
    first, second = agent.pages(2)
    return case(agent, [first, b"\x00\x01\x02", second], ["garbage"], pages=2)


@vector
def noise_after_the_last_page() -> Case:
    """A newline at the end, as an editor leaves it."""
    agent = Agent()
    return case(agent, [agent.page(), b"\n"], ["garbage"], pages=1)


@vector
def cut_in_the_envelope() -> Case:
    """The file ends inside the signature of its second page."""
    agent = Agent()
    first, second = agent.pages(2)
    return case(agent, [first, second.raw()[:150]], ["truncated"], pages=1)


@vector
def cut_in_the_records() -> Case:
    """The file ends one byte early."""
    agent = Agent()
    first, second = agent.pages(2)
    return case(agent, [first, second.raw()[:-1]], ["truncated"], pages=1)


@vector
def cut_page_followed_by_another() -> Case:
    """The middle page lost its end: it claims bytes of the next one, which is judged all the same."""
    agent = Agent()
    first, second, third = agent.pages(3)
    return case(agent, [first, second.raw()[:-5], third], ["malformed", ("missing_pages", agent, 3)], pages=2)


@vector
def cut_page_that_claims_one_byte() -> Case:
    """The middle page lost its last byte: what it claims of the next one is its first."""
    agent = Agent()
    first, second, third = agent.pages(3)
    return case(agent, [first, second.raw()[:-1], third], ["malformed", ("missing_pages", agent, 3)], pages=2)


@vector
def cut_after_one_byte() -> Case:
    """The file ends after the first byte of its second page."""
    agent = Agent()
    first, second = agent.pages(2)
    return case(agent, [first, second.raw()[:1]], ["truncated"], pages=1)


@vector
def page_too_large() -> Case:
    """A page of more than 65 536 bytes, signed and otherwise right."""
    agent = Agent()
    text = "x" * 5000
    page = agent.page(agent.boot(), *([5, 0, 0, None, text] for _ in range(14)))
    return case(agent, [page], ["oversize"])


@vector
def huge_string_claimed() -> Case:
    """Nine bytes that claim a string of 2^62."""
    agent = Agent()
    return case(agent, [agent.page(), bytes.fromhex("83d2845b4000000000000000")], ["oversize"], pages=1)


@vector
def huge_array_claimed() -> Case:
    """Nine bytes that claim 2^32 elements."""
    agent = Agent()
    return case(agent, [agent.page(), bytes.fromhex("839b0000000100000000")], ["garbage"], pages=1)


@vector
def envelope_alone() -> Case:
    """The signed header without its records: what was signed is not shown."""
    agent = Agent()
    return case(agent, [agent.page().envelope], ["garbage"])


@vector
def envelope_of_three() -> Case:
    """A COSE_Sign1 without its signature."""
    agent = Agent()
    page = agent.page()
    bare = OTHER_LENGTH.replace(b"\x84", b"\x83") + page.envelope[2:-66]
    return case(agent, [page.raw(envelope=bare)], ["garbage"])


@vector
def unprotected_header_used() -> Case:
    """An algorithm in the header that nobody signed."""
    agent = Agent()
    return case(agent, [agent.page(seal={"unprotected": {1: -7}})], ["envelope_shape"])


@vector
def payload_detached() -> Case:
    """COSE allows a payload that is null and kept elsewhere; this format does not."""
    agent = Agent()
    return case(agent, [agent.page(seal={"shown": None})], ["envelope_shape"])


@vector
def signature_too_short() -> Case:
    """A signature of 63 bytes."""
    agent = Agent()
    return case(agent, [agent.page(seal={"signature": bytes(63)})], ["envelope_shape"])


@vector
def signature_in_der() -> Case:
    """A signature as ASN.1 writes it."""
    agent = Agent()
    return case(agent, [agent.page(seal={"signature": bytes.fromhex("3044") + bytes(68)})], ["envelope_shape"])


@vector
def salt_too_short() -> Case:
    """A salt of 15 bytes."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(salt=page.salt[:15])], ["page_shape"])


@vector
def page_of_two() -> Case:
    """Envelope and records without the salt: as long as a disclosure, and none."""
    agent = Agent()
    page = agent.page()
    return case(agent, [laid_out(page.envelope, encode(page.records))], ["disclosure_shape"])


@vector
def page_of_four() -> Case:
    """One element more than a page has."""
    agent = Agent()
    page = agent.page()
    raw = laid_out(page.envelope, encode(page.salt), encode(page.records), encode(0))
    return case(agent, [raw], ["garbage"])


@vector
def other_algorithm() -> Case:
    """The protected header says ES384."""
    agent = Agent()
    return case(agent, [agent.page(seal={"protected": encode({1: -35, 4: agent.id})})], ["wrong_algorithm"])


@vector
def no_algorithm() -> Case:
    """The protected header names a key and no algorithm: nothing is taken for granted."""
    agent = Agent()
    return case(agent, [agent.page(seal={"protected": encode({4: agent.id})})], ["envelope_shape"])


@vector
def more_in_the_protected_header() -> Case:
    """A content type beside algorithm and key."""
    agent = Agent()
    return case(agent, [agent.page(seal={"protected": encode({1: -7, 3: 0, 4: agent.id})})], ["envelope_shape"])


@vector
def signed_by_a_stranger() -> Case:
    """A good page of an agent whose key nobody here trusts."""
    stranger = Agent("stranger")
    return case(Agent(), [stranger.page()], ["unknown_key"])


@vector
def signed_with_another_key() -> Case:
    """The envelope names the agent's key and is signed by another one."""
    agent = Agent()
    forged = agent.page(key=Key("forger"), seal={"protected": encode({1: -7, 4: agent.id})})
    return case(agent, [forged], [("bad_signature", agent)])


@vector
def signed_for_another_agent() -> Case:
    """Two trusted agents; one signs a page in the other's name."""
    house, shop = Agent("house"), Agent("shop")
    return case([house, shop], [house.page(agent=shop.id)], [("wrong_agent", house)])


@vector
def bit_of_the_header_flipped() -> Case:
    """One bit of the signed header is another one."""
    agent = Agent()
    page = agent.page()
    place = page.envelope.index(page.payload) + len(page.payload) - 3
    return case(agent, [page.raw(envelope=flipped(page.envelope, place))], [("bad_signature", agent)])


@vector
def bit_of_the_signature_flipped() -> Case:
    """One bit of s is another one."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(envelope=flipped(page.envelope, -1))], [("bad_signature", agent)])


@vector
def bit_of_r_flipped() -> Case:
    """One bit of r is another one."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(envelope=flipped(page.envelope, -64, 7))], [("bad_signature", agent)])


@vector
def bit_of_the_key_id_flipped() -> Case:
    """The envelope names a key that does not exist."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(envelope=flipped(page.envelope, page.envelope.index(agent.id)))], ["unknown_key"])


def _signed_as(signature: bytes) -> Case:
    agent = Agent()
    return case(agent, [agent.page(seal={"signature": signature})], [("bad_signature", agent)])


@vector
def signature_of_zeros() -> Case:
    """r = 0 and s = 0, which careless code once took for good."""
    return _signed_as(bytes(64))


@vector
def s_is_zero() -> Case:
    """s = 0 has no inverse."""
    return _signed_as(bytes(31) + b"\x01" + bytes(32))


@vector
def r_is_zero() -> Case:
    """r = 0."""
    return _signed_as(bytes(63) + b"\x01")


@vector
def r_is_the_order() -> Case:
    """r = n: out of range, and 0 once reduced."""
    return _signed_as(ORDER.to_bytes(32, "big") + bytes(31) + b"\x01")


@vector
def s_is_the_order() -> Case:
    """s = n: out of range."""
    return _signed_as(bytes(31) + b"\x01" + ORDER.to_bytes(32, "big"))


@vector
def r_beyond_the_order() -> Case:
    """A good signature with r + n in place of r would be a second spelling; here both are at their largest."""
    return _signed_as(b"\xff" * 64)


@vector
def signature_over_the_bare_payload() -> Case:
    """Signed is the payload itself and not the Sig_structure of RFC 9052."""
    agent = Agent()
    page = agent.page()
    envelope = agent.key.seal(page.payload, signature=agent.key.sign(page.payload))
    return case(agent, [page.raw(envelope=envelope)], [("bad_signature", agent)])


@vector
def session_shown_as_a_page() -> Case:
    """A session message of the same key, with records added: one kind is never taken for another."""
    agent = Agent()
    session = encode([2, 1, agent.id, 1, 60, 0, 0, 0, 0, bytes(32), []])
    return case(agent, [agent.page(payload=session)], [("wrong_type", agent)])


@vector
def version_of_the_future() -> Case:
    """Version 2 of the format."""
    agent = Agent()
    return case(agent, [agent.page(version=2)], [("unknown_version", agent)])


@vector
def header_too_long() -> Case:
    """A field more than the header has."""
    agent = Agent()
    records = agent.usual()
    fields = Agent()._header([encode(one) for one in records], bytes(16), {})
    return case(agent, [agent.page(*records, fields=[*fields, 0])], [("header_shape", agent)])


@vector
def header_with_a_short_hash() -> Case:
    """A hash of 31 bytes."""
    agent = Agent()
    return case(agent, [agent.page(prev=bytes(31))], [("header_shape", agent)])


@vector
def header_with_an_unknown_clock_quality() -> Case:
    """A clock quality that the format does not list."""
    agent = Agent()
    return case(agent, [agent.page(clock_quality=4)], [("header_shape", agent)])


@vector
def header_with_no_records() -> Case:
    """A page that says it has none."""
    agent = Agent()
    page = agent.page(agent.boot(), count=0)
    return case(agent, [page], [("header_shape", agent)])
