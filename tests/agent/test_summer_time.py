"""Summer time against the time zone database, hour by hour around each change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.sources.local_time import is_summer

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("year", range(1997, 2038))
def test_summer_is_what_berlin_has(year):
    moment = datetime(year, 1, 1, tzinfo=UTC)
    while moment.year == year:
        in_berlin = moment.astimezone(BERLIN).dst() != timedelta(0)
        assert is_summer(int(moment.timestamp())) is in_berlin, moment
        moment += timedelta(hours=1 if moment.month in (3, 10) else 30)
