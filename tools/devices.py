"""`siteward devices`: the products that have a driver, and how far that driver is proven."""

from __future__ import annotations

import json
from typing import Any

from drivers.catalogue import listing

from tools.console import table


def run(*, as_json: bool) -> int:
    """Print the catalogue."""
    rows: list[dict[str, Any]] = listing()
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        heads = list(rows[0]) if rows else []
        print(table(heads, [[row.get(head) for head in heads] for row in rows]))
    return 0
