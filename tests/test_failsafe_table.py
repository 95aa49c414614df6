"""docs/failsafe.md is what the matrix says, and the matrix has every cell."""

from __future__ import annotations

from tests import failsafe_table
from tests.shared import matrix, matrix_switch
from tests.shared.matrix_switch import switch_cells


def test_page_is_printed_from_the_matrix():
    assert failsafe_table.PAGE.read_text() == failsafe_table.page(), "run: python -m tests.failsafe_table"


def test_every_input_has_every_condition_in_every_phase():
    whole = matrix.cells(matrix.INPUTS)
    fourfold = len(matrix.CORE_INPUTS) + 1  # the uplink too
    assert len(whole) == 7 * (4 * fourfold + 3 * (len(matrix.INPUTS) - fourfold)) == 427
    assert len({cell.name for cell in whole}) == 427
    switch = {(cell.condition, cell.phase) for cell in switch_cells()}
    assert len(switch) == len(switch_cells()) == 7 * 4


def test_every_row_of_the_table_is_used():
    used = {id(matrix.rule_of((cell.input, cell.condition, cell.phase))) for cell in matrix.cells(matrix.INPUTS)}
    assert {id(rule) for rule in matrix.RULES.values()} == used
    conditions = [key if isinstance(key, str) else key[0] for key in matrix_switch.RULES]
    assert set(conditions) == set(matrix.CONDITIONS)
