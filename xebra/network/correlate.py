"""Cross-correlation of two maps over all shifts by the convolution theorem, as products of real matrices.

Neither ONNX nor TensorRT has complex operators. The positions of maps are their first axes and batched axes
(channels, hypotheses) their last, so that each step is one large product without copies between.
"""

from __future__ import annotations

import math

import torch
from torch import nn


class Correlate(nn.Module):
    """Correlates a map (n, n) with a canvas (2n, 2n) at the (n + 1)^2 shifts where it lies inside."""

    over_rows: torch.Tensor
    over_columns: torch.Tensor
    to_columns: torch.Tensor
    to_rows: torch.Tensor

    def __init__(self, size: int):
        super().__init__()
        canvas, half = 2 * size, size + 1
        place = torch.arange(canvas, dtype=torch.float64)
        turns = (
            2 * math.pi / canvas * torch.outer(place, place)
        )  # (place, frequency), and the same transposed
        cos, sin = turns.cos(), turns.sin()
        twice = torch.full((half, 1), 2.0, dtype=torch.float64)
        twice[0] = twice[-1] = 1.0  # a real signal's negative frequencies mirror the positive ones
        share = twice / canvas**2
        self.size = size
        parts = (
            torch.stack([cos, sin], 1),
            torch.stack([-sin, cos], 1),
        )  # for the real and the imaginary part
        back = torch.stack([cos, -sin], 2), torch.stack([sin, cos], 2)
        self._hold("over_rows", torch.stack([cos[:half], -sin[:half]], 1))  # (frequency, part, row)
        self._hold("over_columns", torch.stack(parts, 1))  # (frequency, part, part before, column)
        self._hold("to_columns", torch.stack(back, 0)[:, :half])  # (part, column, frequency, part before)
        self._hold("to_rows", torch.stack([cos[:half, :half], -sin[:half, :half]], 1) * share[:, None])

    def _hold(self, name: str, matrix: torch.Tensor) -> None:
        self.register_buffer(name, matrix.float().contiguous(), persistent=False)

    def spectrum(self, x: torch.Tensor) -> torch.Tensor:
        """Return spectra (B, frequencies, 2, M), real and imaginary, of maps (B, rows, columns, M).

        A map lies in the first corner of a canvas.
        """
        batch, rows, columns, count = x.shape
        by_row = self.over_rows.flatten(0, 1)[:, :rows] @ x.reshape(batch, rows, columns * count)
        over_columns = self.over_columns.flatten(0, 1)[..., :columns].flatten(1)
        both = over_columns @ by_row.view(batch, self.size + 1, 2 * columns, count)
        return both.view(batch, -1, 2, count)

    def places(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Return the inverse transform (B, rows, columns, M) of spectra (B, frequencies, 2, M)."""
        batch, _, _, count = spectrum.shape
        half = self.size + 1
        to_columns = self.to_columns.flatten(0, 1).flatten(1)  # (part and column, frequency and part)
        by_column = to_columns @ spectrum.reshape(batch, half, -1, count)
        to_rows = self.to_rows.flatten(0, 1).T
        return (to_rows @ by_column.view(batch, 2 * half, -1)).view(batch, half, half, count)


def conjugate_product(canvas: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
    """Return the spectrum (B, F, 2, M) of the correlation of canvases with maps, given their spectra."""
    (a, b), (c, d) = canvas.unbind(2), over.unbind(2)
    return torch.stack([a * c + b * d, b * c - a * d], 2)
