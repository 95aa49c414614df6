"""The body of an owner's word, of named arguments as at an agent's console.

Source: docs/format.md, `word_body`.
"""

from __future__ import annotations

from typing import Any

from tools.errors import UsageError

FOR_S_MAX, ENERGY_WH_MAX, SETPOINT_MAX, MOMENT_MAX = 7776000, 1000000, 1000000, 1 << 40
FOR_S, LOWEST = ("for_s", 1, FOR_S_MAX, False), ("lowest", -SETPOINT_MAX, SETPOINT_MAX, True)
# Word -> its number, and each further field with its bounds and whether null stands for none.
WORDS: dict[str, tuple[int, tuple[tuple[str, int, int, bool], ...]]] = {
    "boost": (1, (FOR_S,)),
    "opt-out": (2, (FOR_S,)),
    "opt-in": (3, ()),
    "away": (4, (FOR_S,)),
    "back": (5, ()),
    "departure": (6, (("at_s", 0, MOMENT_MAX, False), ("energy_wh", 0, ENERGY_WH_MAX, False))),
    "comfort": (7, (LOWEST, ("highest", *LOWEST[1:]))),
}


def body(word: str, device: str = "", **said: Any) -> list[Any]:
    """Return a word's body; `device` is a device, a circuit, or "" the site. Raises: UsageError."""
    if word not in WORDS:
        raise UsageError(f"word = {word!r:.80}: expected one of {', '.join(WORDS)}")
    if type(device) is not str or len(device) > 16:
        raise UsageError(f"device = {device!r:.80}: expected an id of at most 16 characters")
    number, fields = WORDS[word]
    unknown = sorted(set(said) - {field[0] for field in fields})
    if unknown:
        raise UsageError(f"{unknown[0]}: {word} has no such key")
    return [number, device, *(_field(said, *field) for field in fields)]


def _field(said: dict[str, Any], name: str, lowest: int, highest: int, may_lack: bool) -> int | None:
    given = said.get(name)
    if given is None and may_lack:
        return None
    if type(given) is not int or not lowest <= given <= highest:
        raise UsageError(f"{name} = {given!r:.80}: expected a whole number from {lowest} to {highest}")
    return given
