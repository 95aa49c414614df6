"""The shared tests inside the 32-bit MicroPython, all in one process; and what is logic alone in 64 KB of heap."""

from __future__ import annotations

import pytest

from tests.wasm32 import plan, small_site
from tests.wasm32.node import image_of_tests, needs_wasm32, run_jobs

FILES = [file for file in plan.files() if file not in plan.TOO_LONG]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    needs_wasm32()
    return image_of_tests(tmp_path_factory.mktemp("wasm32") / "tests.romfs")


@pytest.fixture(scope="module")
def ran(image):
    """Return file -> what each of its tests did."""
    found = run_jobs([job for file in FILES for job in plan.jobs_of(file)], image)
    return {file: [each for each in found if each.module == f"tests.shared.{file}"] for file in FILES}


def test_only_files_that_are_there_are_left_out():
    assert set(plan.TOO_LONG) <= set(plan.files())


@pytest.mark.parametrize("file", FILES)
def test_shared_tests_pass_in_32_bits(ran, file):
    assert [each.test for each in ran[file]] == [name for _, name in plan.jobs_of(file)]
    assert [f"{each.test}: {each.said}" for each in ran[file] if not each.passed] == []


def test_a_failure_is_told_with_its_traceback_and_the_next_test_runs(image):
    missing, fine = run_jobs([("tests.shared.test_cbor", "no_such"), plan.jobs_of("test_cbor")[0]], image)
    assert not missing.passed
    assert "AttributeError" in missing.said
    assert fine.passed


def test_the_logic_alone_obeys_and_proves_in_64_kb_and_never_asks_for_more(tmp_path):
    needs_wasm32()
    core = small_site.core(tmp_path)
    assert core.passed, core.said
    assert core.harness <= small_site.HARNESS_KB * 1024
    assert core.bare.total <= (small_site.HEAP_KB + small_site.HARNESS_KB) * 1024
    assert core.heap.total == core.bare.total, core


def test_a_whole_agent_of_four_devices_obeys_and_proves(tmp_path):
    needs_wasm32()
    whole = small_site.whole(tmp_path)
    assert whole.passed, whole.said
