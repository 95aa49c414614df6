"""The linker of board images: its program does the same, keeps the names it must, and is refused when in doubt."""

from __future__ import annotations

import ast
import sys
import types

import pytest

from tools.image import packed, unloaded, with_products
from tools.link import CORE, LinkError, link
from tools.trace import readable


def run(texts, board="board", apart=(), held=(), first=()):
    """Link and load the modules of an image; return them by name."""
    linked = link(dict({"board": ""}, **texts), board, list(first), set(apart), set(held))
    loaded = {}
    for name in sorted(linked, key=lambda each: each != CORE):
        loaded[name] = sys.modules[name] = types.ModuleType(name)
        exec(linked[name].text, loaded[name].__dict__)
    for name in linked:
        del sys.modules[name]
    return loaded


def test_modules_become_one_and_what_the_board_offers_keeps_its_name():
    image = run({
        "a.near": "from struct import pack\n_STEP = const(2)\nFAR = 'far'\ndef _next(n): return n + _STEP\n",
        "a.next": "from a import near\nfrom a.near import FAR, pack\ndef _next(n): return near._next(n) * 10\n",
        "board": "from a.next import _next as n, FAR, pack\ndef run(): return n(1), FAR, pack('B', 1)\n",
    })  # fmt: skip
    assert list(image) == [CORE]
    assert image[CORE].run() == (30, "far", b"\x01")
    assert not {"_next", "FAR", "_STEP"} & set(vars(image[CORE]))


def test_a_module_apart_finds_what_it_needs_in_the_one():
    image = run(
        {
            "a.core": "SIZE = const(7)\nclass Thing:\n    def __init__(self, size): self._size = size\n",
            "a.late": "from a import core\nfrom a.core import Thing\ndef made(): return Thing(core.SIZE)._size\n",
            "board": "from a.core import Thing\ndef run():\n    from a.late import made\n    return made(), 'a.late'\n",
        },
    )
    assert image["a_late"].made() == 7
    sys.modules["a_late"] = image["a_late"]
    assert image[CORE].run() == (7, "a_late")
    del sys.modules["a_late"]


SCOPES = """
size = 5
def shadow(size): return size
def closed(size):
    def inner(by): return size * by
    return [inner(size) for size in (size, 2)], (lambda size: size + 1)(size), inner(3)
def caught():
    try:
        return 1 // 0
    except ZeroDivisionError as size:
        return str(size), [each for each in (size,) if each is size] != []
def given(size, *, more=0): return size + more
class Held:
    size = size + 1
    def size_of(self): return size, self.size
    def _hidden(self, size=size): return size
def run(): return shadow(1), closed(4), caught(), given(1, more=2), Held().size_of(), Held()._hidden()
"""


def test_every_scope_keeps_its_own_names():
    plain = {}
    exec(SCOPES, plain)
    assert run({"board": SCOPES})[CORE].run() == plain["run"]()


def test_private_attributes_of_one_family_never_become_the_same():
    image = run({
        "a": "class Base:\n    def __init__(self): self._one = 1; self._two = 2\n"
        "    def both(self): return self._one, self._two\n",
        "board": "from a import Base\nclass More(Base):\n    def __init__(self):\n        super().__init__()\n"
        "        self._three = 3\n    def run(self): return self.both(), self._three\nclass Other:\n    _one = 4\n",
    })[CORE]  # fmt: skip
    made = image.More()
    assert made.run() == ((1, 2), 3)
    assert len(vars(made)) == 3 and not [name for name in vars(made) if len(name) > 2]


def test_what_is_asked_for_by_a_text_a_keyword_or_a_tape_keeps_its_name():
    image = run(
        {
            "board": "class Kept:\n    def __init__(self, size): self._size = size\n"
            "class Asked:\n    def __init__(self): self._named, self._else = 1, 2\n"
            "def run(): return Kept(size=1), getattr(Asked(), '_named')\n"
        },
        held={"Kept"},
    )[CORE]
    kept, named = image.run()
    assert vars(kept) == {"_size": 1} and named == 1
    assert "_named" in vars(image.Asked()) and "_else" not in vars(image.Asked())


NAMES = """
class Meter:
    def __init__(self): self.reading, self.read_at, self.serial = 7, 8, 9
    def total(self): return self.reading + self.read_at
    def close(self): return 'closed'
def _far(meter):
    def _near(reading): return reading + _step(reading)
    return _near(meter.total()), _step(0), getattr(meter, 'serial')
def _step(total): return [reading for reading in (total, 1)][0]
def run(): return _far(Meter()), Meter().close()
"""


def test_functions_and_attributes_get_names_that_are_there_anyway():
    plain = {}
    exec(NAMES, plain)
    image = run({"board": NAMES})[CORE]
    assert image.run() == plain["run"]() == ((15 + 15, 0, 9), "closed")
    kept = set(vars(image.Meter())) & {"reading", "read_at", "serial"}
    assert kept == {"serial"}  # asked for by a text
    assert "close" in vars(image.Meter) and "total" not in vars(image.Meter)  # a firmware's things have a close
    functions = {name for name, thing in vars(image).items() if isinstance(thing, types.FunctionType)} - {"run"}
    attributes = {*vars(image.Meter()), *vars(image.Meter)}
    assert len(functions) == 2 and len(functions & attributes) == 2


