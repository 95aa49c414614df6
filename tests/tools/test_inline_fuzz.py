"""Random programs whose functions are mostly called once do the same after linking: result, errors, and what each
evaluation noted, in its order."""

from __future__ import annotations

import random

from tools.link import CORE, link

PROGRAMS = range(60, 100)  # 73 has a := before a comprehension that asks for it
HEAD = """
log = []
def noted(number):
    log.append(number)
    return number
"""
BOARD = "from a.here import run as of_here\ndef run(): return of_here()\n"
CLASS = "class Held:\n    def __init__(self): self.number, self.heard = 3, noted\n"


class Writer:
    """Writes a program; each function may call those before it, most of them only once."""

    def __init__(self, seed: int) -> None:
        self._any = random.Random(seed)
        self._waiting: list[tuple[str, int]] = []  # what to call, and how many arguments it wants
        self._own: list[str] = []
        self._in_class = self._in_loop = False

    def program(self) -> str:
        made = [HEAD, *[self._function(f"f{each}") for each in range(6)], CLASS]
        self._in_class = True
        made += [self._function(f"_m{each}") for each in range(4)]
        entry = self._function("all_of", wanted=0)
        last = "def run():\n    try:\n        return Held().all_of(), log\n    except ValueError as error:\n"
        last += "        return error.args, log\n    except (NameError, TypeError):\n        return None, log\n"
        return "".join([*made, entry, last])

    def _function(self, name: str, wanted: int | None = None) -> str:
        parameters = ["x", "y", "size"][: self._any.randint(0, 3) if wanted is None else wanted]
        self._own = [*parameters, "z"]
        begin = "    " if self._in_class else ""
        head = ", ".join([*(["self"] if self._in_class else []), *parameters])
        lines = [f"{begin}def {name}({head}):", f"{begin}    z = {self._expression(9)}"]
        for _ in range(self._any.randint(1, 3)):
            lines += [f"{begin}    {line}" for line in self._statement(0)]
        if self._any.random() < 0.95:
            lines.append(f"{begin}    return {self._expression(0)}")
        if wanted is None:
            self._waiting.append(("self." + name if self._in_class else name, len(parameters)))
        return "\n".join(lines) + "\n"

    def _block(self, depth: int) -> list[str]:
        return [f"    {line}" for _ in range(self._any.randint(1, 2)) for line in self._statement(depth + 1)]

    def _statement(self, depth: int) -> list[str]:
        name, given, chance = self._any.choice(self._own), self._expression(0), self._any.random()
        if chance < 0.25:
            return [f"{name} = {given}"]
        if chance < 0.35:
            return [f"{name} {self._any.choice(['+=', '-='])} {given}"]
        if chance < 0.45 or depth > 2:
            return [self._call(0)]
        if chance < 0.5:
            return [f"if {given}:", f"    raise ValueError('of a long text', {name})"]
        if chance < 0.65:
            leaves = [f"    return {self._expression(0)}"] if self._any.random() < 0.5 else self._block(depth)
            return [f"if {given}:", *leaves, *self._any.choice([[], ["else:", *self._block(depth)]])]
        if chance < 0.8:
            end = self._any.choice([[], ["    if z:", "        " + self._any.choice(["break", "continue"])]])
            return [f"for z in ({given}, {name}):", *self._block(depth), *end, "else:", *self._block(depth)]
        if chance < 0.95:
            caught = [*self._block(depth), *self._any.choice([[], ["    raise"]])]
            end = self._any.choice([["else:", *self._block(depth)], ["finally:", *self._block(depth)]])
            return ["try:", *self._block(depth), "except ValueError as error:", "    noted(error.args)", *caught, *end]
        return ["self.heard = noted"] if self._in_class else [f"later = lambda z: z - {name}", f"noted(later({given}))"]

    def _expression(self, depth: int) -> str:
        chance = self._any.random()
        if depth > 2 or chance < 0.15:
            return self._any.choice([*self._own[:-1], *(["z"] if depth < 9 else []), "1", "0", "-2"])
        if chance < 0.6:
            return self._call(depth)
        one, other = self._expression(depth + 1), self._expression(depth + 1)
        if chance < 0.7:
            return f"({self._any.choice(self._own)} := {one})"
        forms = ["{2} - {1}", "{2} + {1}", "{0} + {1}", "{0} < {1} < 2", "{0} and {1}", "{0} if {1} else 3"]
        forms += ["[{0}, {1}][0]", "noted({0}) - {1}"]
        forms += ["sum([each + {2} for each in (1, {2})])", "self.heard({0})" if self._in_class else "not {0}"]
        return "(" + self._any.choice(forms).format(one, other, self._any.choice(self._own)) + ")"

    def _call(self, depth: int) -> str:
        if not self._waiting or depth > 2:
            return f"noted({self._any.choice(self._own)})"
        name, wanted = self._waiting.pop(self._any.randrange(len(self._waiting)))
        given = [self._any.choice(["{}", "{}", f"({self._any.choice(self._own)} := {{}})"]) for _ in range(wanted)]
        return f"{name}({', '.join(each.format(self._expression(depth + 1)) for each in given)})"


def test_random_programs_do_the_same_after_linking():
    lost = 0
    for seed in PROGRAMS:
        text, plain, image = Writer(seed).program(), {}, {}
        exec(text, plain)
        linked = link({"a.here": text, "board": BOARD}, "board", [], set(), set())[CORE].text
        exec(linked, image)
        assert image["run"]() == plain["run"](), seed
        lost += (text + BOARD).count("def ") - linked.count("def ")
    assert lost > 2 * len(PROGRAMS)
