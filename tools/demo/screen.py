"""What people see meanwhile: a table that lives in a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tools.demo.watch import DEVICES, Watch

LINE_S = 5
EVENTS_SHOWN = 12
NAMES = {"inverter": "battery inverter", "base": "base load"}


async def show(watch: Watch) -> None:
    """Show for ever; cancelled at the end."""
    if sys.stdout.isatty():
        await _live(watch)
    else:
        await _lines(watch)


async def _live(watch: Watch) -> None:
    with Live(_picture(watch), console=Console(), refresh_per_second=4, transient=False) as live:
        try:
            while True:
                await asyncio.sleep(0.25)
                live.update(_picture(watch))
        finally:
            live.update(_picture(watch))


def _picture(watch: Watch) -> Group:
    table = Table(title=f"{watch.now_s():5.1f} s", title_justify="left")
    for heading in ("", "power W", "granted", "binding"):
        table.add_column(heading, justify="right" if heading in ("power W", "granted") else "left")
    if watch.samples:
        newest = watch.samples[-1]
        over = watch.limit_w is not None and newest.grid_w > watch.limit_w
        limit = "" if watch.limit_w is None else f"limit {watch.limit_w} W"
        table.add_row("site", Text(f"{newest.grid_w:.0f}", style="bold red" if over else "bold green"), "", limit)
        for device in DEVICES:
            granted, source = watch.binding.get(device, ("", ""))
            table.add_row(NAMES.get(device, device), f"{newest.drawn_w[device]:.0f}", _granted(granted), source)
    events = [Text(f"{at_s:5.1f} s  {text}") for at_s, text in watch.events[-EVENTS_SHOWN:]]
    return Group(table, *events)


def _granted(granted: object) -> str:
    return "default" if granted is None else str(granted)


async def _lines(watch: Watch) -> None:
    told, next_s = 0, 0.0
    while True:
        for at_s, text in watch.events[told:]:
            print(f"{at_s:6.1f} s  {text}", flush=True)
        told = len(watch.events)
        if watch.samples and watch.now_s() >= next_s:
            next_s = watch.now_s() + LINE_S
            print(_line(watch), flush=True)
        await asyncio.sleep(0.2)


def _line(watch: Watch) -> str:
    newest = watch.samples[-1]
    parts = [f"{newest.at_s:6.1f} s  site {newest.grid_w:6.0f} W"]
    for device in DEVICES:
        bound = watch.binding.get(device)
        parts.append(
            f"{device} {newest.drawn_w[device]:.0f}" + (f" [{_granted(bound[0])} by {bound[1]}]" if bound else "")
        )
    return " | ".join(parts)
