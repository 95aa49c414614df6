"""What a peer's source has to tell people: each sentence once, until it has gone and come again."""

from __future__ import annotations

from collections.abc import Callable

LINES_MAX = 16  # at a time: a peer that talks much nonsense fills no terminal


class Notes:
    """The notes of one source, by what each is about."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._say: Callable[[str], None] = lambda _: None
        self._before: dict[str, str] = {}

    def to(self, say: Callable[[str], None]) -> None:
        """Say them to somebody from now on."""
        self._say = say

    def tell(self, found: dict[str, str]) -> None:
        """Say what is new among all that holds now, the first LINES_MAX of it."""
        found = dict(sorted(found.items())[:LINES_MAX])
        for about, why in found.items():
            if self._before.get(about) != why:
                self._say(f"siteward: source '{self._source}': {about}: {why}")
        self._before = found
