"""Mutants are made, sorted out, put to the tests and counted, shown on a tree of two files."""

from __future__ import annotations

import json

import pytest
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tools.mutants import operators
from tools.mutants.__main__ import alone, main
from tools.mutants.mutations import function_at, meaning, refused_by_kind
from tools.mutants.session import Score, Session, Survivor, put_to_the_tests
from tools.mutants.tree import MutantsError, compiled_but, survey

MODULE = '''"""Doubles what is below a limit."""

from __future__ import annotations

LIMIT = 10


def doubled(number: int | None) -> int:
    if number is not None and number < LIMIT:
        return number * 2
    return 0


def forgotten() -> int:
    return 1 + 1
'''
TESTS = """from agent import doubling


def test_small_numbers_are_doubled():
    assert doubling.doubled(3) == 6 and doubling.doubled(9) == 18


def test_large_ones_are_not():
    assert doubling.doubled(10) == 0 and doubling.doubled(12) == 0 and doubling.doubled(None) == 0


async def test_tests_may_be_asynchronous():
    assert doubling.doubled(1) == 2
"""


@pytest.fixture(autouse=True)
def own_operators():
    operators.register()


def tree(folder, tests: str = TESTS):
    for name, text in {"agent/doubling.py": MODULE, "tests/shared/test_doubling.py": tests}.items():
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / name).write_text(text)
    return folder / "tree"


def run(folder, copy, fresh: bool = False, tree_print: str = "1") -> tuple[int, Session]:
    tests = survey(copy)
    compiled_but(copy, ("agent/doubling.py",))
    session = Session(folder, copy, "agent/doubling.py")
    session.prepare(tree_print, fresh)
    pending = session.pending()
    for item in pending:
        session.keep(item, put_to_the_tests(copy, session.module, item, session.tests_for(item, tests)))
    return len(pending), session


def test_only_what_no_test_notices_survives(tmp_path):
    copy = tree(tmp_path)
    tried, session = run(tmp_path, copy)
    score = session.score()
    # Nobody calls `forgotten`; all that changes `doubled` is noticed.
    assert {(one.line, one.before) for one in score.survivors} == {(15, "return 1 + 1")}
    assert score.killed == tried - len(score.survivors) > 10
    assert score.left_out["coarse arithmetic"] > 10
    assert (copy / "agent/doubling.py").read_text() == MODULE


def test_what_is_known_is_not_tried_again_but_survivors_are_when_tests_changed(tmp_path):
    copy = tree(tmp_path)
    tried, session = run(tmp_path, copy)
    survivors = len(session.score().survivors)
    assert run(tmp_path, copy)[0] == 0
    tree(tmp_path, TESTS + "\n\ndef test_nothing_is_forgotten():\n    assert doubling.forgotten() == 2\n")
    again, session = run(tmp_path, copy, tree_print="2")
    assert (again, session.score().survivors) == (survivors, [])
    assert run(tmp_path, copy, fresh=True, tree_print="2")[0] == tried


def test_tests_that_fail_by_themselves_prove_nothing(tmp_path):
    copy = tree(tmp_path, TESTS.replace("== 18", "== 17"))
    with pytest.raises(MutantsError, match="test_small_numbers_are_doubled"):
        survey(copy)


@pytest.mark.parametrize(
    ("operator", "why"),
    [
        ("core/ReplaceBinaryOperator_Add_Pow", "coarse arithmetic"),
        ("core/ReplaceBinaryOperator_Add_Sub", ""),
        ("core/ReplaceComparisonOperator_Eq_Is", "identity for equality"),
        ("core/ReplaceComparisonOperator_IsNot_NotEq", "identity for equality"),
        ("core/ReplaceComparisonOperator_Is_IsNot", ""),
        ("core/NumberReplacer", ""),
        ("siteward/DropCall", ""),
    ],
)
def test_kinds_that_tell_nothing_are_left_out(operator, why):
    assert refused_by_kind(operator) == why


def test_own_operators_change_what_they_say():
    source = "x = 1\nx += f(x)\nf(x)\nawait g.h(x)\ny = f(x)\n"
    swapped = mutate_code(source, get_operator("siteward/SwapAugmented")(), 0)
    assert swapped == source.replace("+=", "-=")
    dropped = [mutate_code(source, get_operator("siteward/DropCall")(), at) for at in range(3)]
    assert dropped == [source.replace("\nf(x)\na", "\npass\na"), source.replace("await g.h(x)", "pass"), None]


def test_line_is_found_in_its_outermost_function_with_its_decorator():
    source = "A = 1\n\n@property\ndef f():\n    def g():\n        return 1\n    return g\n"
    assert [function_at(source, line) for line in (1, 3, 4, 6, 7)] == [None, 3, 3, 3, 3]


def test_annotations_and_type_checking_are_no_change():
    source = (
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import a\n\ndef f(x: int | None) -> int | None:\n    return x\n"
    )
    assert meaning(source.replace("|", "&").replace("False", "True").replace("import a", "import b")) == meaning(source)
    assert meaning(source.replace("return x", "return 0")) != meaning(source)


def test_one_number_written_in_two_ways_is_tried_once():
    assert meaning("x = ~1") == meaning("x = - 2") != meaning("x = -1")


def test_one_run_at_a_time_in_a_folder(tmp_path):
    with alone(tmp_path), pytest.raises(MutantsError, match="another run"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


@pytest.mark.parametrize(("survivors", "code"), [(1, 0), (2, 1)])
def test_less_than_nine_in_ten_is_too_few(monkeypatch, capsys, tmp_path, survivors, code):
    survivor = Survivor(1, "x = 1", "x = 2")
    score = Score("agent/limits.py", 10 - survivors, [survivor] * survivors, {"made twice": 3})
    monkeypatch.setattr("tools.mutants.__main__.measure", lambda *_: [score])
    assert main(["agent/limits.py", "--folder", str(tmp_path)]) == code
    told = capsys.readouterr().out
    assert f"agent/limits.py\t{10 - survivors}\t{survivors}\t{10 - survivors}0.0 %\t3" in told
    assert "agent/limits.py:1  (not explained in docs/mutation.md)\n- x = 1\n+ x = 2" in told
    assert main(["agent/limits.py", "--folder", str(tmp_path), "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["all"] == {"killed": 10 - survivors, "killed_pm": 1000 - 100 * survivors, "left_out": {"made twice": 3}}
    assert told["modules"][0]["survivors"][0] == {"line": 1, "before": "x = 1", "after": "x = 2", "explained": False}
