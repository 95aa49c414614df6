"""`siteward devices`: the products that have a driver, and how far that driver is proven."""

from __future__ import annotations

import json

from drivers.catalogue import listing
from tools.console import table

HEADS = ("driver", "product", "kind", "evidence")


def run(*, as_json: bool) -> int:
    """Print the catalogue."""
    rows = listing()
    if as_json:
        print(json.dumps([dict(zip(HEADS, row, strict=True)) for row in rows], indent=2))
    else:
        print(table(HEADS, rows))
    return 0
