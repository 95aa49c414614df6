"""Which runs each cell of the failsafe matrix has that needs the whole agent."""

from __future__ import annotations

from tests.shared.matrix import RUNNING
from tests.shared.matrix_look import play_read_back
from tests.shared.matrix_loop import play_lease, play_uplink, play_write_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.shared.matrix import Cell


def plays(cell: Cell) -> list[Coroutine[object, object, None]]:
    """Return the runs of one cell."""
    if cell.input == "uplink":
        return [play_uplink(cell)]
    if cell.input == "lease":
        return [play_lease(cell)]
    if cell.input == "read-back":
        return [play_read_back(cell)]
    played = [play_write_path(cell, (0, 1, 2, 3, 4, 5))]
    if cell.phase == RUNNING:  # one device never stops another
        played.append(play_write_path(cell, (0,)))
    return played
