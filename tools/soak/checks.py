"""One thing that had to hold, and what was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """`found` says in numbers what was looked at, whether it held or not."""

    name: str
    held: bool
    found: str
