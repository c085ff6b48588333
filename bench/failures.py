"""Pictures of pairs that went wrong: fixed image, moving one where it belongs, and where it was put."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.resample import resample

ACROSS = 4  # failures side by side


def pictured(results: list) -> Figure:
    """Three images for each of the results (``stages.Staged``), with the stage that lost it."""
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
    """Where the right answer was lost."""
    if not math.isfinite(result.rank):
        return "not searched out"
    return "searched out, not chosen" if result.errors[-1] > 40 else "not brought home"


def _strip(result) -> np.ndarray:
    case, shape = result.case, result.case.fixed.shape
    right = resample(case.moving, case.moving_from_fixed, shape)
    put = resample(case.moving, result.moving_from_fixed, shape)
    gap = np.ones((shape[0], 6))
    return np.hstack([_stretched(case.fixed), gap, _stretched(right), gap, _stretched(put)])


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / max(high - low, 1e-9), 0, 1)
