"""What boards are given: all of it compiles, nothing stale stays, and it stays within its bytes."""

from __future__ import annotations

import pytest

from tools import stage as staging
from tools.lean import LeanError, constants_of, lean


def test_every_shared_file_compiles_for_boards(tmp_path):
    sizes = staging.stage(tmp_path)
    assert set(sizes) == set(staging.PACKAGES)
    for pattern in staging.PACKAGES.values():
        for source in staging.sources(pattern):
            made = (tmp_path / source.relative_to(staging.ROOT)).with_suffix(".mpy")
            assert made.read_bytes()[:1] == b"M"  # MicroPython documentation, "The .mpy file format"


def test_only_files_of_gateways_are_left_out():
    for path in staging.GATEWAYS:
        assert "boards.cpython" in (staging.ROOT / path).read_text()


def test_a_file_that_micropython_refuses_is_named_and_the_rest_is_compiled(tmp_path, monkeypatch):
    house = tmp_path / "house"
    (house / "hal").mkdir(parents=True)
    (house / "hal" / "fine.py").write_text("x = 1\n")
    (house / "hal" / "wrong.py").write_text("def f(a, /): pass\n")
    monkeypatch.setattr(staging, "ROOT", house)
    with pytest.raises(staging.StageError, match=r"hal/wrong\.py"):
        staging.stage(tmp_path / "board")
    assert (tmp_path / "board/hal/fine.mpy").exists()
    assert not (tmp_path / "board/hal/wrong.mpy").exists()


def test_bytecode_without_its_source_is_removed_and_other_files_are_left(tmp_path, monkeypatch):
    house, board = tmp_path / "house", tmp_path / "board"
    (house / "hal").mkdir(parents=True)
    (house / "hal" / "kept.py").write_text("x = 1\n")
    (house / "hal" / "gone.py").write_text("x = 1\n")
    monkeypatch.setattr(staging, "ROOT", house)
    staging.stage(board)
    (board / "site.json").write_text("{}")
    (house / "hal" / "gone.py").unlink()
    staging.stage(board)
    assert sorted(path.name for path in board.rglob("*") if path.is_file()) == ["kept.mpy", "site.json"]


NUMBERS = {"hal.quantities": {"POWER_W": 1, "ENERGY_IMPORT_WH": 12}}


def test_what_only_the_type_checker_reads_is_not_sent_and_every_line_keeps_its_number():
    written = "\n".join((
        '"""What it is."""',
        "from __future__ import annotations",
        "TYPE_CHECKING = False",
        "if TYPE_CHECKING:",
        "    from typing import (",
        "        Any,",
        "    )",
        "def first(each: Any) -> Any:",
        "    return each",
    ))  # fmt: skip
    kept = lean(written, {}).splitlines()
    assert [at for at, line in enumerate(kept) if line] == [0, 7, 8]
    assert kept[7:] == written.splitlines()[7:]


@pytest.mark.parametrize(
    "kept",
    [
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2\n",
        "TYPE_CHECKING = 0\n",
        "if SOMETHING:\n    x = 1\n",
    ],
)
def test_only_whole_type_checking_blocks_are_left_out(kept):
    assert lean(kept, {}) == kept


def test_names_of_plain_numbers_become_numbers_and_their_module_is_not_loaded():
    for written, sent in (
        ("from hal import quantities as q\nx = {q.POWER_W: q.ENERGY_IMPORT_WH}  # °C\n", "\nx = {1: 12}  # °C\n"),
        ("from hal import quantities\ny = '°C', quantities.POWER_W\n", "\ny = '°C', 1\n"),
        ("from hal import x, quantities as q\nz = x(q.POWER_W)\n", "from hal import x\nz = x(1)\n"),
        ("from hal import errors\nz = errors.X\n", "from hal import errors\nz = errors.X\n"),
    ):
        assert lean(written, NUMBERS) == sent


@pytest.mark.parametrize("use", ["q = 5", "def f(q): return q.POWER_W", "f(q)", "x = q.NOTHING"])
def test_a_number_is_not_put_where_the_name_could_mean_something_else(use):
    with pytest.raises(LeanError):
        lean(f"from hal import quantities as q\n{use}\n", NUMBERS)


def test_a_number_imported_by_itself_is_refused_when_it_is_compiled():
    with pytest.raises(LeanError, match=r"line 1: import hal\.quantities as a whole"):
        lean("from hal.quantities import POWER_W\nx = POWER_W\n", NUMBERS)


def test_a_module_of_constants_holds_nothing_else():
    module = '"""Doc."""\nfrom hal.compat import const\nA = const(1)  # one\n'
    assert constants_of(f"{module}B = const(0x10)\n") == {"A": 1, "B": 16}
    for more in ("C = 3\n", "def f(): pass\n", "import os\n", "D = const(A + 1)\n"):
        assert constants_of(module + more) == {}
