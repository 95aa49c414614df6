"""Functions that are called once and stand where they were called: nothing can tell but a board's heap."""

from __future__ import annotations

import ast

from tests.tools.test_link import run
from tools.link import CORE, link
from tools.trace import readable

SAME = """
log = []
def noted(word):
    log.append(word)
    return word
def said(word):
    log.append("said " + word)
def as_statement():
    said("once")
    return len(log)
def sign(number):
    if number < 0:
        return -1
    elif number == 0:
        noted("zero")
        return 0
    return 1
def signs(numbers):
    found = []
    for number in numbers:
        kept = sign(number * 2)
        found.append((number, kept))
    return found
def nothing_of(number):
    if number > 1:
        noted("more")
        return
    if number == 1:
        raise ValueError("one")
def guarded(number):
    try:
        nothing_of(number)
    except ValueError as error:
        return error.args
    finally:
        noted("finally")
    return "none"
def falls(number):
    if number:
        return noted("left")
def fallen(number):
    found = falls(number)
    return found is None, found
def is_even(number):
    half = number // 2
    return half * 2 == number
def parity(number):
    half = "half"
    if number < 0:
        return half
    elif is_even(number):
        return "even " + half
    else:
        return "odd " + half
def scaled(number, factor=10, less=None):
    number = number * factor
    return number if less is None else number - less
def scale(number):
    whole = scaled(number + 1)
    return whole, number
def found_in(rows, wanted):
    for row in rows:
        if row == wanted:
            return row
    return None
def search(rows, wanted):
    found = found_in(rows, wanted)
    return found
def last(rows):
    for row in rows:
        if row > 2:
            return row
def at_last(rows):
    return last(rows)
def inner(number):
    number += 1
    return [number + each for each in (1, 2)]
def middle(number):
    number = inner(number)
    return number
def outer(number):
    numbers = middle(number)
    total = sum([each * number for each in numbers])
    return total, number
def discarded(number):
    if number:
        return noted("heard")
    return noted("not heard")
def discards(number):
    discarded(number)
    return log[-1]
def is_wanted(number, least=2):
    return number >= least
def wanted(numbers):
    return [number for number in numbers if number and is_wanted(number)]
def pair(number):
    noted(number)
    return number, number
def named(number):
    return dict([pair(number)])
def added(number):
    number += 1
    return number
def both(number):
    number = added(number) + added_too(number) * number
    return number
def added_too(number):
    number += 2
    return number
async def waits(held, number):
    held.append(number)
    heard(held)
    return seen(number)
def heard(held):
    noted(len(held))
def seen(number):
    return number * 3
def waited(number):
    try:
        waits([], number).send(None)
    except StopIteration as end:
        return end.value
class Held:
    def __init__(self):
        self._size = 5
    def grown(self, by):
        self._grow(by)
        return self._size
    def _grow(self, by):
        while by:
            self._size += 1
            by -= 1
    def is_large(self):
        if self._passes(7):
            return "large"
        return "small"
    def _passes(self, bound):
        return self._size > bound
def run():
    held = Held()
    made = [as_statement(), signs((-3, 0, 3)), guarded(0), guarded(1), guarded(2), fallen(0), fallen(1)]
    made += [parity(-1), parity(4), parity(5), scale(2), search((1, 2), 2), search((1, 2), 3)]
    made += [at_last((1, 3)), at_last(()), wanted((0, 1, 2, 3)), named(5), both(7), waited(4)]
    made += [outer(3), discards(1), discards(0), held.grown(2), held.is_large(), held.grown(1), held.is_large()]
    return made, log
"""
STAY = """
import asyncio
log = []
def twice(number): return number + 1
def calls(number):
    number = twice(number)
    return twice(number)
def by_keyword(number, more=1): return number - more
def asks(number):
    found = by_keyword(number, more=2)
    return found
def with_some(*numbers): return len(numbers)
def counts(numbers):
    found = with_some(*numbers)
    return found
def in_a_loop(numbers):
    for number in numbers:
        if number:
            return number
    return 0
def looked(numbers):
    found = in_a_loop(numbers)
    return found, len(numbers)
def closed(number):
    return lambda: number
def closes(number):
    held = closed(number)
    return held()
def loads():
    import json
    return json.loads("6")
def loaded():
    found = loads()
    return found
def before(number):
    log.append(number)
    return number
def among(number):
    return [log.append("first"), before(number)]
def itself(number):
    return itself(number)
def hidden(length):
    return size(length)
def size(length): return length + 1
def hides(offered):
    found = offered(1)
    return found
async def waits(number):
    found = at_once(number)
    number = made_of(number + 1)
    return found, number
def at_once(number):
    number += 7
    return number
def made_of(number): return [number]
def changed(held):
    held[0] += 1
    return held[0]
def changes(held):
    return held[0], changed(held)
def late(number, held):
    held.append(number)
    return number
def maybe(number, held):
    return number and late(number, held)
def repeats(held):
    while late(len(held), held) < 3:
        pass
    return held
class Base:
    def go(self):
        found = self._step()
        return found
    def _step(self): return 1
class Other(Base):
    def _step(self): return 2
class Asked:
    def _by_name(self): return 3
    def go(self):
        found = getattr(self, "_by_name")()
        return found
    @property
    def _told(self): return 4
    def tells(self):
        found = self._told
        return found
def run():
    made = [calls(1), asks(5), counts((1, 2)), looked((0, 4)), looked(()), closes(3), loaded(), among(9), hides(hidden)]
    made += [changes([1]), maybe(0, log), maybe(1, log), repeats([])]
    made += [Base().go(), Other().go(), Asked().go(), Asked().tells(), asyncio.run(waits(1)), size(3)]
    return made, log
"""
DOUBTFUL = """
import json
log = []
def noted(word):
    log.append(word)
    return word
def kept(number):
    noted(number)
    return number
def adds(number):
    found = number + kept((number := 3))
    return found, number
def less(number, by):
    noted(by)
    return number - by
def subtracts(number):
    found = less(number, (number := 30))
    return found, number
class Base:
    def _named(self): return 1
    def named(self):
        found = self._named()
        return found
    def _in_an_if(self): return 3
    def in_an_if(self):
        found = self._in_an_if()
        return found
    def _listed(self): return 4
    TABLE = (_listed,)
    def listed(self):
        found = self._listed()
        return found
    def __len__(self): return 5
    def length(self):
        found = self.__len__()
        return found
    def step(self): return 6
class Other(Base):
    _named = lambda self: 2
    if log == []:
        def _in_an_if(self): return 7
    def _of_base(self): return super().step()
    def of_base(self):
        late = lambda: self._of_base()
        return late()
    def _own(self): return 8
    def own(self):
        of_another = lambda self: self._own()
        try:
            return of_another(Base())
        except AttributeError:
            return "has none"
class Heard:
    def __init__(self): self.heard = self.first
    def first(self, number): return "first", number
    def second(self, number): return "second", number
    def _turn(self, number):
        self.heard = self.second
        return number
    def turned(self):
        found = self.heard(self._turn(1))
        return found
def defined():
    noted("one")
    return 1
if log == []:
    def defined():
        noted("two")
        return 2
def defines():
    found = defined()
    return found
def told(number):
    noted(number)
    return json.dumps(number)
def imports(number):
    found = told(number)
    import json
    return found, json.dumps(number)
def last_of(numbers):
    for number in numbers:
        found = noted(number)
    return found
def lasts():
    for numbers in ((1, 2), ()):
        try:
            found = last_of(numbers)
        except NameError:
            return found, "and none"
def by_chance(number):
    number and noted(found := number)
    return found
def chances():
    for number in (4, 0):
        try:
            kept = by_chance(number)
        except NameError:
            return kept, "and none"
def nothing(): return
def silent(number):
    if number:
        nothing()
    try:
        noted(number)
    finally:
        empty()
def empty(): return
def run():
    made = [lasts(), chances(), adds(1), subtracts(1), defines(), imports(2), silent(1), Heard().turned()]
    for each in (Base(), Other()):
        made += [each.named(), each.in_an_if(), each.listed(), each.TABLE[0](each), each.length(), len(each)]
    made += [Other().of_base(), Other().own()]
    return made, log
"""


