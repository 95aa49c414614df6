"""The house rules as a program: `python -m tests.tidy` names file and line of everything that breaks one.

A rule is a function from (path, tree) to (line, message) pairs, with the files it holds for.
tests/test_tidy.py shows each rule a snippet it must report and one it must leave alone.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from tools.stage import GATEWAYS

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("agent", "boards", "drivers", "hal", "sim_devices", "tools", "tests")
LINES_MAX = 450

Finding = tuple[int, str]
Rule = Callable[[str, ast.Module], Iterator[Finding]]

# Room -> the rooms whose modules it may import, beside itself.
MAY_IMPORT = {
    "hal": set(),
    "drivers": {"hal"},
    "agent": {"hal"},
    "sim_devices": set(),
    "boards": {"agent", "drivers", "hal"},
    "tools": {"agent", "boards", "drivers", "hal", "sim_devices"},
    "tests": set(HOUSE),
}
# The verifier is a second reading of the format: it shares no code with what it judges.
STANDS_ALONE = ("tools/verifier/", "tools/wire.py", "tools/strict.py")

PURE_STDLIB = {
    "__future__",
    "array",
    "asyncio",
    "binascii",
    "collections",
    "errno",
    "gc",
    "hashlib",
    "io",
    "json",
    "struct",
}
BOARD_STDLIB = PURE_STDLIB | {
    "esp", "esp32", "machine", "micropython", "network", "ntptime", "os", "random", "re", "rp2", "select", "socket",
    "ssl", "sys", "termios", "time", "tls", "uctypes", "vfs",
}  # fmt: skip

MISSING_NAMES = {"TimeoutError", "FileNotFoundError", "ConnectionError", "PermissionError", "BrokenPipeError",
    "ConnectionResetError", "ConnectionRefusedError", "FileExistsError", "InterruptedError"}  # fmt: skip
MISSING_ATTRIBUTES = {
    "asyncio": {"Queue", "Semaphore", "Condition", "TaskGroup", "timeout", "wait", "shield", "to_thread", "Future",
        "get_running_loop"},
    "struct": {"error"},
    "json": {"JSONDecodeError"},
    "time": {"monotonic", "perf_counter", "monotonic_ns"},
    "os": {"path", "replace", "fsync", "makedirs", "environ"},
    "socket": {"TCP_NODELAY", "timeout", "create_connection"},
}  # fmt: skip
MISSING_METHODS = {"bit_length", "bit_count", "ljust", "rjust", "zfill", "removeprefix", "removesuffix", "hexdigest",
    "add_done_callback", "call_later", "__init_subclass__"}  # fmt: skip
BANNED_NAMES = {"time", "value", "data", "info", "manager", "utils", "helper", "helpers", "util", "misc"}
# Methods whose parameter names asyncio, its transports or pymodbus chose.
NAMED_BY_OTHERS = {"callback_data", "data_received", "datagram_received", "feed_data", "write"}


def room(path: str) -> str:
    """Return the top-level package a file belongs to."""
    return path.split("/", 1)[0]


def pure(path: str) -> bool:
    """Tell whether a file is shared logic: no I/O, no clock of its own, integers only."""
    return room(path) in ("agent", "drivers", "hal")


def on_boards(path: str) -> bool:
    """Tell whether a file is run by boards as well."""
    board = path not in GATEWAYS and fnmatch(path, "boards/*.py") and not path.startswith("boards/cpython/")
    return pure(path) or board or path.startswith("tests/shared/")


def only_for_types(node: ast.AST) -> bool:
    """Tell whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs: neither annotations nor what is only there for the type checker."""
    yield node
    for field, child in ast.iter_fields(node):
        if field in ("annotation", "returns") or (only_for_types(node) and field == "body"):
            continue
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, ast.AST):
                yield from at_run_time(part)


def imports(tree: ast.AST, walk: Callable[[ast.AST], Iterator[ast.AST]] = ast.walk) -> Iterator[tuple[int, str]]:
    """Yield line and dotted module of every import."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node.lineno, module
            if module in HOUSE:
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def layers(path: str, tree: ast.Module) -> Iterator[Finding]:
    """boards, tools, tests -> agent | drivers -> hal; the two runtimes never import each other."""
    here = room(path)
    for line, module in imports(tree):
        there = module.split(".")[0]
        if there in HOUSE and there != here and there not in MAY_IMPORT[here]:
            yield line, f"{here} may not import {there}"
        if path.startswith("boards/micropython/") and module.startswith("boards.cpython"):
            yield line, "boards/micropython may not import boards/cpython"
        if path.startswith("boards/cpython/") and module.startswith("boards.micropython"):
            yield line, "boards/cpython may not import boards/micropython"
        if path.startswith(STANDS_ALONE) and there in HOUSE and there != "tools":
            yield line, "the verifier shares no code with what it judges"


