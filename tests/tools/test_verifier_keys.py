"""An agent's keys: the first is trusted, its own signed records begin and end the others, an operator revokes."""

from __future__ import annotations

import json

import pytest

from tests.tools import evidence as e
from tests.tools.judging import judged, names
from tools.headend.intake import Intake
from tools.headend.sessions import Sessions
from tools.headend.store import Store
from tools.verifier import Chain, Keys, Verifier, read_page

NEXT = e.private_key(501)
OTHER = e.private_key(502)


def rotated() -> tuple[e.Maker, list[bytes]]:
    """Page 0 by the first key, 1 begins the next, 2 by the first, 3 by the next and ends the first, 4 by the next."""
    maker = e.Maker()
    pages = [maker.page(), maker.page(e.key_begins(maker.agent, NEXT)), maker.page()]
    maker.signer = NEXT
    return maker, [*pages, maker.page(e.key_ends(maker.key)), maker.page()]


def test_keys_are_learned_from_the_pages_and_both_sign_meanwhile():
    maker, pages = rotated()
    report = judged(pages, maker)
    assert report.ok, report.faults
    ring = report.agents[0].chain.keys
    assert ring.begun == {maker.agent.hex(): -1, e.kid_of(NEXT).hex(): 3}
    assert ring.ended == {maker.agent.hex(): 6}
    again = Chain.from_json(json.loads(json.dumps(report.agents[0].chain.as_json())))
    assert again.keys == ring


def test_the_key_that_ended_signs_nothing_more():
    maker, pages = rotated()
    maker.signer = maker.key
    report = judged([*pages, maker.page()], maker)
    assert names(report) == {"key_ended": 1}
    assert report.agents[0].pages == 5


def test_a_thief_s_page_does_not_stand_in_the_way_of_the_right_one():
    maker, pages = rotated()
    thief, _ = rotated()
    thief.signer = thief.key
    assert names(judged([*pages, thief.page(e.gap(2)), maker.page()], maker)) == {"key_ended": 1}


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4], [0, 3, 4, 1, 2], [4, 3, 2, 1, 0]])
def test_pages_that_came_before_their_key_are_judged_once_it_is_known(order):
    maker, pages = rotated()
    report = judged([pages[number] for number in order], maker)
    assert set(names(report)) == {"reordered"}
    assert report.agents[0].pages == 5


def test_a_page_may_not_be_signed_by_the_key_that_it_begins():
    maker = e.Maker()
    first = maker.page()
    maker.signer = NEXT
    assert names(judged([first, maker.page(e.key_begins(maker.agent, NEXT))], maker)) == {"unknown_key": 1}


def test_a_key_signs_only_behind_the_page_that_begins_it():
    maker = e.Maker()
    maker.signer = NEXT
    early = maker.page()
    maker.signer = maker.key
    begins = maker.page(e.key_begins(maker.agent, NEXT))
    assert names(judged([early, begins], maker)) == {"key_not_begun": 1, "missing_start": 1}


def test_a_key_without_its_own_proof_is_not_begun():
    for bend in (None, bytes(64), e.key_begins(bytes(8), NEXT)[4], e.raw_signature(OTHER, b"x")):
        maker = e.Maker()
        record = e.key_begins(maker.agent, NEXT)
        record[4] = bend
        pages = [maker.page(), maker.page(record)]
        maker.signer = NEXT
        assert names(judged([*pages, maker.page()], maker)) == {"key_proof": 1, "unknown_key": 1}, bend


def test_a_key_that_is_no_point_is_not_begun():
    maker = e.Maker()
    assert names(judged([maker.page(e.boot(), [15, 0, 1, b"\x04" + bytes(64), bytes(64)])], maker)) == {"key_proof": 1}


def test_what_changes_nothing_is_told():
    for facts in (
        [e.key_ends(NEXT)],
        [e.key_begins(e.Maker().agent, NEXT), e.key_begins(e.Maker().agent, NEXT)],
        [e.key_begins(e.Maker().agent, e.Maker().key)],
    ):
        maker = e.Maker()
        assert names(judged([maker.page(e.boot(), *facts)], maker)) == {"key_change_void": 1}


def test_an_ended_key_does_not_begin_again():
    maker, pages = rotated()
    assert names(judged([*pages, maker.page(e.key_begins(maker.agent, maker.key))], maker)) == {"key_change_void": 1}


def test_a_revoked_key_signs_nothing_from_that_number_on():
    maker, pages = rotated()
    kid = e.kid_of(NEXT)
    assert judged(pages, maker, revoked={kid: 9}).ok
    report = judged(pages, maker, revoked={kid: 8})
    assert names(report) == {"key_revoked": 1}
    assert report.agents[0].pages == 4
    assert names(judged(pages, maker, revoked={maker.agent: 0})) == {"key_revoked": 3, "unknown_key": 2}


