"""What a utility's IEEE 2030.5 server sends, and the file in which the client keeps what it read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from agent import orders, record
from agent.command import Authority
from boards.cpython.ieee2030_5 import document, responses
from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.document import Refused
from boards.cpython.ieee2030_5.events import Book
from boards.cpython.ieee2030_5.kept import Kept
from boards.cpython.ieee2030_5.plan import planned
from boards.cpython.ieee2030_5.site import Site
from tests.ieee2030_5.server import SPACES, Utility
from tests.shared.house import House

NOW_S = 1_800_000_000
LFDI = "AB" * 20
SITE = Site("battery", 5000, 5000, 5000, "", True, 50)
UTILITY = Authority("utility", b"\x04" + b"u" * 64, "utility", 1 << 40)
LISTS = {"DERProgramList": "DERProgram", "DERControlList": "DERControl", "EndDeviceList": "EndDevice"}


def served(raw: bytes) -> None:
    """Refused with the path of what is wrong, or something that the core finds nothing malformed in."""
    for name in ("Time", "DeviceCapability", "DefaultDERControl", "Registration", *LISTS):
        try:
            _decoded(name, document.read(raw, name))
        except Refused as refused:
            assert len(refused.args) == 1 and type(refused.args[0]) is str


def _decoded(name: str, node: document.Node) -> None:
    if name == "Time":
        assert r.server_s(node) > 0
    elif name == "DeviceCapability":
        assert r.poll_s(node) >= 0 and not r.link(node, "TimeLink").startswith("//")
    elif name == "Registration":
        assert 0 <= node.whole("pIN", 0, 999999) <= 999999
    elif name == "DefaultDERControl":
        program = r.Program("/derp/1", "A", 1, "", "", r.default(node))
        _planned(Book(LFDI), [program])
    else:
        r.listed(node)
        for item in node.all(LISTS[name]):
            _item(name, item)


def _item(name: str, item: document.Node) -> None:
    within = r.Program("/derp/1", "A", 1, "", "")
    if name == "DERProgramList":
        assert r.program(item).href[:2] != "//"
    elif name == "DERControlList":
        found = r.control(item, within, NOW_S)
        book = Book(LFDI)
        if isinstance(found, r.Control):
            book.take([found], NOW_S)
        _planned(book, [within])
    else:
        assert len(item.hexadecimal("lFDI", 20)) <= 40


def _planned(book: Book, programs: list[r.Program]) -> None:
    """Hold what comes of it to what the core takes."""
    state = House().state
    plan = planned(book.spans(NOW_S), programs, SITE, NOW_S, NOW_S - 100)
    for kind, body in [body for body, _ in plan.lasting] + [each.body for each in plan.timed]:
        try:
            orders.made(state, UTILITY, kind, body, b"")
        except orders.Refused as refused:
            assert refused.args[0] != record.MALFORMED, (kind, body)
    book.pass_time(NOW_S)
    told = responses.due(book, NOW_S, SITE, responses.Standing(True, False))
    assert all(0 < each.status < 255 and each.reply_to.startswith("/") for each in told)


def served_seeds() -> list[bytes]:
    """Return what the test server says, and what it once would not be read as."""
    utility = Utility(LFDI, 1, lambda: NOW_S)
    program = utility.add_program(1)
    program.default = {"opModImpLimW": 0, "opModExpLimW": 1500, "opModConnect": True, "setGradW": 27}
    every = {
        "opModExpLimW": 1000, "opModImpLimW": 2000, "opModGenLimW": 3, "opModLoadLimW": 4, "opModStorageTargetW": -5,
        "opModTargetW": 6, "opModFixedW": -500, "opModMaxLimW": 9000, "opModConnect": False,
    }  # fmt: skip
    utility.add_event(program, NOW_S, 600, every, random_start_s=-60, random_duration_s=60, ramp_cs=6000, tens=0)
    paths = ("/dcap", "/tm", "/edev", "/edev/1/rg", "/edev/1/fsa/1/derp", "/edev/1/derp/1/derc", "/edev/1/derp/1/dderc")
    said = [utility.answer("GET", path, "")[2] for path in paths]
    odd = [f'<!DOCTYPE x [<!ENTITY a "b">]><Time {SPACES}>&a;</Time>', "<Time/>", ""]
    return said + [each.encode() for each in odd]


def schedule(raw: bytes) -> None:
    """None of ours, or whole; what is whole can be kept again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kept.json"
        file.write_bytes(raw)
        kept = Kept(file)
        try:
            programs, entries, waiting, ahead_ms = kept.load()
        except ValueError as refused:
            assert len(refused.args) == 1 or isinstance(refused, UnicodeDecodeError)
            return
        packed = kept.packed(programs, entries, waiting, ahead_ms)
        assert packed is not None
        book = Book(LFDI)
        book.entries = {entry.control.mrid: entry for entry in entries}
        planned(book.spans(NOW_S), programs, SITE, NOW_S, 0)


def schedule_seeds() -> list[bytes]:
    """Return a kept schedule, and what is none."""
    program = r.Program("/derp/1", "A", 1, "/c", "/d", r.Default("D", {r.EXPORT: 5}, ("opModVoltVar",), 27))
    control = r.Control("AB", 1, 2, NOW_S, 60, 1, {r.EXPORT: 7}, (), 5, 6, 7, "/r", 3, NOW_S, "/derp/1")
    book = Book(LFDI)
    book.take([control], NOW_S)
    with tempfile.TemporaryDirectory() as folder:
        packed = Kept(Path(folder) / "kept.json").packed([program], list(book.entries.values()), [], 1500)
    assert packed is not None
    empty = {"version": 1, "programs": [], "entries": [], "responses": [], "ahead_ms": None}
    return [packed, json.dumps(empty).encode(), b"[]", b'{"version": 2}', b"\xff"]