def stdlib_subset(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Only modules that both runtimes have; logic gets no clock, no socket, no file."""
    allowed = PURE_STDLIB if pure(path) else BOARD_STDLIB
    for line, module in imports(tree, at_run_time):
        top = module.split(".")[0]
        if module.startswith("."):
            yield line, "imports are absolute"
        elif top not in allowed and top not in HOUSE and not (path == "hal/compat.py" and top == "micropython"):
            yield line, f"{top} is not there for {'shared logic' if pure(path) else 'boards'}"


def subset_syntax(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Syntax that MicroPython refuses or runs differently."""
    for node in at_run_time(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Match):
            yield line, "match"
        elif isinstance(node, ast.arguments) and node.posonlyargs:
            yield node.posonlyargs[0].lineno, "positional-only parameters"
        elif isinstance(node, ast.Dict) and None in node.keys:
            yield line, "{**d}"
        elif displays_starred(node):
            yield line, "[*a]"
        elif isinstance(node, ast.TryStar):
            yield line, "except*"
        elif isinstance(node, ast.comprehension) and node.is_async:
            yield node.target.lineno, "asynchronous comprehension"
        elif isinstance(node, ast.AsyncFunctionDef) and any(isinstance(part, ast.Yield) for part in ast.walk(node)):
            yield line, "asynchronous generator"
        elif isinstance(node, ast.ClassDef) and node.keywords:
            yield line, "class keywords"


def displays_starred(node: ast.AST) -> bool:
    """Tell whether a node builds a list, tuple or set from a starred part."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or isinstance(getattr(node, "ctx", None), ast.Store):
        return False
    return any(isinstance(part, ast.Starred) for part in node.elts)


def subset_names(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Names and methods that MicroPython lacks or that mean something else there."""
    for node in at_run_time(tree):
        if isinstance(node, ast.Name) and node.id in MISSING_NAMES:
            yield node.lineno, f"there is no builtin {node.id}: use OSError.errno or asyncio.TimeoutError"
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in MISSING_ATTRIBUTES.get(owner, ()):
                yield node.lineno, f"there is no {owner}.{node.attr}"
            elif node.attr in MISSING_METHODS:
                yield node.lineno, f"there is no {node.attr}()"
        elif isinstance(node, ast.FunctionDef) and node.name in ("__del__", "__init_subclass__"):
            yield node.lineno, f"{node.name} is never called"
        elif isinstance(node, ast.Call):
            yield from wrong_call(node)
        elif isinstance(node, ast.Slice) and isinstance(node.step, ast.UnaryOp):
            yield node.lineno, "slices have no negative step"


def wrong_call(call: ast.Call) -> Iterator[Finding]:
    """Report calls that run on both and answer differently."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keywords = {keyword.arg for keyword in call.keywords}
    if name == "from_bytes" and "signed" in keywords:
        yield call.lineno, "int.from_bytes takes no signed"
    elif name == "isinstance" and isinstance(call.args[-1], ast.Name) and call.args[-1].id == "int":
        yield call.lineno, "isinstance(True, int) differs: use type(x) is int"
    elif name == "pow" and len(call.args) == 3 and isinstance(call.args[1], ast.UnaryOp):
        yield call.lineno, "pow with a negative exponent is silently wrong"
    elif name == "print" and "flush" in keywords:
        yield call.lineno, "print takes no flush"
    elif name == "deque" and "maxlen" in keywords:
        yield call.lineno, "deque takes maxlen by position"


def integers_only(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Boards have 32-bit floats: money is counted in integers."""
    for node in at_run_time(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (float, complex):
            yield node.lineno, "float literal"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "/ makes a float"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield node.lineno, "float()"


def one_meaning(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Shared logic never asks which runtime it is on; hal/compat.py is the one place that meets an ImportError."""
    for node in at_run_time(tree):
        if isinstance(node, ast.Attribute) and node.attr == "implementation":
            yield node.lineno, "shared code does not ask for the runtime"
        elif isinstance(node, ast.Name) and node.id == "ImportError" and path != "hal/compat.py":
            yield node.lineno, "only hal/compat.py meets an ImportError"


def names(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A name says what it holds."""
    if Path(path).stem in BANNED_NAMES:
        yield 1, f"a file named {Path(path).stem}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.lower() in BANNED_NAMES:
                yield node.lineno, f"the name {node.name}"
            if isinstance(node, ast.ClassDef) or node.name in NAMED_BY_OTHERS:
                continue
            for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                if parameter.arg in BANNED_NAMES:
                    yield parameter.lineno, f"the name {parameter.arg}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in BANNED_NAMES:
            yield node.lineno, f"the name {node.id}"


def docstrings(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Every module says what it is; a driver also where its facts are from."""
    said = ast.get_docstring(tree)
    if not said and tree.body:
        yield 1, "no module docstring"
    driver = path.startswith("drivers/") and path.count("/") == 2 and Path(path).name != "__init__.py"
    if driver and "Source:" not in (said or ""):
        yield 1, "a driver's docstring has a line `Source: maker, document, section`"


def length(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A long file holds more than one idea."""
    last = max((node.end_lineno or 0 for node in tree.body), default=0)
    if last >= LINES_MAX:
        yield last, f"{last} lines; {LINES_MAX - 1} are the most"


def no_waiting(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A test does not wait by the wall clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("sleep", "sleep_ms", "sleep_us"):
            if isinstance(node.value, ast.Name) and node.value.id in ("time", "utime"):
                yield node.lineno, f"time.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, f"time.{alias.name}") for alias in node.names if alias.name.startswith("sleep"))


def tests_assert(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A test says itself what must hold: whoever reads it sees what it proves."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for test in functions:
        if test.name.startswith("test_") and not any(_asserts(node) for node in ast.walk(test)):
            yield test.lineno, f"{test.name} asserts nothing in its own body"


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return isinstance(node.exc.func, ast.Name) and node.exc.func.id == "AssertionError"
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "raises"
    return isinstance(node, ast.Assert)


# Rule -> the files it holds for.
RULES: dict[Rule, Callable[[str], bool]] = {
    layers: lambda path: True,
    stdlib_subset: on_boards,
    subset_syntax: on_boards,
    subset_names: on_boards,
    integers_only: lambda path: on_boards(path) and room(path) != "tests",
    one_meaning: pure,
    names: lambda path: room(path) != "tests",
    docstrings: lambda path: True,
    length: lambda path: True,
    no_waiting: lambda path: room(path) == "tests",
    tests_assert: lambda path: room(path) == "tests",
}


def findings(path: str, source: str) -> list[str]:
    """Return `path:line: what is wrong` for one file, in line order."""
    tree = ast.parse(source, path)
    found = [
        (line, f"{rule.__name__}: {what}")
        for rule, holds in RULES.items()
        if holds(path)
        for line, what in rule(path, tree)
    ]
    return [f"{path}:{line}: {what}" for line, what in sorted(found)]


def house_files() -> list[str]:
    """Return the project's Python files, sorted."""
    return sorted(str(path.relative_to(ROOT)) for name in HOUSE for path in (ROOT / name).rglob("*.py"))


def main() -> int:
    """Print every finding; return 1 when there is one."""
    found = [line for path in house_files() for line in findings(path, (ROOT / path).read_text())]
    print("\n".join(found) or f"tidy: {len(house_files())} files")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