def test_files_that_begin_behind_a_rotation_need_its_key():
    maker, pages = rotated()
    start = [maker_hash(pages[3])]
    assert names(judged(pages[4:], maker, starts=start)) == {"unknown_key": 1}
    begun = [(maker.agent.hex(), e.public_bytes(NEXT))]
    assert judged(pages[4:], maker, starts=start, begun=begun).ok


def maker_hash(raw: bytes) -> bytes:
    from tools.verifier.page import open_page
    from tools.wire import sha256

    return sha256(open_page(raw).envelope.payload)


def test_one_agent_s_later_key_signs_for_no_other():
    maker, pages = rotated()
    victim = e.Maker(5)
    victim.signer = NEXT
    assert names(judged([*pages, victim.page()], maker, victim)) == {"wrong_agent": 1}


def test_what_a_stranger_signs_in_an_agent_s_name_does_not_pile_up():
    maker = e.Maker()
    verifier = Verifier([maker.public])
    maker.signer = OTHER
    for raw in maker.pages(200):
        verifier.add(raw)
    assert verifier.report().counts == {"unknown_key": 200}


def test_many_pages_at_a_time_are_judged_as_one_by_one():
    maker, pages = rotated()
    verifier = Verifier([maker.public])
    bent = bytearray(pages[2])
    bent[40] ^= 1
    verifier.add_all([(raw, "") for raw in [*pages[:2], bytes(bent), *pages[3:], b"\x83"]])
    assert verifier.report().counts == judged([*pages[:2], bytes(bent), *pages[3:], b"\x83"], maker).counts


def test_the_head_end_follows_a_rotation_also_after_a_restart_and_newest_first(tmp_path):
    maker, pages = rotated()
    agent, keys = maker.agent.hex(), {maker.agent.hex(): maker.public}
    receipts = e.private_key(9)
    for number in (1, 3, 4, 0, 2):  # each by a process of its own
        store = Store(tmp_path / "headend.sqlite")
        intake = Intake(store, Sessions(store, keys), keys, receipts)
        assert (intake.take_page(agent, pages[number]) is not None) == (number != 9), number
        store.close()
    store = Store(tmp_path / "headend.sqlite")
    sessions = Sessions(store, keys)
    intake = Intake(store, sessions, keys, receipts)
    assert (intake.chains[agent].next_seq, store.faults(agent)) == (maker.seq, [])
    fields = [2, 1, maker.agent, 1, 5, 0, 0, maker.seq, 0, maker.prev, []]
    assert sessions.take(agent, e.sealed(e.encode(fields), NEXT))
    maker.signer = maker.key
    assert intake.take_page(agent, maker.page()) is None
    assert store.refusals(agent) == {"key_ended": 1}
    store.close()


def test_the_head_end_drops_a_page_whose_key_turns_out_to_have_ended(tmp_path):
    maker, pages = rotated()
    thief, _ = rotated()
    maker.seq, maker.prev, maker.base_s = thief.seq, thief.prev, thief.base_s
    thief.signer = thief.key
    agent, keys = maker.agent.hex(), {maker.agent.hex(): maker.public}
    store = Store(tmp_path / "headend.sqlite")
    intake = Intake(store, Sessions(store, keys), keys, e.private_key(9))
    assert intake.take_page(agent, thief.page(e.gap(2))) is not None  # nobody knows yet that its key has ended
    for raw in pages:
        assert intake.take_page(agent, raw) is not None
    assert [fault["name"] for fault in store.faults(agent)] == ["key_ended"]
    right = maker.page()
    assert intake.take_page(agent, right) is not None
    assert (list(store.pages(agent)), intake.chains[agent].next_seq) == ([*pages, right], maker.seq)
    store.close()


def test_a_session_by_an_ended_key_is_refused(tmp_path):
    from tools.strict import NotStrict

    maker, pages = rotated()
    agent, keys = maker.agent.hex(), {maker.agent.hex(): maker.public}
    store = Store(tmp_path / "headend.sqlite")
    sessions = Sessions(store, keys)
    intake = Intake(store, sessions, keys, e.private_key(9))
    for raw in pages:
        assert intake.take_page(agent, raw) is not None
    fields = [2, 1, maker.agent, 1, 5, 0, 0, maker.seq, 0, maker.prev, []]
    with pytest.raises(NotStrict) as refused:
        sessions.take(agent, e.sealed(e.encode(fields), maker.key))
    assert refused.value.fault == "key_ended"
    store.close()


def test_a_page_of_a_known_agent_is_read_with_its_keys_alone():
    maker = e.Maker()
    raw = maker.page()
    assert read_page(raw, Keys([maker.public])).ok
    assert read_page(raw, Keys()).faults[0].name == "unknown_key"