BOARD = "from a.here import run as all_of\ndef run(): return all_of()\n"


def functions_in(text):
    """Return how many functions some sources have."""
    return len(
        [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    )


def fewer(text):
    """Link a module, see that it does the same, and return how many functions it has lost."""
    plain = {}
    exec(text, plain)
    texts = {"a.here": text, "board": BOARD}
    assert run(texts)[CORE].run() == plain["run"]()
    return functions_in(text) + functions_in(BOARD) - functions_in(link(texts, "board", [], set(), set())[CORE].text)


def test_what_is_called_once_stands_there_and_does_the_same():
    gone = ["said", "sign", "nothing_of", "falls", "is_even", "scaled", "last", "inner", "middle", "discarded"]
    gone += ["is_wanted", "pair", "added", "added_too", "heard", "seen", "_grow", "_passes", "as_statement", "outer"]
    gone += ["run"]
    assert fewer(SAME) == len(
        gone
    )  # found_in returns from its loop, and others come after something that they may change


def test_what_is_called_in_any_other_way_stays_a_function():
    gone = ["among"]  # an expression, which the function that it calls is not
    assert fewer(STAY) == len(gone)


def test_what_could_be_told_from_a_call_stays_one():
    gone = ["nothing", "empty", "run"]
    assert fewer(DOUBTFUL) == len(gone)


def test_a_traceback_names_the_function_of_the_sources():
    texts = {
        "a.deep": "def check(number):\n    if number:\n        raise ValueError(number)\n",
        "a.top": "from a.deep import check\n\n\ndef checked(number):\n    check(number)\n    return number\n",
        "board": "from a.top import checked\ndef run(): return checked(0), checked(1)\n",
    }
    linked = link(texts, "board", [], set(), set())[CORE]
    lines = [line.strip() for line in linked.text.splitlines()]
    assert "checked" not in "".join(lines) and sum(line.startswith("def") for line in lines) == 2

    def source_of(start):
        at = 1 + [line.startswith(start) for line in lines].index(True)
        return readable(f'File "{CORE}", line {at}, in a', {CORE: linked.lines})

    assert source_of("raise") == 'File "a/deep.py", line 3, in check'
    assert source_of("return number") == 'File "a/top.py", line 6, in checked'
