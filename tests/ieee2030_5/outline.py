"""Reads the outlines in which the procedures are written: the few forms of YAML that they use, and no other.

Mappings and lists by indentation, plain and quoted words, whole numbers, `[a, b]`, JSON, comments. Anything else fails,
so that a procedure is never half read.
"""

from __future__ import annotations

import json
import re
from typing import Any

KEY = re.compile(r"([A-Za-z0-9_-]+):(?: +(.*))?$")
Line = tuple[int, str]


def read(text: str) -> Any:
    """Return what an outline holds."""
    lines = [(len(line) - len(line.lstrip()), bare) for line in text.split("\n") if (bare := _bare(line))]
    held, rest = _block(lines, 0)
    assert rest == len(lines), lines[rest]
    return held


def _bare(line: str) -> str:
    """Return a line without its comment and the spaces around it."""
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and line[at - 1] in " [(":
            quote = sign
        elif sign == "#" and (at == 0 or line[at - 1] == " "):
            line = line[:at]
            break
    return line.strip()


def _block(lines: list[Line], at: int) -> tuple[Any, int]:
    return _list(lines, at) if lines[at][1].startswith("- ") else _mapping(lines, at)


def _list(lines: list[Line], at: int) -> tuple[list[Any], int]:
    indent, found = lines[at][0], []
    while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- "):
        item = lines[at][1][2:].strip()
        if KEY.match(item):
            lines[at] = (indent + lines[at][1].index(item), item)
            held, at = _mapping(lines, at)
        else:
            held, at = _word(item), at + 1
        found.append(held)
    return found, at


def _mapping(lines: list[Line], at: int) -> tuple[dict[str, Any], int]:
    indent, found = lines[at][0], {}
    while at < len(lines) and lines[at][0] == indent and (split := KEY.match(lines[at][1])):
        key, said = split.groups()
        assert key not in found, key
        at += 1
        while said and said.startswith("{") and not said.endswith("}"):
            said, at = said + lines[at][1], at + 1
        if said:
            found[key] = _word(said)
        elif at < len(lines) and (lines[at][0] > indent or (lines[at][0] == indent and lines[at][1].startswith("- "))):
            found[key], at = _block(lines, at)
        else:
            found[key] = None
    return found, at


def _word(said: str) -> Any:
    if said.startswith("{"):
        return json.loads(re.sub(r",\s*}", "}", said))
    if said.startswith("["):
        return [_word(each.strip()) for each in said[1:-1].split(",") if each.strip()]
    if said[0] in "'\"":
        assert said[-1] == said[0], said
        return said[1:-1]
    if said in ("true", "false"):
        return said == "true"
    assert not said.startswith(("|", ">", "&", "*", "!")), said
    return int(said) if re.fullmatch(r"-?\d+", said) else said
