"""What a kWh costs and brings: the recorded day-ahead price with fixed fees, as in a household's dynamic contract.

Import: (price + 0.12 EUR/kWh of energy tax and supplier's fee) x 1.21 of VAT; export: price - 0.02 EUR/kWh. Round
figures near the Dutch ones of 2024 without netting, chosen here. Export never brings what import costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sim_devices import series

FEE_EUR_KWH = 0.12
VAT = 1.21
MARGIN_EUR_KWH = 0.02
QUARTER = timedelta(minutes=15)
UNITS_PER_EUR = 100_000  # the agent is told thousandths of a cent per kWh


@dataclass(frozen=True)
class Price:
    """EUR per kWh in one quarter of an hour."""

    taken: float
    fed: float


def price_at(at: datetime) -> Price:
    """Return the prices of the hour that `at` (local standard time) lies in. Raises: NoSeries."""
    spot_eur_mwh = series.price_eur_mwh(at)
    if spot_eur_mwh is None:
        raise series.NoSeries(f"no day-ahead price of {at:%Y-%m-%d %H}:00")
    spot = spot_eur_mwh / 1000
    return Price((spot + FEE_EUR_KWH) * VAT, spot - MARGIN_EUR_KWH)


def prices_of(start: datetime, quarters: int) -> list[Price]:
    """Return the prices of so many quarters of an hour. Raises: NoSeries."""
    return [price_at(start + at * QUARTER) for at in range(quarters)]


def told(price: float) -> int:
    """Return a price as the agent is told it."""
    return round(price * UNITS_PER_EUR)
