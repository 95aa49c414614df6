"""The far sides of the protocols that a site's sources of control speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.simulate.peers.base import FarSide, Owed
from tools.simulate.peers.cem import Cem
from tools.simulate.peers.contact import Contact
from tools.simulate.peers.guard import Guard
from tools.simulate.peers.utility import Utility
from tools.simulate.peers.vtn import Server

if TYPE_CHECKING:
    from tools.simulate.world import World

FAR_SIDES: tuple[type[FarSide], ...] = (Guard, Server, Utility, Cem, Contact)


def far_sides(world: World) -> dict[str, FarSide]:
    """Return the far side of each source of a site that has one, by the source's name."""
    kinds = {each.kind: each for each in FAR_SIDES}
    rows = world.made.site.get("source", [])
    return {row["name"]: kinds[row["kind"]](row, world) for row in rows if row["kind"] in kinds}


__all__ = ("FAR_SIDES", "FarSide", "Owed", "far_sides")
