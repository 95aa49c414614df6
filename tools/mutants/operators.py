"""Two operators that cosmic-ray does not have: `+=` for `-=`, and a call whose result nobody takes left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cosmic_ray.plugins
import parso

Position = tuple[tuple[int, int], tuple[int, int]]
OTHER_SIGN = {"+=": "-=", "-=": "+="}


class SwapAugmented:
    """Adds where was subtracted, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Find `+=` and `-=`."""
        if node.type == "operator" and node.value in OTHER_SIGN:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        """Turn the sign."""
        node.value = OTHER_SIGN[node.value]
        return node

    @classmethod
    def arguments(cls) -> tuple[()]:
        """Tell cosmic-ray that there is nothing to configure."""
        return ()


class DropCall:
    """Leaves out a statement that is nothing but a call, awaited or not."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Find calls whose result nobody takes."""
        if node.type == "atom_expr" and node.parent.type == "simple_stmt" and node.children[-1].type == "trailer":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        """Put `pass` in its place."""
        parse: Any = parso.parse
        return parse(node.get_first_leaf().prefix + "pass")

    @classmethod
    def arguments(cls) -> tuple[()]:
        """Tell cosmic-ray that there is nothing to configure."""
        return ()


OPERATORS = {"SwapAugmented": SwapAugmented, "DropCall": DropCall}


def register() -> None:
    """Make cosmic-ray know them."""
    cosmic_ray.plugins.OPERATOR_PROVIDERS["siteward"] = OPERATORS
