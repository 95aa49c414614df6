"""`siteward devices`: the products that have a driver, and how far it is proven; SUPPORTED.md is made of it."""

from __future__ import annotations

import json
from pathlib import Path

from drivers import catalogue
from hal import quantities as q
from hal.capabilities import PERSISTENT, Controllable
from tools.console import table
from tools.errors import UsageError

HEADS = ("driver", "product", "kind", "evidence")
PAGE = Path(__file__).resolve().parent.parent / "SUPPORTED.md"
INTRODUCTION = """# Supported products

Written by `siteward devices --write` from `drivers/catalogue.py`; a test sees that it is current.

What a driver's claims rest on: **document** – papers and other programs; **simulated** – run against a simulated
product that was written from those papers a second time; **hardware** – a capture of the product itself, in
`tests/drivers/captures/`, is read by the tests as its display showed it; **field** – it works in somebody's house.
Nothing here claims more than it has.

*Falls back* says after how long without an order the product goes back to its own mode by itself. Where it says "never"
the last order stands when the agent is gone at once, as in a power cut; the agent gives the product back whenever it
ends, begins or loses its way. *Wears* means that orders are written into memory that wears out: they are budgeted.

"""
UNITS = {q.LIMIT_MA: " mA", q.LIMIT_W: " W", q.SETPOINT_W: " W", q.TEMP_TARGET_MC: " m°C"}
COLUMNS = ("product", "driver", "kind", "is told", "falls back", "wears", "evidence")


def run(*, as_json: bool, write: bool = False) -> int:
    """Print the catalogue, or write the page. Raises: UsageError."""
    rows = catalogue.listing()
    if write:
        try:
            PAGE.write_text(page(), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{PAGE}: {error.strerror}: only a checkout has this page") from error
    elif as_json:
        print(json.dumps([dict(zip(HEADS, row, strict=True)) for row in rows], indent=2))
    else:
        print(table(HEADS, rows))
    return 0


def page() -> str:
    """Return SUPPORTED.md."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for model, module, _, kind, product, evidence in sorted(catalogue.PRODUCTS, key=lambda row: row[4].casefold()):
        cells = (product, f"[{model}]({module.replace('.', '/')}.py)", kind, *_control(model), evidence)
        lines.append("| " + " | ".join(cells) + " |")
    return INTRODUCTION + "\n".join(lines) + "\n"


def _control(model: str) -> tuple[str, str, str]:
    """Return what it can be told, when it falls back by itself, and whether orders wear it."""
    kind = catalogue.load(model)
    if not issubclass(kind, Controllable):
        return "", "", ""
    unknown = kind.minimum == kind.maximum  # until it is open
    bounds = "asked" if unknown else f"{kind.minimum}..{kind.maximum}" + (f" by {kind.step}" if kind.step > 1 else "")
    off = ("" if kind.off is None else f", {kind.off}") + UNITS.get(kind.control, "")
    falls = (
        f"{kind.fallback_ms // 1000} s" if kind.fallback_ms else "asked" if hasattr(kind, "_set_fallback") else "never"
    )
    return bounds + off, falls, "yes" if kind.write_cost == PERSISTENT else ""
