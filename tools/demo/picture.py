"""The picture at the end: site power against its limit, and who drew it."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from tools.demo.story import LIMIT_W, Told
from tools.demo.watch import Watch

mpl.use("Agg")  # there may be no screen
from matplotlib import pyplot as plt

LINES = {"charger": "tab:green", "heat-pump": "tab:orange", "inverter": "tab:blue", "base": "tab:gray"}
NAMES = {"inverter": "battery inverter", "base": "base load"}


def draw(told: Told, watch: Watch, file: Path) -> None:
    """Write the picture as PNG."""
    figure, axes = plt.subplots(figsize=(11, 5.5), layout="constrained")
    at_s = [sample.at_s for sample in watch.samples]
    axes.plot(
        at_s,
        [sample.grid_w / 1000 for sample in watch.samples],
        color="black",
        linewidth=2.2,
        label="site (grid connection)",
    )
    for name, colour in LINES.items():
        axes.plot(
            at_s, [sample.drawn_w[name] / 1000 for sample in watch.samples], color=colour, label=NAMES.get(name, name)
        )
    axes.hlines(
        LIMIT_W / 1000, *told.limit_s, color="red", linestyle="--", linewidth=1.8, label="import limit, §14a EnWG"
    )
    axes.axvspan(*told.outage_s, color="0.9", label="broker dead")
    for sent_s, names, refused in _moments(told):
        colour = "red" if refused else "black"
        axes.axvline(sent_s, color=colour, linewidth=0.6, linestyle=":")
        axes.annotate(names, (sent_s, axes.get_ylim()[1]), rotation=90, va="top", ha="right", fontsize=7, color=colour)
    axes.axhline(0, color="0.6", linewidth=0.6)
    axes.set(
        xlabel="seconds", ylabel="kW, positive draws", title="Siteward demonstration: simulated devices, true power"
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _moments(told: Told) -> list[tuple[float, str, bool]]:
    """Return (second, names, refused) of the commands; what was sent within a second shares a label."""
    moments: list[tuple[float, str, bool]] = []
    for each in told.commands:
        if moments and each.sent_s - moments[-1][0] < 1:
            at_s, names, refused = moments[-1]
            moments[-1] = (at_s, f"{names}\n{each.name}", refused)
        else:
            moments.append((each.sent_s, each.name, each.expected != 0))
    return moments
