"""A contact sheet of simulated pairs, for comparison with real micrographs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xebra.specimen.pairs import PairSource, Range


def contact_sheet(seed: int, *, rows: int = 6, columns: int = 8, size: int = 192) -> Figure:
    """Draw ``rows * columns`` fixed/moving pairs side by side."""
    count = rows * columns
    pairs = PairSource(seed, size=size, pool=count, renew=False).batch(count, Range())
    figure = Figure(figsize=(columns * 2.05, rows * 1.05), dpi=110, facecolor="#202020")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns * 2, gridspec_kw={"wspace": 0.02, "hspace": 0.03})
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.995)
    for axis, image in zip(axes.flat, _interleave(pairs.fixed, pairs.moving), strict=True):
        low, high = image.quantile(0.005), image.quantile(0.995)
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.set_axis_off()
    return figure


def _interleave(fixed: torch.Tensor, moving: torch.Tensor) -> Iterator[torch.Tensor]:
    for one, other in zip(fixed[:, 0], moving[:, 0], strict=True):
        yield one
        yield other
