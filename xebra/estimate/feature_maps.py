"""Feature maps of an image of any size, computed in tiles so that memory stays bounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.estimate.image_pyramid import ImagePyramid

TILE = 1024  # px of a view that are computed at once
MARGIN = 64  # px around a tile that the network sees too


@dataclass(frozen=True)
class FeatureMaps:
    """Features and coverage (C + 1, rows, columns) of a view, with the 3 x 3 from cells to image px."""

    maps: Floats
    image_from_cell: Matrix


def feature_maps(
    engine: Engine,
    graph: str,
    image: ImagePyramid,
    image_from_view: Matrix,
    shape: tuple[int, int],
    cell: int,
) -> FeatureMaps:
    """Return the feature maps of a view of ``shape`` (rows, columns), multiples of ``cell`` px.

    Views of up to ``TILE`` px are computed as a whole.
    """
    rows, columns = (side // cell for side in shape)
    maps: Floats | None = None
    for top, bottom in _parts(shape[0]):
        for left, right in _parts(shape[1]):
            part, (row, column) = _tile(
                engine, graph, image, image_from_view, shape, (top, bottom, left, right)
            )
            here = part[:, (top - row) // cell : (bottom - row) // cell]
            here = here[:, :, (left - column) // cell : (right - column) // cell]
            if maps is None:
                maps = np.empty((len(part), rows, columns), np.float32)
            maps[:, top // cell : bottom // cell, left // cell : right // cell] = here
    assert maps is not None  # a view has at least one part
    offset = (cell - 1) / 2
    view_from_cell = np.array([[cell, 0, offset], [0, cell, offset], [0, 0, 1.0]])
    return FeatureMaps(maps, image_from_view @ view_from_cell)


def _parts(length: int) -> list[tuple[int, int]]:
    """Return the first px and one past the last of the tiles along a side."""
    return [(start, min(start + TILE, length)) for start in range(0, length, TILE)]


def _tile(
    engine: Engine,
    graph: str,
    image: ImagePyramid,
    image_from_view: Matrix,
    shape: tuple[int, int],
    part: tuple[int, int, int, int],
) -> tuple[Floats, tuple[int, int]]:
    """Return the maps of a part of a view with its margin, and the view px (row, column) where they begin."""
    top, bottom, left, right = part
    row, column = max(0, top - MARGIN), max(0, left - MARGIN)
    end_row, end_column = min(shape[0], bottom + MARGIN), min(shape[1], right + MARGIN)
    corner = image_from_view @ np.array([[1, 0, column], [0, 1, row], [0, 0, 1.0]])
    view = image.view(corner, (end_row - row, end_column - column))
    return engine.run(graph, view=view[None])["maps"][0], (row, column)
