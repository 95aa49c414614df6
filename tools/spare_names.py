"""Names that an image or its firmware holds anyway, for what else of a linked agent needs one: tools/short_names.py.

An interned string costs a board some 11 bytes, and the last pool of them, which doubles, several thousand. So a
function is given the name of an attribute, and an attribute that of a class or a builtin: no table holds both kinds.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Iterable, Iterator

from tools.firmware_names import NAMES

Nodes = list[ast.AST]

_INTERNED_BYTES_MAX = 10  # MICROPY_ALLOC_PARSE_INTERN_STRING_LEN in MicroPython's py/mpconfig.h
PROTOCOLS = {"ioctl", "readblocks", "writeblocks", "readinto", "read", "write"}  # what a firmware calls by its name
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def public_attributes(core: Nodes, nodes: Nodes, ours: set[str], kept: set[str], short: set[str]) -> dict[str, str]:
    """Return what becomes of attributes without an underscore, each another name that is no attribute so far.

    `ours`: attributes that classes of this program make; `kept`: what is asked for by a text, or stands on a tape;
    `short`: what the others have become, and what else they cannot be.
    """
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)} | ours | short
    kept = kept | NAMES | PROTOCOLS | _of_modules(nodes)
    here = {node.attr for node in core if isinstance(node, ast.Attribute)}
    wanting = [name for name in sorted(ours - kept, key=lambda name: (name not in here, name)) if name[0] != "_"]
    spare = _names(core) - attributes - class_level(nodes)
    return dict(zip(wanting, sorted(spare), strict=False))


def global_names(core: Nodes, attributes: dict[str, str], taken: set[str]) -> list[str]:
    """Return names for functions and variables of CORE: attributes as they have become, and texts, without `taken`."""
    found = {attributes.get(node.attr, node.attr) for node in core if isinstance(node, ast.Attribute)}
    return sorted((found | _texts(core)) - taken - set(dir(builtins)))


def class_level(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that stand in a class's body itself, where its attributes hide what is around."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for part in _outside_functions(node.body):
                if isinstance(part, ast.Name):
                    found.add(part.id)
                elif isinstance(part, ast.Attribute):  # of a module, it may stand for a thing of CORE
                    found.add(part.attr)
    return found


def _outside_functions(body: list[ast.stmt]) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _FUNCTIONS):
            waiting += [*node.args.defaults, *[each for each in node.args.kw_defaults if each is not None]]
            waiting += getattr(node, "decorator_list", [])
        else:
            waiting += ast.iter_child_nodes(node)


def _names(core: Nodes) -> set[str]:
    """Return what CORE's bytecode names besides attributes: classes, builtins, imports, short texts."""
    classes = {node.name for node in core if isinstance(node, ast.ClassDef) and node.name[0] != "_"}
    used = {node.id for node in core if isinstance(node, ast.Name)} & set(dir(builtins))
    return classes | used | _texts(core)


def _texts(nodes: Nodes) -> set[str]:
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if _is_name(text)}


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text) and may_be_interned(text)


def may_be_interned(text: str) -> bool:
    """Tell whether a text is short enough for MicroPython's compiler to intern it."""
    return len(text.encode()) <= _INTERNED_BYTES_MAX


def interned(nodes: Iterable[ast.AST]) -> set[str]:
    """Return what some bytecode interns: the names that it asks for and makes, keywords, short texts."""
    found = {""}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and may_be_interned(node.value):
            found.add(node.value)
        found |= {getattr(node, field) for field in ("id", "attr", "name", "arg") if hasattr(node, field)}
    return found


def _of_modules(nodes: Nodes) -> set[str]:
    """Return what is asked of modules, as `asyncio.sleep`."""
    imported = {
        each.asname or each.name
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for each in node.names
    }
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported
    }
