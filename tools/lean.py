"""What is taken out of a source before it is compiled for a board; every line keeps its number.

Statements for the type checker alone: a board has no type checker (docs/decisions/0002). The import of `const`:
MicroPython's compiler knows the word.

The names of plain numbers: a module that holds nothing but `NAME = const(...)` is not loaded there, its numbers
stand where they are used. A name costs a board about 45 bytes of heap, a number in flash none, and reading it takes
no look-up (docs/decisions/0003). MicroPython's compiler does the same within one file.
"""

from __future__ import annotations

import ast

from tools.nodes import walk


class LeanError(Exception):
    """Args: what stands in the source that cannot be taken out safely."""


def lean(text: str, constants: dict[str, dict[str, int]]) -> str:
    """Return the source as boards get it; `constants` is module -> name -> number. Raises: LeanError, SyntaxError."""
    tree = ast.parse(text)
    lines = text.encode().splitlines(keepends=True)  # positions in a syntax tree count bytes
    _put_numbers(tree, lines, constants)
    left_out = [node for node in tree.body if is_left_out(node)]
    kept = [node for node in tree.body if node not in left_out]
    if any(isinstance(part, ast.Name) and part.id == "TYPE_CHECKING" for part in walk(*kept)):
        left_out = [node for node in left_out if not isinstance(node, ast.Assign)]  # an `else` asks for it
    for node in left_out:
        _blank(node, lines)
    return b"".join(lines).decode()


def is_left_out(node: ast.stmt) -> bool:
    """Tell whether a statement is one of those that a board has no use for: `const`, annotations, TYPE_CHECKING."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__" or ast.unparse(node) == "from hal.compat import const"
    if isinstance(node, ast.Assign):
        return ast.unparse(node) == "TYPE_CHECKING = False"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse


def constants_of(text: str) -> dict[str, int]:
    """Return name -> number of a module that holds nothing else; empty for every other module."""
    found: dict[str, int] = {}
    if "const(" not in text:
        return found
    for node in ast.parse(text).body[1:]:  # the first is the docstring
        if is_left_out(node):
            continue
        number = _number(node)
        if number is None:
            return {}
        found.update(number)
    return found


def _number(node: ast.stmt) -> dict[str, int] | None:
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return None
    call = node.value
    if isinstance(call, ast.Call) and ast.unparse(call.func) == "const" and isinstance(call.args[0], ast.Constant):
        number = call.args[0].value
        return {node.targets[0].id: number} if type(number) is int else None
    return None


def _put_numbers(tree: ast.Module, lines: list[bytes], constants: dict[str, dict[str, int]]) -> None:
    found: list[tuple[ast.Attribute, str, int]] = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            if statement.module in constants:  # no board has that module
                raise LeanError(f"line {statement.lineno}: import {statement.module} as a whole, not a number of it")
            kept = [imported for imported in statement.names if f"{statement.module}.{imported.name}" not in constants]
            for imported in statement.names:
                if imported not in kept:
                    numbers = constants[f"{statement.module}.{imported.name}"]
                    found += _uses(tree, imported.asname or imported.name, numbers)
            if len(kept) < len(statement.names):
                _blank(statement, lines)
                if kept:
                    shorter = ast.ImportFrom(statement.module, kept, statement.level)
                    lines[statement.lineno - 1] = ast.unparse(shorter).encode() + b"\n"
    for node, written, number in sorted(found, key=lambda use: (use[0].lineno, use[0].col_offset), reverse=True):
        _replace(node, written, str(number), lines)


def _uses(tree: ast.Module, name: str, numbers: dict[str, int]) -> list[tuple[ast.Attribute, str, int]]:
    """Return (where, what stands there, its number) for every attribute of the module `name`."""
    named = [node for node in walk(tree) if isinstance(node, ast.Name) and node.id == name]
    used = [node for node in walk(tree) if isinstance(node, ast.Attribute) and node.value in named]
    if len(used) != len(named) or name in [node.arg for node in walk(tree) if isinstance(node, ast.arg)]:
        raise LeanError(f"{name} is a module of constants and something else as well")
    for node in used:
        if node.attr not in numbers:
            raise LeanError(f"line {node.lineno}: there is no {name}.{node.attr}")
    return [(node, f"{name}.{node.attr}", numbers[node.attr]) for node in used]


def _replace(node: ast.expr, written: str, number: str, lines: list[bytes]) -> None:
    line, end = lines[node.lineno - 1], node.end_col_offset
    if line[node.col_offset : end] != written.encode():  # an f-string has no positions of its own
        raise LeanError(f"line {node.lineno}: {written} where no number can be put")
    lines[node.lineno - 1] = line[: node.col_offset] + number.encode() + line[end:]


def _blank(node: ast.stmt, lines: list[bytes]) -> None:
    for number in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[number] = b"\n"
