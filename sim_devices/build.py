"""Fill a dataclass from a configuration table: unknown keys and wrong types are named, never ignored."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
Table = dict[str, Any]


class BadConfig(Exception):
    """Names the key, what was found and what was expected."""


def build(kind: type[T], table: Table, where: str, **given: Any) -> T:
    """Return `kind(**given, **table)`; only public fields with plain types may be set by `table`."""
    allowed = {f.name: f for f in fields(kind) if f.init and not f.name.startswith("_") and f.name not in given}
    hints = get_type_hints(kind)
    for key, found in table.items():
        if key not in allowed:
            raise BadConfig(f"{where}: unknown key {key!r}; known: {', '.join(sorted(allowed))}")
        if hints[key] in (int, float, str, bool) and not _fits(hints[key], found):
            raise BadConfig(f"{where}.{key}: {found!r} is no {hints[key].__name__}")
    for name, f in allowed.items():
        if name not in table and f.default is MISSING and f.default_factory is MISSING:
            raise BadConfig(f"{where}: {name!r} is missing")
    try:
        return kind(**given, **table)
    except ValueError as error:
        raise BadConfig(f"{where}: {error}") from None


def _fits(wanted: type, found: object) -> bool:
    if wanted is float:
        return type(found) in (int, float)
    return type(found) is wanted