def test_a_number_of_a_module_apart_keeps_the_name_by_which_a_compiler_knows_it():
    texts = {
        "board": f"def run(): return {[f'text{number}' for number in range(12)]}\n",
        "late": "_FIRST = const(1)\n_rows = [_FIRST]\ndef look():\n    return _rows\n",
    }
    linked = link(texts, "board", [], {"late"}, set())["late"].text
    assert "_FIRST = const(1)" in linked and "_rows" not in linked


START = """
KEYS = {'port': 1, 'rest': 2, 'a text of more than ten bytes': 3}
def read(row):
    return row['port'], f"{row['port']} of it", '%s=%d' % ('port', KEYS['rest']), KEYS['a text of more than ten bytes']
"""


def test_what_only_the_start_says_in_a_few_letters_is_no_text_of_its_bytecode():
    texts = {"board": "def run(row): return row['port']\n", "late": START}
    linked = link(texts, "board", [], {"late"}, set())["late"].text
    assert linked.count("'rest'") == linked.count("b'rest'.decode()") == 2 and "b'%s=%d'.decode()" in linked
    assert (
        "'port'" in linked and "b'port'" not in linked and "b' of it'" not in linked
    )  # of the one module: it is interned anyway
    assert "b'a text" not in linked
    image = run(texts, apart=("late",))
    assert image["late"].read({"port": 7}) == (7, "7 of it", "port=2", 3)


ERRORS = """
class Bad(Exception):
    pass
def needed(number):
    if number == 1:
        raise Bad("the meter has no such register")
    if number == 2:
        raise Bad("the meter says %d, and no more than %d is credible" % (number, 1), number)
    if number == 3:
        raise Bad(f"{number} registers were asked for")
    if number == 4:
        raise Bad("too few", "said here and there")
    if number == 5:
        raise Bad("the meter has no such register", "no more than ")
    return "said here and there"
"""


def test_what_errors_alone_say_is_one_text_that_is_cut_where_it_is_said():
    plain = {}
    exec(ERRORS, plain)
    texts = {"a.errors": ERRORS, "board": "from a.errors import Bad, needed\ndef run(number): return needed(number)\n"}
    image = run(texts)[CORE]
    for number in range(1, 6):
        with pytest.raises(plain["Bad"]) as expected:
            plain["needed"](number)
        with pytest.raises(image.Bad) as found:
            image.run(number)
        assert found.value.args == expected.value.args
    assert image.run(6) == "said here and there"
    linked = link(texts, "board", [], set(), set())[CORE].text
    assert linked.count("the meter has no such register") == 1 and linked.count("'said here and there'") == 2
    assert linked.count("no more than ") == 1


def test_what_an_image_has_not_got_is_no_name_in_it():
    texts = {
        "a.there": "def found(): return 1\n",
        "board": "def run(missing):\n    if missing:\n        from agent.gone import Thing\n        return Thing\n"
        "    from a.there import found\n    return found()\n",
    }
    image = run(texts)
    assert "gone" not in link(texts, "board", [], set(), set())[CORE].text
    sys.modules["a_there"] = image["a_there"]
    assert image[CORE].run(False) == 1
    del sys.modules["a_there"]
    with pytest.raises(ImportError):
        image[CORE].run(True)


FOUND = {
    "a.meter": "class Meter:\n    def read(self): return 1\n",
    "a.other": "class Meter:\n    def read(self): return 2\n",
    "board": "def run(): return getattr(__import__('a.meter'), 'Meter')().read()\n",
}


def test_what_is_found_by_a_text_is_found_in_the_one_module_and_keeps_its_name():
    linked = link(FOUND, "board", ["a.meter"], set(), set(), [("a.meter", "Meter")])
    assert list(linked) == [CORE, "a_other"]
    loaded = sys.modules[CORE] = types.ModuleType(CORE)
    exec(linked[CORE].text, loaded.__dict__)
    assert loaded.run() == 1
    del sys.modules[CORE]
    with pytest.raises(LinkError, match="Meter is something else as well"):
        link(FOUND, "board", ["a.other", "a.meter"], set(), set(), [("a.meter", "Meter")])


