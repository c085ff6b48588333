"""The drift of a series as a figure and as HTML."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from matplotlib.axes import Axes

from xebra.picture import Picture
from xebra.series.result import Series

SIZE = (7.2, 4.6)  # inches
X_COLOR, Y_COLOR, BAD_COLOR, OTHER_COLOR = "#1d4f91", "#b8138f", "#b3261e", "#202124"
DPI = 100
HELD = 1e-6  # degrees or share below which rotation or scale counts as held


def draw(series: Series) -> Picture:
    """Draw shift, rotation and scale over the frame number, and mark the frames that do not fit."""
    rows = _rows(series)
    figure = Picture(figsize=SIZE, layout="constrained")
    axes = figure.subplots(
        len(rows), 1, sharex=True, squeeze=False, height_ratios=[2, *[1] * (len(rows) - 1)]
    )
    _shift(axes[0, 0], series)
    for place, (label, values) in enumerate(rows[1:], 1):
        axes[place, 0].plot(values, color=OTHER_COLOR, lw=1)
        axes[place, 0].set_ylabel(label)
    for axis in axes[:, 0]:
        for number in np.flatnonzero(~series.fits):
            axis.axvline(number, color=BAD_COLOR, lw=0.8, alpha=0.5)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("frame")
    return figure


def _rows(series: Series) -> list[tuple[str, np.ndarray]]:
    """Return the label and the values of each panel; rotation and scale only where they change."""
    rows = [("shift (px)", series.shift_px)]
    if np.nanmax(np.abs(series.angle_deg)) > HELD:
        rows.append(("rotation (°)", series.angle_deg))
    if np.nanmax(np.abs(series.scale - 1)) > HELD:
        rows.append(("scale", series.scale))
    return rows


def _shift(axis: Axes, series: Series) -> None:
    """Draw x and y with a band of 1.96 standard errors."""
    numbers = np.arange(len(series))
    for place, (name, color) in enumerate((("x", X_COLOR), ("y", Y_COLOR))):
        values = series.shift_px[:, place]
        error = 1.96 * np.sqrt(series.covariances[:, place, place])
        axis.plot(numbers, values, color=color, lw=1, marker=".", ms=3, label=name)
        axis.fill_between(numbers, values - error, values + error, color=color, alpha=0.25, lw=0)
    bad = np.flatnonzero(~series.fits)
    if len(bad):
        axis.plot([], [], color=BAD_COLOR, lw=0.8, alpha=0.5, label="does not fit")
    axis.set_ylabel("shift (px)")
    axis.legend(frameon=False, ncols=3, fontsize=8)


def html(series: Series) -> str:
    """Return summary and figure as HTML without scripts and links."""
    file = io.BytesIO()
    draw(series).savefig(file, format="png", dpi=DPI)
    image = base64.b64encode(file.getvalue()).decode()
    return (
        f'<div><pre>{escape(series.summary())}</pre><img alt="drift over the frames" '
        f'style="max-width:100%" src="data:image/png;base64,{image}"/></div>'
    )
