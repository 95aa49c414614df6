"""The phase switch in the failsafe matrix, with real actuators; the table is tests/shared/matrix_switch.py."""

from __future__ import annotations

from tests.shared.matrix_switch import play, switch_cells


async def test_phase_switch():
    played = 0
    for cell in switch_cells():
        try:
            await play(cell)
        except AssertionError:
            print(cell.name)
            raise
        played += 1
    assert played
