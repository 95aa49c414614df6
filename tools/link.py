"""Put what a board's agent always runs into one module, under names as short as a machine needs.

A module, a name in it that another one imports, and the name of an argument each cost a board heap and an interned
string (docs/decisions/0003), and nobody reads them there. The sources stay as they are. In an image the modules that
every agent loads are one, numbers and texts with a name stand where they are used, and what only this program calls by
its name has a short one (tools/short_names.py). The other modules of an image stand beside it, without packages.

What cannot be seen through ends in LinkError, never in another program.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tools.error_texts import ErrorTexts
from tools.inline import changing, inlined
from tools.loops import Loops
from tools.nodes import Part, came_from, walk, was
from tools.renamer import Renamer
from tools.short_names import CORE, LinkError, Program, Thing, bound
from tools.spare_names import interned, may_be_interned

__all__ = ("CORE", "Lines", "LinkError", "link")

Lines = list[tuple[int, str, int, str]]  # line in the image, module, line there, function
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def link(
    texts: dict[str, str], board: str, roots: list[str], apart: set[str], packed: set[str], found: Iterable[Thing] = ()
) -> dict[str, Linked]:
    """Return name in the image -> module; CORE is one of them, and an empty package none.

    `texts`: module -> source as tools.lean gives it. CORE is all that `board` and `roots` load with themselves, without
    `apart`, which serve the start alone; what `board` offers keeps its name. `packed`: classes whose attributes keep
    theirs; `found`: classes that are looked for by module and name. Raises: LinkError.
    """
    trees = {module: bare(ast.parse(text)) for module, text in texts.items()}
    order = _loaded(trees, [board, *roots], apart)
    first = Program(trees, order, board, packed, [])
    core = _core(first, {module: Renamer(first, module).module(bare(ast.parse(texts[module]))) for module in order})
    names = [node for _, body in core for node in walk(*body)]
    program = Program(trees, order, board, packed, names)
    for thing in found:
        if program.globals.get(thing, thing[1]) != thing[1]:
            raise LinkError(f"{thing[0]}: {thing[1]} is something else as well: give one another name")
    bodies = {module: Renamer(program, module).module(tree) for module, tree in trees.items()}
    others = [each for module, body in bodies.items() if module not in order for each in walk(*body)]
    offered = {program.globals[board, name] for name in bound(trees[board].body) if (board, name) in program.globals}
    core = _core(program, bodies)
    loose = changing([*others, *walk(*[each for _, body in core for each in body])])
    core = _one_text(program, inlined(core, others, offered))
    linked = {CORE: Linked(core, loose)}
    said = Said(node for _, body in core for node in walk(*body))
    for module, body in bodies.items():
        if module not in order and body:
            body = [said.visit(each) for each in body] if module in apart else body
            linked[program.apart_name(module)] = Linked([(module, body)], loose)
    return linked


def _core(program: Program, bodies: dict[str, list[ast.stmt]]) -> list[Part]:
    return [("", program.outer_imports())] + [(module, bodies[module]) for module in program.order]


def _one_text(program: Program, core: list[Part]) -> list[Part]:
    texts = ErrorTexts(program.errors, [node for _, body in core for node in body])
    changed = [(module, [texts.visit(node) for node in body]) for module, body in core]
    return [("", texts.variable()), *changed]


class Said(ast.NodeTransformer):
    """Puts bytes in place of short texts that only the start says: as texts they would stay interned for ever."""

    def __init__(self, core: Iterable[ast.AST]) -> None:
        self._there = interned(core)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str) or node.value in self._there or not may_be_interned(node.value):
            return node
        decoded = ast.Attribute(ast.Constant(node.value.encode()), "decode", ast.Load())
        return ast.copy_location(ast.Call(decoded, [], []), node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        """Leave f-strings: what stands in one is no constant of its own, and MicroPython reads simple ones only."""
        return node


class Linked:
    """One module of an image: its source, and where each of its lines comes from; `loose`: attributes that change."""

    def __init__(self, parts: list[Part], loose: set[str]) -> None:
        whole = ast.Module([each for _, body in parts for each in Loops(loose).changed(body)], [])
        self.text = ast.unparse(ast.fix_missing_locations(whole)) + "\n"
        made = _statements(ast.parse(self.text).body)
        self.lines: Lines = [
            (next(made)[0].lineno, module, node.lineno, function)
            for whole, body in parts
            for node, around in _statements(body)
            for module, function in (came_from(node, (whole, around)),)
        ]


def _statements(body: list[ast.stmt], function: str = "") -> Iterator[tuple[ast.stmt | ast.ExceptHandler, str]]:
    """Yield every statement in the order of its line, and the function it stands in."""
    for node in body:
        yield node, function
        inside = function
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            inside = f"{function}.{was(node)}".lstrip(".")
        for field in ("body", "handlers", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, []), inside)


def bare(tree: ast.Module) -> ast.Module:
    """Take off docstrings and annotations, which no bytecode has."""
    for node in walk(tree):
        if isinstance(node, _FUNCTIONS):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body:
                kept = [_unannotated(each) for each in body if not _says_nothing(each)]
                empty = [] if isinstance(node, ast.Module) else [ast.copy_location(ast.Pass(), body[0])]
                setattr(node, field, kept or empty)
    return tree


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _unannotated(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.copy_location(ast.Assign([node.target], node.value), node)
    return node


def _loaded(trees: dict[str, ast.Module], roots: list[str], apart: set[str]) -> list[str]:
    """Return what loading `roots` loads, each after what it needs."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(module: str) -> None:
        if module not in seen:
            seen.add(module)
            for needed in _imports(trees[module], trees):
                visit(needed)
            if module not in apart:
                order.append(module)

    for root in roots:
        visit(root)
    return order


def _imports(tree: ast.Module, trees: dict[str, ast.Module]) -> Iterator[str]:
    """Yield the image's modules that a module loads with itself, in order."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for each in node.names:
                for module in (node.module or "", f"{node.module}.{each.name}"):
                    if module in trees:
                        yield module
