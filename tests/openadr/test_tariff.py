"""Prices of a VTN in the site's table: quarter hours, priorities, what is withdrawn, and whom the table is open to."""

import asyncio

from agent.limits import EXPORT, IMPORT
from agent.prices import PRICE_MAX, Prices
from tests.openadr.documents import NOON_MS, event
from tests.openadr.site import rig

NOON = NOON_MS // 900000


def prices(*payloads, units="KWH", **keys):
    """Return an event of prices, an hour each."""
    descriptors = [
        {"payloadType": kind, "units": units, "currency": "EUR"} for kind in sorted({kind for kind, _ in payloads})
    ]
    return event(*payloads, payloadDescriptors=descriptors, **keys)


def told(tmp_path, *plays, names=("source",), **options):
    """Return what the table knows of each hour from noon on after each list of events: (import, export) a list."""

    async def play():
        async with rig(tmp_path, **options) as found:
            state = found.site.loop.state
            state.prices, known = Prices(list(names)), []
            for events in plays:
                found.vtn.events = events
                await found.poll(3)
                known.append([[state.prices.at(state, each, NOON + at * 4) for at in range(5)] for each in (0, 1)])
            return known, [fact[5] for fact in found.site.decisions()]

    return asyncio.run(play())


def test_prices_are_told_by_the_quarter_hour_in_the_site_s_unit(tmp_path):
    events = [prices(("PRICE", 0.17), ("PRICE", -0.033335)), prices(("EXPORT_PRICE", 0.08), event_id="e2")]
    known, reasons = told(tmp_path, events, events)
    assert known[0] == [[17000, -3333, None, None, None], [8000, None, None, None, None]]
    assert known[1] == known[0] and reasons == [0, 0]
    assert (IMPORT, EXPORT) == (0, 1)


def test_the_event_with_the_lower_number_goes_before_and_of_equal_ones_the_dearer(tmp_path):
    first = prices(("PRICE", 0.1), ("PRICE", 0.1), ("PRICE", 0.3), priority=3)
    second = prices(("PRICE", 0.2), duration="PT2H", event_id="e2", priority=2)
    third = prices(("PRICE", 0.2), duration="PT3H", event_id="e3", priority=3)
    known, _ = told(tmp_path, [first, second, third], price_units=1000)
    assert known[0][IMPORT] == [200, 200, 300, None, None]


def test_what_is_withdrawn_is_taken_back(tmp_path):
    known, reasons = told(tmp_path, [prices(("PRICE", 0.1), ("PRICE", 0.2))], [], [prices(("PRICE", 0.3))])
    assert [each[IMPORT][:3] for each in known] == [[10000, 20000, None], [None] * 3, [30000, None, None]]
    assert reasons == [0, 0, 0]


def test_a_price_for_ever_reaches_as_far_as_the_table(tmp_path):
    known, _ = told(tmp_path, [prices(("PRICE", 0.25), duration="P9999Y")])
    assert known[0][IMPORT] == [25000] * 5


def test_what_is_no_price_of_the_site_is_none(tmp_path):
    known, reasons = told(
        tmp_path,
        [
            prices(("PRICE", 0.1), targets=["car"]),
            prices(("GHG", 0.1), event_id="e2"),
            prices(("PRICE", 0.1), units="KW", event_id="e3"),
            prices(("PRICE", PRICE_MAX), event_id="e4"),
        ],
    )
    assert known[0] == [[None] * 5] * 2 and reasons == []


def test_a_table_that_is_not_open_to_the_vtn_is_left_alone(tmp_path):
    known, reasons = told(tmp_path, [prices(("PRICE", 0.1))], names=("supplier",))
    assert known[0] == [[None] * 5] * 2 and reasons == []
