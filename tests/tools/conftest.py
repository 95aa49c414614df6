"""The board's short hour runs beside all other tests: it mostly waits, and so do they."""

from __future__ import annotations

import pytest

from tests.tools.board_soak import BoardSoak

STARTED = pytest.StashKey[BoardSoak]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin it with the first test."""
    wanted = any("board_soak" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        session.stash[STARTED] = BoardSoak()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing running."""
    if STARTED in session.stash:
        session.stash[STARTED].close()


@pytest.fixture
def board_soak(request: pytest.FixtureRequest) -> BoardSoak:
    """The run that was begun."""
    return request.session.stash[STARTED]
