"""The simulated days run beside all other tests, at the lowest priority, and are judged last.

They take minutes of every core and wait for nothing; the other tests wait for lines, brokers and processes.
"""

from __future__ import annotations

import pytest

from tests.scenarios.days import Days

STARTED = pytest.StashKey[Days]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Judge the days when everything else has had its turn."""
    items.sort(key=_is_days)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the days with the first test."""
    if any(map(_is_days, session.items)) and not session.config.option.collectonly:
        session.stash[STARTED] = Days()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing running."""
    if STARTED in session.stash:
        session.stash[STARTED].close()


@pytest.fixture
def days(request: pytest.FixtureRequest) -> Days:
    """The days that run."""
    return request.session.stash[STARTED]


def _is_days(item: pytest.Item) -> bool:
    return item.path.name == "test_days.py"