COMPREHENSIONS = """
log = []
def said(each):
    log.append(each)
    return each
class Held:
    def __init__(self): self.rows = [3, 1, 2]
    def twice(self):
        self.rows = [said(row) for row in self.rows if row > 1]
        self.rows += [row for row in (8, 9)]
        return self.rows
    def grown(self):
        self.rows += [self.swapped(row) for row in (1, 2)]
        return self.rows
    def swapped(self, row):
        self.rows = [row]
        return row
    def told(self):
        self.heard = said
        self.heard([self.muted(row) for row in (1, 2)])
        return self.heard(4)
    def muted(self, row):
        self.heard = str
        return row
def nested(): return [[said(x) * y for x in range(y)] for y in (1, 2) if said(y)]
def paired(): return [(x, y) for x in (1, 2) if x > 1 for y in (x, 5)]
def table(): return {said(key): said(key + 1) for key in (1, 2)}, {key: key + 1 for key in (1, 2)}
def found(rows): return any(said(row) > 1 for row in rows), all(said(row) > 1 for row in rows)
def either(rows):
    if any(row > 1 for row in rows): return 'some'
    elif all(row == 1 for row in rows): return 'ones'
    return 'none'
def guarded(rows): return rows and [said(row) for row in rows]
def repeated(rows):
    while [row for row in rows if row < 3]: rows = [row + 1 for row in rows]
    return rows
def joined(rows): return said('a') + ' '.join([said(str(row)) for row in rows]) + str(len([1 for row in rows]))
def assigned(z): return (z := 5) + sum([row + z for row in (1, z)])
def walked():
    for row in sorted([said(-row) for row in (1, 2)]): said(row)
def late():
    first, second = [lambda: row for row in (1, 2)], [lambda: row for row in (3, 4)]
    return first[0](), second[0]()
def run():
    made = [Held().twice(), Held().grown(), nested(), paired(), table(), found((1, 2)), found(()), walked(), late()]
    made += [Held().told(), assigned(1), either((1, 2)), either((1, 1)), either((0,))]
    made += [guarded(()), guarded((4,)), repeated((1, 2)), joined((1, 2))]
    return made, log
"""


def test_comprehensions_become_loops_that_do_the_same_in_the_same_order():
    plain = {}
    exec(COMPREHENSIONS, plain)
    assert run({"board": COMPREHENSIONS})[CORE].run() == plain["run"]()
    linked = ast.parse(link({"board": COMPREHENSIONS}, "board", [], set(), set())[CORE].text)
    kinds = (ast.ListComp, ast.DictComp, ast.GeneratorExp)
    with_some = [node.name for node in linked.body for part in ast.walk(node) if isinstance(part, kinds)]
    assert set(with_some) == {"Held", "guarded", "repeated", "joined", "table", "late", "assigned"}
    assert with_some.count("Held") == 2 and with_some.count("table") == 1


@pytest.mark.parametrize(
    "text",
    [
        "from a import b\ndef run(): return b\n",
        "from a import b\ndef run(): return b.nothing\n",
        "def run():\n    global x\n    x = 1\n",
        "from struct import pack as p\n",
        "def run(): return [y := 1 for x in ()]\n",
    ],
)
def test_what_cannot_be_seen_through_is_refused(text):
    with pytest.raises(LinkError):
        link({"board": text, "a.b": "x = []\n"}, "board", [], set(), set())


@pytest.mark.parametrize("own", ["class Refused: pass\n", "from later import Refused\n"])
def test_a_module_apart_that_has_a_name_of_its_own_for_what_it_needs_of_the_core_is_refused(own):
    texts = {
        "board": "class Refused: pass\ndef run():\n    from late import look\n    return look()\n",
        "late": f"from board import Refused as Other\n{own}def look(): return Other is Refused\n",
        "later": "class Refused: pass\n",
    }
    with pytest.raises(LinkError, match="late: Refused is its own"):
        link(texts, "board", [], {"late", "later"}, set())


def test_a_traceback_of_an_image_names_the_source_again():
    texts = {
        "agent.first": "'''Doc.'''\n\n\ndef broken(\n    number,\n):\n    '''Doc.'''\n"
        "    assert (\n        number\n    )\n",
        "boards.one": "from agent.first import broken\n\n\nclass Board:\n    def run(self):\n"
        "        try:\n            broken(0)\n        finally:\n            broken(1)\n",
    }
    linked = link(texts, "boards.one", [], set(), set())[CORE]
    at = 1 + [line.strip()[:6] for line in linked.text.splitlines()].index("assert")
    said = f'  File "{CORE}", line {at}, in ab\n  File "asyncio/core.py", line 1, in run\nAssertionError: \n'
    assert readable(said, {CORE: linked.lines}) == said.replace(
        f'"{CORE}", line {at}, in ab', '"agent/first.py", line 8, in broken'
    )
    caller = 1 + [line.strip().endswith("(0)") for line in linked.text.splitlines()].index(True)
    assert readable(f'File "{CORE}", line {caller}, in a', {CORE: linked.lines}) == (
        'File "boards/one.py", line 7, in Board.run'
    )


def test_what_stays_apart_and_what_keeps_its_names_is_read_from_the_sources():
    assert unloaded("def f():\n    _forget('a.b', 'c')\n    g('d')\n    _forget('e')\n") == ["a.b", "c", "e"]
    assert packed("_MAKERS: dict = {'State': lambda known: State(known['size'])}\n") == {"State"}


def test_a_catalogue_names_what_is_in_the_image():
    rows = "    ('a', 'far.a', 'A'),\n    (\n        'b',\n        'far.b',\n        'B',\n    ),\n"
    text = f"X = 1\nROWS: tuple = (\n{rows})\nY = 2\n"
    left = with_products(text, {"far.a"})
    assert left.splitlines()[-1] == "Y = 2" and left.count("\n") == text.count("\n")
    found = {}
    exec(left, found)
    assert found["ROWS"] == (("a", "far.a", "A"),)
