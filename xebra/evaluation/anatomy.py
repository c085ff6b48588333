"""The figure of how the default network finds an answer: what it sees, what it searches, what it ends on."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.pyramid import Candidate, Pair
from xebra.image import Image

TITLES = ("fixed", "moving", "search: best shift of each\nturn and scale", "search", "128 px", "256 px")


def anatomy(estimator: PyramidEstimator, fixed: Image, moving: Image) -> Figure:
    """Both images, the search's scores, and the overlay after each stage (magenta fixed, green moving)."""
    figure = Figure(figsize=(13.2, 2.75), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 6, gridspec_kw={"width_ratios": [1, 1, 1.55, 1, 1, 1]})
    pair, attempts = estimator.attempts(fixed, moving)
    best = attempts.hypotheses[0]
    looks = next(iter(attempts)).way
    views = (
        pair.fixed.view(pair.square(pair.fixed, 256), 256),
        pair.moving.view(pair.square(pair.moving, 256), 256),
    )
    for axis, (image, _) in zip(axes[:2], views, strict=True):
        axis.imshow(_stretched(image), cmap="gray")
    _score_map(axes[2], estimator, attempts.search.table)
    for axis, stage in zip(axes[3:], [best, *looks], strict=True):
        axis.imshow(_overlay(pair, stage))
    for axis, title in zip(axes, TITLES, strict=True):
        axis.set_title(title, fontsize=10)
        if axis is not axes[2]:
            axis.set_axis_off()
    return figure


def _score_map(axis, estimator: PyramidEstimator, table: np.ndarray) -> None:
    grid = estimator.stages.glance.grid
    shown = axis.imshow(
        table, aspect="auto", origin="lower", cmap="magma", extent=(0, 360, -0.5, grid.scales - 0.5)
    )
    axis.set_xticks([0, 90, 180, 270, 360])
    marks = [0, grid.scales // 2, grid.scales - 1]
    axis.set_yticks(marks, [f"{math.exp(grid.log_scales[m]):.2g}x" for m in marks])
    axis.set_xlabel("turn, degrees", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.figure.colorbar(shown, ax=axis, shrink=0.8).ax.tick_params(labelsize=7)


def _overlay(pair: Pair, stage: Candidate) -> np.ndarray:
    to_fixed = pair.square(pair.fixed, 256)
    here = _stretched(pair.fixed.view(to_fixed, 256)[0])
    values, inside = pair.moving.view(stage.moving_from_fixed @ to_fixed, 256)
    there = _stretched(values) * inside
    return np.stack([here, there, here], -1)


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / max(high - low, 1e-9), 0, 1)
