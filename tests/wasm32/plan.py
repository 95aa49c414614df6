"""Which shared tests run in the 32-bit build each time, and which only with `make wasm32`."""

from __future__ import annotations

from tests.conftest import SHARED_TESTS, names_of_tests

# File -> CPU seconds on a busy machine, three to five times those of the other MicroPython. All of them pass; none is
# left out because it could not run: there are no sockets and no files in tests/shared, and runner.py brings what else
# this build lacks.
TOO_LONG = {
    "test_actuator_watchdog": 21,
    "test_circuits": 4,
    "test_console": 31,
    "test_control_pilot": 12,
    "test_core_seeded": 21,
    "test_failsafe_matrix": 34,
    "test_failsafe_matrix_devices": 61,
    "test_failsafe_matrix_loop": 29,
    "test_failsafe_matrix_switch": 12,
    "test_fair": 22,
    "test_kept": 4,
    "test_kept_starts": 27,
    "test_limit_path": 6,
    "test_loop": 16,
    "test_orders_sets": 4,
    "test_phases": 32,
    "test_protection_power": 6,
    "test_receipts": 4,
    "test_recorder": 39,
    "test_rotation": 12,
    "test_schedule_claims": 4,
    "test_target": 17,
    "test_target_forces": 5,
    "test_thinning": 44,
    "test_why_circuits": 4,
}


def files() -> list[str]:
    """Return all shared test files."""
    return sorted(path.stem for path in SHARED_TESTS.glob("test_*.py"))


def jobs_of(file: str) -> list[tuple[str, str]]:
    """Return the tests of one file."""
    return [(f"tests.shared.{file}", name) for name in names_of_tests((SHARED_TESTS / f"{file}.py").read_text())]
