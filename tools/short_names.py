"""What each name of an image becomes: tools/link.py.

Shortened are functions and variables of CORE, private attributes of classes, and arguments, where nothing asks for
them by a text or a keyword. One short name serves as many as can never meet. A class keeps its name, and so does
every attribute without a leading underscore and every attribute of an object that a flight recorder's tape holds
(agent/snapshot.py). A name that stands for one number or text for ever is none any more.
"""

from __future__ import annotations

import ast
import builtins
import string
from collections.abc import Iterator
from itertools import chain, islice

from tools.nodes import walk
from tools.spare_names import class_level, global_names, public_attributes

OURS = ("agent", "boards", "drivers", "hal")
CORE = "siteward"  # the one module that everything else of an image stands beside

_INNER = 8  # names kept for functions in functions
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Thing = tuple[str, str]  # module and name
Family = tuple[set[str], set[str]]  # attributes, names of classes


class LinkError(Exception):
    """Args: what cannot be seen through, and where."""


class Program:
    """All modules of an image together; `order` are those of CORE, `core` is what that was linked to before, or empty:
    its names are there anyway.
    """

    def __init__(
        self, trees: dict[str, ast.Module], order: list[str], board: str, packed: set[str], core: list[ast.AST]
    ) -> None:
        self.trees = trees
        self.order = order
        self.constants: dict[Thing, ast.Constant] = {}
        self.globals: dict[Thing, str] = {}
        self.outer: dict[tuple[str, str | None], str] = {}  # (module, name) that the firmware has -> name in CORE
        self.passed_on: dict[Thing, Thing] = {}  # what a module has from another one
        self._name_all(board, packed, core)

    def _name_all(self, board: str, packed: set[str], core: list[ast.AST]) -> None:
        trees = self.trees
        nodes = walk(*trees.values())
        self.keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if None in self.keywords:  # a call with **: its keywords stand somewhere as texts
            self.keywords |= texts
        families = _families(nodes)
        on_tapes = [names for names, classes in families if packed & classes]
        kept = texts.union(_like_variables(trees), *on_tapes)
        made = _made(nodes)
        fresh = _fresh(_identifiers(nodes) | texts)
        self.attributes = _private_attributes(families, kept, made, fresh)
        self.arguments = sorted(set(self.attributes.values()), key=lambda name: (len(name), name))
        self._numbers = _numbers(nodes)
        self.attributes |= public_attributes(core, nodes, made, kept, {*self.arguments, *self._numbers})
        self._fixed = class_level(nodes)  # gets a name that no attribute has, which would hide it there
        self._spare = global_names(core, self.attributes, self._otherwise_bound(board, nodes))
        reused = iter(self._spare)
        self._take_globals(board, fresh, reused)
        self.errors = next(chain(reused, fresh))  # what all errors say: tools/error_texts.py
        self.inner = list(islice(reused, _INNER))
        self._asked = texts | {each.name for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names}
        self._asked |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    def _otherwise_bound(self, board: str, nodes: list[ast.AST]) -> set[str]:
        """Return the names that stand for something else somewhere: arguments, classes, imports, modules' own."""
        called = {node.arg for node in nodes if isinstance(node, ast.arg) and node.arg in self.keywords}
        classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        own = [bound(tree.body) for name, tree in self.trees.items() if name not in self.order or name == board]
        return (called | classes | _bound_elsewhere(nodes)).union(self.arguments, *own)

    def _take_globals(self, board: str, fresh: Iterator[str], reused: Iterator[str]) -> None:
        """Name what modules of CORE bind."""
        taken: set[str] = set()
        for module in self.order:
            tree = self.trees[module]
            for name, constant in _constants(tree).items():
                self.constants[module, name] = constant
            for node in tree.body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    self._take_import(module, node)
            classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
            for name in bound(tree.body):
                if (module, name) not in self.constants and name != "__all__":
                    keeps = (name in classes or module == board) and name[0] != "_" and name not in taken
                    supply = fresh if name in self._fixed else chain(reused, fresh)
                    new = name if keeps else next(each for each in supply if each not in taken)
                    self.globals[module, name] = new
                    taken.add(new)

    def _take_import(self, module: str, node: ast.Import | ast.ImportFrom) -> None:
        for each in node.names:
            key = (each.name, None) if isinstance(node, ast.Import) else (node.module or "", each.name)
            if key[0] not in self.trees and f"{key[0]}.{key[1]}" not in self.trees:
                if each.asname or "." in (key[1] or key[0]):
                    raise LinkError(f"{module}, line {node.lineno}: {each.name} under another name")
                self.outer[key] = key[1] or key[0]
            if isinstance(node, ast.ImportFrom):
                self.passed_on[module, each.asname or each.name] = (node.module or "", each.name)

    def apart_globals(self, module: str, needed: set[str]) -> dict[str, str]:
        """Return what becomes of what a module beside CORE binds, without names that it `needed` of CORE."""
        spare = [name for name in reversed(self._spare) if name not in needed and name not in self.inner]
        own = {}
        for name in bound(self.trees[module].body):
            hidden = (name[0] == "_" or name.isupper()) and name not in self._numbers
            keeps = not hidden or name in self._asked or name in self._fixed or not spare
            own[name] = name if keeps else spare.pop(0)
        return own

    def outer_imports(self) -> list[ast.stmt]:
        """Return the imports of what the firmware has, for the head of CORE."""
        names = list(self.outer.values())
        every = [*names, *self.globals.values()]
        twice = sorted(name for name in set(every) if every.count(name) > 1)
        if twice:
            raise LinkError(f"two things of one name: {', '.join(twice)}")
        made: list[ast.stmt] = []
        for module, name in sorted(self.outer, key=str):
            alias = ast.alias(name or module)
            made.append(ast.Import([alias]) if name is None else ast.ImportFrom(module, [alias], 0))
            made[-1].lineno = 1
        return made

    def meaning(self, module: str, name: str) -> Thing | str:
        """Return what `from module import name` brings: a thing of that module, or the name of a module."""
        whole = f"{module}.{name}"
        return whole if whole in self.trees and (module, name) not in self.globals else (module, name)

    def origin(self, thing: Thing) -> Thing:
        """Return where a thing was made that modules have from each other."""
        while thing in self.passed_on:
            thing = self.passed_on[thing]
        return thing

    def is_left_out(self, module: str, name: str) -> bool:
        """Tell whether `from module import name` asks for what this image has not got."""
        asked = module in self.trees or f"{module}.{name}" in self.trees
        return not asked and module.partition(".")[0] in OURS

    def apart_name(self, module: str) -> str:
        """Return what a module is called in the image: a package would be one more module."""
        if module in self.order:
            return CORE
        return module.replace(".", "_") if module in self.trees else module


