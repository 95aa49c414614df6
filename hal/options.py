"""The options of a driver: what a site file may say beside the keys that every device has.

A driver lists (name, allowed) and keeps each default as its attribute. `allowed` is a tuple of values or a range.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def choose(driver: object, given: dict[str, Any]) -> None:
    """Set each option that is given as an attribute of `driver`. Raises: ValueError(key, got, expected)."""
    known: tuple[tuple[str, Any], ...] = getattr(driver, "options_known", ())
    names = [name for name, allowed in known]
    for name in given:
        if name not in names:
            raise ValueError(name, given[name], "one of " + ", ".join(names) if names else "no options")
    for name, allowed in known:
        if name in given:
            chosen = given[name]
            if not fits(chosen, allowed):
                raise ValueError(name, chosen, expected(allowed))
            setattr(driver, name, chosen)


def fits(chosen: Any, allowed: Any) -> bool:
    """Tell whether an option may be this."""
    if type(chosen) is not type(allowed[0]):
        return False
    if type(allowed) is range:  # MicroPython would look through it one by one
        return bool(allowed[0] <= chosen <= allowed[-1] and (chosen - allowed[0]) % allowed.step == 0)
    return chosen in allowed


def expected(allowed: Any) -> str:
    """Say in words what an option may be."""
    if type(allowed) is range:
        return str(allowed[0]) + ".." + str(allowed[-1])
    return " or ".join([str(each) for each in allowed])
