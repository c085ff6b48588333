"""The paper's first figure: truth against prediction of the four standardised parameters."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.arrays import Floats, Matrix

NAMES = ("rotation", "scale (log)", "shift x", "shift y")
INK, LINE = "#1f4e79", "#c0392b"
FEW = 200  # points, up to which they are drawn larger


def parity_figure(sets: dict[str, tuple[Floats, Floats]]) -> Figure:
    """Draw one row for each named set of (truth, prediction), both (n, 4) standardised, with R2 and MAE."""
    figure = Figure(figsize=(11, 2.9 * len(sets)), dpi=120)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(sets), 4, sharex=True, sharey=True, squeeze=False)
    for axes, (label, (truth, predicted)) in zip(rows, sets.items(), strict=True):
        for column, (axis, name) in enumerate(zip(axes, NAMES, strict=True)):
            _draw_panel(axis, truth[:, column], predicted[:, column])
            axis.set_title(f"{name}, {label}", fontsize=10)
        axes[0].set_ylabel("prediction (standardised)", fontsize=9)
    for axis in rows[-1]:
        axis.set_xlabel("truth (standardised)", fontsize=9)
    return figure


def _draw_panel(axis: Axes, truth: Matrix, predicted: Floats) -> None:
    """Draw the prediction (n,) of one parameter against the truth (n,)."""
    axis.plot([-2, 2], [-2, 2], color=LINE, lw=1, zorder=3)
    axis.text(1.45, 1.05, "y = x", color=LINE, fontsize=8)
    size = 3 if len(truth) > FEW else 6
    axis.plot(truth, predicted, ".", ms=size, color=INK, alpha=0.6, mec="none", zorder=4)
    r2 = 1 - ((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    text = f"R² = {r2:.3f}\nMAE = {np.abs(truth - predicted).mean():.3f}"
    axis.text(0.04, 0.96, text, transform=axis.transAxes, va="top", fontsize=9)
    axis.set(xlim=(-2.1, 2.1), ylim=(-2.1, 2.1), aspect="equal")
    axis.grid(color="0.92", lw=0.6)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
