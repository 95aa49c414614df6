"""The rules about protocols with a peer are shown the defects that they must find; a sound agent breaks none."""

from __future__ import annotations

import asyncio
import contextlib
import importlib

import pytest

from tests.scenarios.worlds import broken_rule, small_world
from tools.simulate.peers import FAR_SIDES

GUARD = {"name": "guard", "kind": "eebus-lpc", "power_max_w": 30000, "scope": "", "failsafe_w": 4200}
VTN = {
    "name": "vtn", "kind": "openadr", "role": "grid", "power_max_w": 30000, "url": "https://vtn", "notices": "none",
    "ven_name": "simulated", "targets": {"house": ""},
}  # fmt: skip
UTILITY = {
    "name": "utility", "kind": "ieee2030-5", "power_max_w": 9000, "host": "utility", "ca": "ca", "cert": "cert",
    "cert_key": "key", "device": "battery", "type": 83, "max_w": 5000,
}  # fmt: skip
CEM = {
    "name": "cem", "kind": "s2", "power_max_w": 12000, "url": "wss://cem", "devices": ["charger", "battery", "load-1"],
    "capacity_wh": {"battery": 5000},
}  # fmt: skip
CONTACT = {"name": "relays", "kind": "relays", "power_max_w": 30000, "w4": "room", "dim_w": 4200}
SOURCES = (GUARD, VTN, UTILITY, CEM, CONTACT)


WARMER = (20, "command", "owner", 2, ["room", 25000, 7200, 0], "")


def says(at_s, name, word, seed=1, seconds=120):
    """Return the event that lets a peer do something."""
    return (at_s, "peer", name, word, seed, seconds)


def no_end_to_patience(patch):
    patch.setattr("agent.sources.limitation._SILENT_MS", 1 << 40)


def believes_every_list(patch):
    patch.setattr("boards.cpython.openadr.known.MISSES", 1)


def says_what_it_does_not_do(patch):
    patch.setattr("boards.cpython.ieee2030_5.site.Site._limits", lambda *_: [((1, "", 0), 9000)])


def lets_bad_documents_through(patch):
    patch.setattr("boards.cpython.ieee2030_5.document.expat.ExpatError", KeyError)


def reads_numbers_as_they_come(patch):
    patch.setattr("boards.cpython.openadr.timeline.parts", lambda span, payload: payload.entries[0] + 1)
    patch.setattr("boards.cpython.openadr.agenda.parts", lambda span, payload: payload.entries[0] + 1)


def hears_without_a_word(patch):
    patch.setattr("boards.cpython.s2.session.Session._refuse", lambda *_: None)


def answers_nothing(patch):
    patch.setattr("boards.cpython.eebus.spine.answer", lambda *_: None)


def rejects_without_a_word(patch):
    say_status = importlib.import_module("boards.cpython.s2.session").Session._say_status

    def quiet(self, taken, now_ms):
        self.refused = ""
        say_status(self, taken, now_ms)

    patch.setattr("boards.cpython.s2.session.AHEAD_MS", -1 << 50)
    patch.setattr("boards.cpython.s2.session.Session._say_status", quiet)


def forgets_what_was_bad(patch):
    patch.setattr("boards.cpython.openadr.ven.Ven.refusals", {})


def enters_what_is_refused(patch):
    patch.setattr("agent.sources.peer_desk.PeerDesk.reason_against", lambda *_: 0)
    patch.setattr("boards.cpython.ieee2030_5.holder.Holder._bounded", lambda _self, body: body)


def contact_counts_as_open(patch):
    def look(self, *_):
        self.closed = False

    patch.setattr("agent.sources.relays._Contact.look", look)


def heeds_no_end(patch):
    async def poll(*_):
        for _ in range(9):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(600)

    patch.setattr("boards.cpython.openadr.ven.Ven._poll", poll)


# Defect -> rule that must find it, what happens.
CASES = {
    no_end_to_patience: ("source's limit", [says(60, "guard", "release"), says(70, "guard", "vanish", 1, 300)]),
    believes_every_list: ("source's limit", [says(130, "vtn", "event", 29), says(250, "vtn", "forget")]),
    says_what_it_does_not_do: ("source's limit", [says(20, "utility", "control", 5)]),
    lets_bad_documents_through: ("source goes on", [says(100, "utility", "noise")]),
    reads_numbers_as_they_come: ("source goes on", [says(100, "vtn", "bad", 4)]),
    hears_without_a_word: ("refusal has a reason", [says(100, "cem", "noise")]),
    answers_nothing: ("refusal has a reason", [says(100, "guard", "limit")]),
    rejects_without_a_word: ("refusal has a reason", [says(100, "cem", "instruct")]),
    forgets_what_was_bad: ("refusal has a reason", [says(155, "vtn", "bad")]),
    heeds_no_end: ("source ends", [(161, "cut", 5, 0, 0)]),
    contact_counts_as_open: ("source's limit", [WARMER]),
    enters_what_is_refused: ("set makes sense", []),
}


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.__name__)
def test_a_defect_of_a_protocol_is_found(broken, monkeypatch):
    rule, happens = CASES[broken]
    broken(monkeypatch)
    assert broken_rule(small_world(*happens, sources=SOURCES), 400) == rule


def test_every_word_of_every_peer_is_survived():
    words = [says(30 + 3 * at, row["name"], word, at, 20)
             for row, far in zip(SOURCES, FAR_SIDES, strict=True)
             for at, word in enumerate(far.words)]  # fmt: skip
    happens = sorted(words + [happen for _, found in CASES.values() for happen in found])
    world = small_world(*happens, sources=SOURCES, agent={"tick_ms": 3000})
    assert broken_rule(world, 400) == ""
    assert all(far.heard > 30 for far in world.far_sides.values() if far.words)
