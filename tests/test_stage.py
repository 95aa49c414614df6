"""What boards are given: all of it compiles, nothing stale stays, and it stays within its bytes."""

from __future__ import annotations

import pytest

from tools import stage as staging


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
    kept = staging.without_types(written, "hal/some.py").splitlines()
    assert [at for at, line in enumerate(kept) if line] == [0, 7, 8]
    assert kept[7:] == written.splitlines()[7:]


def test_only_whole_type_checking_blocks_are_left_out():
    for kept in ("if TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2\n", "TYPE_CHECKING = 0\n", "if SOMETHING:\n    x = 1\n"):
        assert staging.without_types(kept, "hal/some.py") == kept
