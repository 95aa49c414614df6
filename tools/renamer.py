"""Gives one module of an image its new names, scope by scope: tools/link.py, tools/short_names.py."""

from __future__ import annotations

import ast
from typing import TypeVar

from tools.nodes import walk
from tools.short_names import CORE, LinkError, Program, Thing, bound

Defined = TypeVar("Defined", ast.FunctionDef, ast.AsyncFunctionDef)
Comprehension = TypeVar("Comprehension", ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _imported(body: list[ast.stmt]) -> list[str]:
    nodes = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return [each.asname or each.name for node in nodes for each in node.names]


class Renamer(ast.NodeTransformer):
    """Changes a tree in place. A scope says what each name that it binds becomes."""

    def __init__(self, program: Program, module: str) -> None:
        self._program = program
        self._module = module
        self._in_core = module in program.order
        self._scopes: list[tuple[bool, dict[str, str]]] = []  # whether it is a class's
        self._things: dict[str, Thing] = {}  # name here -> what of CORE that is
        self._modules: dict[str, str] = {}  # name here -> module of CORE
        self._wanted: set[str] = set()  # what a module beside CORE needs of it

    def module(self, tree: ast.Module) -> list[ast.stmt]:
        """Return the statements of a whole module. Raises: LinkError."""
        for node in walk(tree):
            if isinstance(node, ast.ImportFrom):
                self._meet(node)
        own = {} if self._in_core else self._program.apart_globals(self._module, self._needed())
        self._scopes.append((False, own))
        body = self._body(tree.body)
        for name in self._wanted.intersection({*own.values(), *_imported(body)}):
            raise LinkError(f"{self._module}: {name} is its own, and needed of {CORE} too: give one another name")
        if self._wanted:
            wanted = ast.ImportFrom(CORE, [ast.alias(name) for name in sorted(self._wanted)], 0)
            wanted.lineno = 1
            body.insert(0, wanted)
        return body

    def _needed(self) -> set[str]:
        """Return all that this module could ask of CORE, under its names there."""
        program = self._program
        things = [program.origin(thing) for thing in self._things.values()]
        modules = set(self._modules.values())
        new = {program.globals.get(thing) or program.outer.get(thing) or thing[1] for thing in things}
        return new | {name for (module, _), name in program.globals.items() if module in modules}

    def _meet(self, node: ast.ImportFrom) -> None:
        for each in node.names:
            meaning, here = self._program.meaning(node.module or "", each.name), each.asname or each.name
            if isinstance(meaning, str) and meaning in self._program.order:
                self._modules[here] = meaning
            elif not isinstance(meaning, str) and meaning[0] in self._program.order:
                self._things[here] = meaning

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for node in body:
            visited = self.visit(node)
            made += visited if isinstance(visited, list) else [] if visited is None else [visited]
        return made

    def _at_top(self) -> bool:
        return len(self._scopes) == 1

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        """CORE imports what the firmware has at its head."""
        return None if self._in_core and self._at_top() else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        """What is in CORE is there; a module beside it is called otherwise."""
        module, made = node.module or "", list[ast.stmt]()
        if module not in self._program.trees and self._in_core and self._at_top():
            return []
        for each in node.names:
            here = each.asname or each.name
            if here in self._things or here in self._modules:
                continue
            if self._program.is_left_out(module, each.name):  # the same end, and none of its names is interned
                return [ast.copy_location(ast.Raise(ast.Name("ImportError", ast.Load())), node)]
            meaning = self._program.meaning(module, each.name)
            if isinstance(meaning, str):
                made.append(ast.Import([ast.alias(self._program.apart_name(meaning), here)]))
            else:
                made.append(ast.ImportFrom(self._program.apart_name(module), [each], 0))
        return [ast.copy_location(each, node) for each in made]

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """A text that names a module: that is how drivers are found, and modules unloaded."""
        if isinstance(node.value, str) and "." in node.value:
            node.value = self._program.apart_name(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        """A constant stands where it is used."""
        if self._in_core and self._at_top() and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name == "__all__" or (self._module, name) in self._program.constants:
                return None
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A local name, a thing of CORE, or one that everybody knows."""
        local = self._local(node.id)
        if local is not None:
            node.id = local
            return node
        if node.id in self._modules:
            raise LinkError(f"{self._module}, line {node.lineno}: the module {node.id} as a thing")
        if node.id in self._things:
            return self._of_core(self._things[node.id], node)
        return self._of_core((self._module, node.id), node) if self._in_core else node

    def _local(self, name: str) -> str | None:
        """Return what a name that a scope around binds becomes; a class's names are not seen inside its functions."""
        for depth, (of_class, names) in reversed(list(enumerate(self._scopes))):
            if name in names and (not of_class or depth == len(self._scopes) - 1):
                return names[name]
        return None

    def _of_core(self, thing: Thing, node: ast.Name | ast.Attribute) -> ast.expr:
        made_in = self._program.origin(thing)
        constant = self._program.constants.get(made_in)
        if constant is not None:
            return self.visit_Constant(ast.copy_location(ast.Constant(constant.value), node))
        new = self._program.globals.get(made_in) or self._program.outer.get(made_in)
        if new is None:
            if thing == (self._module, getattr(node, "id", None)):
                return node  # a builtin
            raise LinkError(f"{self._module}, line {node.lineno}: there is no {thing[1]} in {thing[0]}")
        if not self._in_core:
            self._wanted.add(new)
        return ast.copy_location(ast.Name(new, node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """A thing of a module of CORE, or an attribute."""
        if isinstance(node.value, ast.Name) and node.value.id in self._modules and self._local(node.value.id) is None:
            return self._of_core((self._modules[node.value.id], node.attr), node)
        self.generic_visit(node)
        node.was = node.attr  # type: ignore[attr-defined]  # a mark of our own, read by `was`
        node.attr = self._program.attributes.get(node.attr, node.attr)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """What a class binds are attributes."""
        node.bases = [self.visit(base) for base in node.bases]
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self._rename(node)
        attributes = self._program.attributes
        self._scopes.append((True, {name: attributes.get(name, name) for name in bound(node.body)}))
        node.body = self._body(node.body)
        self._scopes.pop()
        return node

    def _rename(self, node: Named) -> None:
        node.was = node.name  # type: ignore[union-attr]  # a mark of our own, read by `was`
        _, names = self._scopes[-1]
        if self._in_core and self._at_top():
            node.name = self._program.globals[self._module, node.name]
        else:
            node.name = names.get(node.name, node.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A scope of its own."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        """A scope of its own."""
        return self._function(node)

    def _function(self, node: Defined) -> Defined:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self._rename(node)
        inside = bound(node.body)
        functions = {each.name for part in node.body for each in walk(part) if isinstance(each, _FUNCTIONS)}
        self._enter(node.args, [name for name in inside if name not in functions], functions.intersection(inside))
        node.body = self._body(node.body) or [ast.copy_location(ast.Pass(), node)]
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        """A scope of its own."""
        self._enter(node.args, [], set())
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def _enter(self, arguments: ast.arguments, inside: list[str], functions: set[str]) -> None:
        """Begin a function's scope: an argument that is nowhere given by keyword gets a short name."""
        arguments.defaults = [self.visit(each) for each in arguments.defaults]
        arguments.kw_defaults = [None if each is None else self.visit(each) for each in arguments.kw_defaults]
        spare = self._program.inner[sum(len(scope) for _, scope in self._scopes[1:]) :]
        given = dict(zip(sorted(functions), spare, strict=False))  # the name of a function stands in bytecode
        names = self._locals([*inside, *sorted(functions - set(given))]) | given
        outer = {new for of_class, scope in self._scopes if not of_class for new in scope.values()}
        free = [name for name in self._program.arguments if name not in outer]
        for at, each in enumerate(arguments.args):
            short = at < len(free) and each.arg not in self._program.keywords and each.arg != "self"
            names[each.arg] = each.arg = free[at] if short else each.arg
        for extra in (*arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if extra is not None:
                names[extra.arg] = extra.arg
        self._scopes.append((False, names))

    def _locals(self, names: list[str]) -> dict[str, str]:
        """Return what variables of a function become: no bytecode names them, and so they hide nothing around."""
        around = sum(len(scope) for _, scope in self._scopes[1:])
        return {name: f"_{around + at}" for at, name in enumerate(names)}

    def _comprehension(self, node: Comprehension) -> Comprehension:
        """A scope of its own, all but what it first walks through."""
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        targets = [each.id for part in node.generators for each in walk(part.target) if isinstance(each, ast.Name)]
        self._scopes.append((False, self._locals(targets)))
        for part in node.generators:
            part.iter = part.iter if part is first else self.visit(part.iter)
            part.target = self.visit(part.target)
            part.ifs = [self.visit(each) for each in part.ifs]
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                setattr(node, field, self.visit(getattr(node, field)))
        self._scopes.pop()
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.ListComp:
        """A scope of its own."""
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.SetComp:
        """A scope of its own."""
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.DictComp:
        """A scope of its own."""
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.GeneratorExp:
        """A scope of its own."""
        return self._comprehension(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        """The name of what was caught is the function's."""
        if node.name and self._local(node.name) is None:
            raise LinkError(f"{self._module}, line {node.lineno}: `as` outside a function")
        if node.name:
            node.name = self._local(node.name)
        self.generic_visit(node)
        return node
