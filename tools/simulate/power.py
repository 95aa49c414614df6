"""The power of one life of the agent: when it is cut, whatever the agent still tries ends there."""

from __future__ import annotations


class PowerCut(BaseException):
    """Nothing may catch it: no code runs without power."""


class Power:
    """On until `cut`."""

    def __init__(self) -> None:
        self.on = True

    def cut(self) -> None:
        """Switch off for good."""
        self.on = False

    def check(self) -> None:
        """Raises: PowerCut."""
        if not self.on:
            raise PowerCut
