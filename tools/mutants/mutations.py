"""Which of cosmic-ray's mutations are put to the tests; what is left out, and why, is counted and said.

A mutation that changes nothing but annotations, docstrings or what only type checkers read, that is no Python, that
another operator makes too, or that takes `is` for `==` where both hold, tells nothing about the tests.
"""

from __future__ import annotations

import ast

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

# cosmic-ray tries eleven others for each arithmetic operator. Nearly all are so coarse that any test kills them and
# would only flatter the figure: the nearest are kept.
ARITHMETIC = {
    "Add": {"Sub"},
    "Sub": {"Add"},
    "Mul": {"FloorDiv", "Add"},
    "FloorDiv": {"Mul", "Sub"},
    "Mod": {"FloorDiv"},
    "LShift": {"RShift"},
    "RShift": {"LShift"},
    "BitAnd": {"BitOr"},
    "BitOr": {"BitAnd"},
    "BitXor": {"BitAnd"},
}
IDENTITY = {"Is", "IsNot"}
SAME = {("Is", "Eq"), ("IsNot", "NotEq")}
COARSE = "coarse arithmetic"
IDENTICAL = "identity for equality"
SYNTAX = "no Python"
NOTHING = "no change at run time"
TWICE = "made twice"


def refused_by_kind(operator: str) -> str:
    """Return why every mutation of one of cosmic-ray's operators is left out, "" where it is not."""
    _, _, name = operator.partition("/")
    kind, _, change = name.partition("_")
    before, _, after = change.partition("_")
    if kind == "ReplaceBinaryOperator" and after not in ARITHMETIC.get(before, set()):
        return COARSE
    if kind == "ReplaceComparisonOperator" and (
        (after in IDENTITY and before not in IDENTITY) or (before, after) in SAME
    ):
        return IDENTICAL
    return ""


def meaning(source: str) -> str:
    """Return what is left of a module at run time. Raises: SyntaxError."""
    return ast.dump(_Bare().visit(ast.parse(source)))


class _Bare(ast.NodeTransformer):
    """Takes out annotations, docstrings and what only type checkers read; works out signs of numbers."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Take the annotation off a parameter."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Take the annotation off a result."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Take the annotation off a result."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Take the annotation off a variable."""
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """Drop `TYPE_CHECKING = ...`."""
        return None if _names_type_checking(node.targets[0]) else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop `if TYPE_CHECKING:`, mutated or not."""
        test = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        return None if _names_type_checking(test) else self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Make `~1` and `- 2` the same."""
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if type(number) is int and isinstance(node.op, ast.USub | ast.Invert):
            return ast.Constant(-number if isinstance(node.op, ast.USub) else ~number)
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop docstrings."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def _names_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"


class Sieve:
    """Judges the mutations of one module one after the other."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._seen = {meaning(source)}
        self._original = meaning(source)

    def left_out(self, mutation: MutationSpec) -> str:
        """Return why a mutation is not put to the tests, "" where it is."""
        why = refused_by_kind(mutation.operator_name)
        if why:
            return why
        try:
            meant = meaning(mutated(self.source, mutation))
        except SyntaxError:
            return SYNTAX
        if meant in self._seen:
            return NOTHING if meant == self._original else TWICE
        self._seen.add(meant)
        return ""


def mutated(source: str, mutation: MutationSpec) -> str:
    """Return a module's source with one mutation in it."""
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    changed: str = mutate_code(source, operator, mutation.occurrence)
    return changed


def function_at(source: str, line: int) -> int | None:
    """Return the first line, decorators included, of the outermost function that holds a line; None outside."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= line <= (node.end_lineno or line):
                return first
    return None
