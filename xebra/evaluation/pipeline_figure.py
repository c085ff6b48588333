"""The figure of the pipeline: both images, the search's scores, the overlay after each stage."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.arrays import Floats, Pixels
from xebra.estimate.image_pair import Candidate, ImagePair, full_view_matrix
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image

TITLES = ("fixed", "moving", "search: best shift of each\nangle and scale", "search", "128 px", "256 px")
SIZE = 256  # px, side of the images drawn


def pipeline_figure(estimator: PyramidEstimator, fixed: Image, moving: Image) -> Figure:
    """Draw both images, the search's scores, and overlays after each stage (fixed magenta, moving green)."""
    figure = Figure(figsize=(13.2, 2.75), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 6, gridspec_kw={"width_ratios": [1, 1, 1.55, 1, 1, 1]})
    pair, attempts = estimator.attempts(fixed, moving)
    best = attempts.hypotheses[0]
    path = next(iter(attempts)).path
    for axis, image in zip(axes[:2], (pair.fixed, pair.moving), strict=True):
        view = image.view(full_view_matrix(image.shape, SIZE), SIZE)
        axis.imshow(_contrast_stretched(view[0]), cmap="gray")
    _draw_score_map(axes[2], estimator, attempts.search.table)
    for axis, candidate in zip(axes[3:], [best, *path], strict=True):
        axis.imshow(_overlay(pair, candidate))
    for axis, title in zip(axes, TITLES, strict=True):
        axis.set_title(title, fontsize=10)
        if axis is not axes[2]:
            axis.set_axis_off()
    return figure


def _draw_score_map(axis: Axes, estimator: PyramidEstimator, table: Floats) -> None:
    """Draw the scores (scales, angles) with axes in degrees and scale factors."""
    grid = estimator.stages.coarse_search.grid
    shown = axis.imshow(
        table, aspect="auto", origin="lower", cmap="magma", extent=(0, 360, -0.5, grid.scales - 0.5)
    )
    axis.set_xticks([0, 90, 180, 270, 360])
    marks = [0, grid.scales // 2, grid.scales - 1]
    axis.set_yticks(marks, [f"{math.exp(grid.log_scales[m]):.2g}x" for m in marks])
    axis.set_xlabel("angle, degrees", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.figure.colorbar(shown, ax=axis, shrink=0.8).ax.tick_params(labelsize=7)


def _overlay(pair: ImagePair, candidate: Candidate) -> Floats:
    """Return the overlay (SIZE, SIZE, 3) of the fixed image and the moving image by a candidate."""
    fixed_from_view = pair.fixed_from_view(SIZE)
    fixed = _contrast_stretched(pair.fixed.view(fixed_from_view, SIZE)[0])
    values, inside = pair.moving.view(candidate.moving_from_fixed @ fixed_from_view, SIZE)
    moving = _contrast_stretched(values) * inside
    return np.stack([fixed, moving, fixed], -1)


def _contrast_stretched(image: Pixels) -> Floats:
    """Return an image scaled to 0..1 between its 1st and 99th percentile."""
    low, high = np.percentile(image, [1, 99])
    stretched: Floats = np.clip((image - low) / max(high - low, 1e-9), 0, 1)
    return stretched