def _fresh(used: set[str]) -> Iterator[str]:
    """Yield a, b, ..., aa, ab, ... without what is used."""
    for first in ("", *string.ascii_lowercase):
        for last in string.ascii_lowercase:
            if first + last not in used:
                yield first + last


def _identifiers(nodes: list[ast.AST]) -> set[str]:
    used = {*dir(builtins), "as", "if", "in", "is", "or"}
    for node in nodes:
        for field in ("id", "arg", "attr", "name", "asname", "module"):
            found = getattr(node, field, None)
            if isinstance(found, str):
                used.add(found)
    return used


def _constants(tree: ast.Module) -> dict[str, ast.Constant]:
    """Return the names that a module gives one number or text for ever."""
    names = [node.id for node in walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]
    known: dict[str, int | str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and len(node.targets) == 1:
            name = node.targets[0].id
            found = _number_or_text(node.value, known) if names.count(name) == 1 else None
            if found is not None:
                known[name] = found
    return {name: ast.Constant(found) for name, found in known.items()}


def _number_or_text(node: ast.expr, known: dict[str, int | str]) -> int | str | None:
    if any(isinstance(part, ast.Call) and ast.unparse(part.func) != "const" for part in walk(node)):
        return None
    world = {"__builtins__": {}, "const": lambda number: number}
    try:
        found = eval(compile(ast.Expression(node), "", "eval"), world, dict(known))  # noqa: S307  (our own source)
    except (NameError, TypeError, AttributeError, LookupError, ValueError):
        return None
    return found if type(found) in (int, str) else None


def bound(body: list[ast.stmt]) -> list[str]:
    """Return the names that statements bind in their own scope, in order; imports are not counted."""
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            found.append(node.name)
            return
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            raise LinkError(f"line {node.lineno}: global and nonlocal")
        if isinstance(node, ast.NamedExpr) or (isinstance(node, ast.ExceptHandler) and node.name):
            found.append(node.target.id if isinstance(node, ast.NamedExpr) else node.name or "")
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.append(node.id)
        if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):  # scopes of their own
            if any(isinstance(part, ast.NamedExpr) for part in walk(node)):
                raise LinkError(f"line {node.lineno}: := in a lambda or a comprehension")
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    for node in body:
        visit(node)
    return list(dict.fromkeys(found))


