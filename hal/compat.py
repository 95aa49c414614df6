"""The one shared file that may meet an ImportError: names that only one runtime has.

`const` folds an integer at compile time under MicroPython and is the identity elsewhere.
"""

from __future__ import annotations

try:
    from micropython import const
except ImportError:

    def const(number: int) -> int:
        """Return `number`; MicroPython's compiler replaces the call by the number."""
        return number


__all__ = ("const",)
