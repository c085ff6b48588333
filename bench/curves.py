"""Share of pairs aligned as a function of the permitted error, one panel for each kind of pair."""

from __future__ import annotations

import numpy as np
from cases import KINDS
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from scipy.optimize import isotonic_regression

FROM_PX, TO_PX = 0.03, 20  # larger errors are failures
LABEL_GAP = 0.05  # of the axis' height, between the names at the lines' ends
STYLES = {  # a hue for each family, ours alone in full strength
    "ours": ("#1f4e79", "-"),
    "paper": ("#6f93b8", "--"),
    "sift": ("#c0392b", "-"),
    "orb": ("#d0604f", "--"),
    "akaze": ("#d0604f", ":"),
    "fourier": ("#8e44ad", "-"),
    "mi": ("#4f9e72", "--"),
    "mi36": ("#27804d", "-"),
    "elastix": ("#8a8a1f", "-"),
    "turboreg": ("#a9690c", "-"),
    "ecc": ("#c08a3e", "--"),
    "aliked": ("#c2185b", "-"),
    "disk": ("#d81b60", "--"),
    "xfeat": ("#e91e63", ":"),
}


def curves(
    errors: dict[str, dict[str, np.ndarray]], labels: dict[str, str], titles: dict[str, str] = KINDS
) -> Figure:
    """Return the figure for the ``errors`` of each method by kind; ``titles`` of the kinds."""
    kinds = [kind for kind in titles if any(kind in of for of in errors.values())]
    figure = Figure(figsize=(6.2 * len(kinds), 4.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        mine = {name: of[kind] for name, of in errors.items()}
        _panel(axes, mine, labels)
        pairs = len(next(iter(mine.values())))
        axes.set_title(f"{titles[kind][0].upper()}{titles[kind][1:]}, {pairs} pairs", loc="left", fontsize=11)
    return figure


def _panel(axes: Axes, errors: dict[str, np.ndarray], labels: dict[str, str]) -> None:
    px = np.geomspace(FROM_PX, TO_PX, 600)
    share = {name: (of[:, None] < px).mean(0) for name, of in errors.items()}
    for name in reversed(share):  # ours last, on top
        colour, dash = STYLES[name]
        axes.plot(px, share[name], color=colour, lw=2.6 if name == "ours" else 1.3, ls=dash)
    _frame(axes)
    ends = {name: float(line[-1]) for name, line in share.items()}
    for name, height in _apart(ends).items():
        _label(axes, labels[name], name, ends[name], height)


def _label(axes: Axes, text: str, name: str, end: float, height: float) -> None:
    """Write the name beside the end of a line, connected to it where it had to move."""
    colour, place = STYLES[name][0], axes.get_yaxis_transform()
    axes.plot([1.0, 1.035], [end, height], transform=place, color=colour, lw=0.6, clip_on=False)
    weight = "bold" if name == "ours" else "normal"
    axes.text(1.045, height, text, transform=place, va="center", fontsize=8, weight=weight, color=colour)


def _frame(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set(xlim=(FROM_PX, TO_PX), ylim=(0, 1), xticks=[0.1, 0.5, 1, 2, 5, 10, 20])
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("mean corner error allowed, px", fontsize=9)
    axes.set_ylabel("pairs aligned", fontsize=9)
    axes.grid(color="0.92", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, which="both", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def _apart(heights: dict[str, float]) -> dict[str, float]:
    """Return the nearest heights, in the same order, at which no name overlaps the next."""
    order = sorted(heights, key=heights.get)
    steps = LABEL_GAP * np.arange(len(order))
    placed = isotonic_regression([heights[name] for name in order] - steps).x + steps
    return dict(zip(order, np.clip(placed, steps, 1 - steps[::-1]), strict=True))