def _made(nodes: list[ast.AST]) -> set[str]:
    """Return the attributes that some class of the program makes."""
    made = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return made.union(*[bound(node.body) for node in nodes if isinstance(node, ast.ClassDef)])


def _like_variables(trees: dict[str, ast.Module]) -> set[str]:
    """Return attributes that a class's body binds and its module, too: `size = size + 1` there reads the variable."""
    found: set[str] = set()
    for tree in trees.values():
        variables = set(bound(tree.body))
        for node in walk(tree):
            if isinstance(node, ast.ClassDef):
                found |= variables.intersection(bound(node.body))
    return found


def _numbers(nodes: list[ast.AST]) -> set[str]:
    """Return the names that MicroPython's compiler takes for a number wherever they stand in their module."""
    assigned = [node for node in nodes if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    return {ast.unparse(node.targets[0]) for node in assigned if ast.unparse(node.value).startswith("const(")}


def _bound_elsewhere(nodes: list[ast.AST]) -> set[str]:
    """Return names that functions bind without an assignment: imports, and arguments that keep theirs."""
    found = {"self"}
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(each.asname or each.name for each in node.names)
        elif isinstance(node, ast.arguments):
            found.update(each.arg for each in (*node.kwonlyargs, node.vararg, node.kwarg) if each is not None)
    return found


def _private_attributes(every: list[Family], kept: set[str], made: set[str], fresh: Iterator[str]) -> dict[str, str]:
    """Return what each private attribute becomes: in one family of classes no two become the same."""
    families = [({name for name in names if name[0] == "_"}, classes) for names, classes in every]
    known: dict[str, str] = {}
    short: list[str] = []
    for family, _ in sorted(families, key=lambda each: (-len(each[0]), sorted(each[0]))):
        for name in sorted((family & made) - kept - set(known)):
            near = {known[other] for each, _ in families if name in each for other in each if other in known}
            free = [each for each in short if each not in near]
            if not free:
                free = [next(fresh)]
                short += free
            known[name] = free[0]
    return known


def _families(nodes: list[ast.AST]) -> list[Family]:
    """Return classes that inherit from each other, and their attributes; those of one name are one."""
    families: list[Family] = []
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            names = {node.name} | {ast.unparse(base).split(".")[-1] for base in node.bases}
            family = (_attributes(node), names - {"Exception"})
            near = [each for each in families if each[1] & family[1]]
            families = [each for each in families if each not in near]
            families.append((family[0].union(*[n for n, _ in near]), family[1].union(*[c for _, c in near])))
    return families


def _attributes(node: ast.ClassDef) -> set[str]:
    names = {each.attr for each in walk(node) if isinstance(each, ast.Attribute)} | set(bound(node.body))
    return {name for name in names if not name.startswith("__")}
