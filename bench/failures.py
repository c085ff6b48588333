"""Pictures of failed pairs: fixed image, moving image at the true and at the estimated position."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.resample import resample

ACROSS = 4  # failures side by side


def pictured(results: list) -> Figure:
    """Return the figure: three images for each ``stages.StagedResult``, with the stage that failed."""
    results = sorted(results, key=lambda r: (cause(r), -r.errors[-1]))
    rows = max(1, math.ceil(len(results) / ACROSS))
    figure = Figure(figsize=(15.2, 1.62 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(rows, ACROSS, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, result in zip(axes, results, strict=False):
        axis.imshow(_strip(result), cmap="gray", vmin=0, vmax=1)
        error = f"{result.errors[-1]:.0f} px off"
        axis.set_title(f"{cause(result)}: {result.case.name}, {error}, {result.verdict}", fontsize=8)
    return figure


def cause(result) -> str:
    """Return the stage at which the right candidate was lost."""
    if not math.isfinite(result.rank):
        return "not found by the search"
    return "found, not chosen" if result.errors[-1] > 40 else "not refined"


def _strip(result) -> np.ndarray:
    case, shape = result.case, result.case.fixed.shape
    right = resample(case.moving, case.moving_from_fixed, shape)
    put = resample(case.moving, result.moving_from_fixed, shape)
    gap = np.ones((shape[0], 6))
    return np.hstack([_stretched(case.fixed), gap, _stretched(right), gap, _stretched(put)])


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / max(high - low, 1e-9), 0, 1)
