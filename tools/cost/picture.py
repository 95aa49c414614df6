"""The figures as docs/cost.svg: what each run of days costs in three ways, and three days of all devices together."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tools.cost.home import DEVICES
from tools.cost.prices import price_at
from tools.cost.report import Compared
from tools.cost.walk import Mark

Walks = dict[tuple[str, tuple[str, ...]], list[Mark]]
SHOWN = "autumn"
WIDTH = 0.27
WAYS = (("uncontrolled", "#b0b0b0"), ("agent", "#2a7f62"), ("bound", "#1f3b57"))


def draw(path: Path, rows: list[Compared], walks: Walks) -> None:
    """Write the picture, byte for byte the same for the same figures."""
    mpl.rcParams.update({"svg.hashsalt": "siteward", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(9.0, 7.2))
    figure.subplots_adjust(0.07, 0.07, 0.93, 0.95, hspace=0.35)  # fixed: a solver's last digits would be in the file
    FigureCanvasSVG(figure)
    bars, power, store = figure.subplots(3, 1, height_ratios=(1.2, 1.0, 0.8))
    _draw_bars(bars, [row for row in rows if row.devices == DEVICES] or rows)
    shown = next((key for key in walks if key == (SHOWN, DEVICES)), next(iter(walks)))
    _draw_days(power, store, walks[shown])
    figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_bars(axes: Any, rows: list[Compared]) -> None:
    for at, (way, colour) in enumerate(WAYS):
        paid = [_paid(row, way) for row in rows]
        places = [place + (at - 1) * WIDTH for place in range(len(rows))]
        axes.bar_label(axes.bar(places, paid, WIDTH, color=colour, label=way), fmt="%.2f", fontsize=7)
    axes.set_xticks(range(len(rows)), [row.span for row in rows])
    axes.set_ylabel("EUR for the days")
    axes.set_title(" + ".join(rows[0].devices))
    axes.legend(frameon=False)


def _paid(row: Compared, way: str) -> float:
    return {"uncontrolled": row.uncontrolled.pays_eur, "agent": row.agent.pays_eur, "bound": row.bound_eur}[way]


def _draw_days(power: Any, store: Any, marks: list[Mark]) -> None:
    hours = [at / 4 for at in range(len(marks) - 1)]
    lines = (
        ("meter", "#444444", _power_kw(marks, "import_wh", "export_wh")),
        ("car", "#d1495b", _power_kw(marks, "car_wh")),
        ("heat pump", "#edae49", _power_kw(marks, "pump_wh")),
        ("sun", "#8cb369", _power_kw(marks, "pv_wh")),
    )
    for name, colour, kw in lines:
        power.step(hours, kw, where="post", color=colour, label=name, linewidth=0.9)
    power.set_ylabel("kW")
    power.legend(frameon=False, ncols=4)
    power.set_title(f"with the agent, from {marks[0].at:%Y-%m-%d %H:%M}")
    store.step(hours, [mark.stored_wh / 1000 for mark in marks[1:]], where="post", color="#2a7f62", linewidth=1.2)
    store.set_ylabel("kWh in the battery")
    store.set_xlabel("hours")
    money = store.twinx()
    money.step(
        hours, [price_at(mark.at).taken * 100 for mark in marks[:-1]], where="post", color="#1f3b57", linewidth=0.8
    )
    money.set_ylabel("cent per kWh taken")


def _power_kw(marks: list[Mark], register: str, less: str = "") -> list[float]:
    found = []
    for before, after in pairwise(marks):
        used_wh = getattr(after, register) - getattr(before, register)
        if less:
            used_wh -= getattr(after, less) - getattr(before, less)
        found.append(used_wh / 250)
    return found
