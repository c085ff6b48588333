"""Elongated frames: a square tile of one image is searched in the other, then blocks refine the whole frame.

A square view of a long strip would show it with few px across. The tile has the strip's own resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats
from xebra.engine import Engine
from xebra.estimate.attempts import Attempt
from xebra.estimate.block_refinement import refine_blocks
from xebra.estimate.image_pair import Candidate, ImagePair, translation
from xebra.estimate.quality_features import BLOCKS, uncertainty_px
from xebra.image import Image, gray

TILES = 5  # at most, those with most structure first
USABLE = 0.5  # of a tile's px
STEP = 4.0  # px: an estimate from a tile is known to about this along the whole frame


@dataclass(frozen=True)
class Tile:
    """A square part of an image."""

    left: int
    top: int
    side: int

    @property
    def part(self) -> tuple[slice, slice]:
        """Return its rows and columns."""
        return slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)

    def of(self, image: Image) -> Image:
        """Return the part of an image."""
        mask = None if image.mask is None else image.mask[self.part]
        return replace(image, pixels=image.pixels[self.part], mask=mask)

    def usable_px(self, image: Image) -> int:
        """Return how many of its px may be used."""
        return self.side**2 if image.mask is None else int(np.count_nonzero(image.mask[self.part]))

    def whole(self, candidate: Candidate) -> Candidate:
        """Return the candidate of the whole image for one of the tile."""
        tile_from_image = translation(-self.left, -self.top)
        return replace(candidate, moving_from_fixed=candidate.moving_from_fixed @ tile_from_image)


def aspect_ratio(image: Image) -> float:
    """Return the longer side of an image over the shorter one."""
    return max(image.shape[:2]) / min(image.shape[:2])


def tiles(image: Image) -> list[Tile]:
    """Return square tiles along an elongated image with enough usable px, those with most structure first."""
    height, width = image.shape[:2]
    side = min(height, width)
    count = min(TILES, -(-max(height, width) // side))
    starts = np.linspace(0, max(height, width) - side, count).round().astype(int).tolist()
    found = [Tile(start, 0, side) if width >= height else Tile(0, start, side) for start in starts]
    usable = [tile for tile in found if tile.usable_px(image) > USABLE * tile.side**2]
    return sorted(usable, key=lambda tile: -_structure(tile.of(image)))


def _structure(image: Image) -> float:
    """Return the median slope of binned grey values, which noise and a few edges change little."""
    values: Floats = gray(image.pixels, image.mask)
    even = values[: values.shape[0] // 4 * 4, : values.shape[1] // 4 * 4]
    binned = even.reshape(even.shape[0] // 4, 4, even.shape[1] // 4, 4).mean((1, 3))
    rows, columns = np.gradient(binned)
    return float(np.median(np.hypot(rows, columns)))


def whole_frame(engine: Engine, graph: str, pair: ImagePair, tile: Tile, attempt: Attempt) -> Attempt:
    """Return the attempt at the whole frame for one at a tile: blocks along the frame refine its estimate.

    ``pair`` holds the whole images. Its precision is that of the blocks, or without them the tile's, which
    grows with the distance from the tile.
    """
    start = tile.whole(attempt.best)
    refined = refine_blocks(engine, graph, pair, start, STEP)
    if refined is start:
        ratio = max(pair.fixed.shape) / tile.side
        features = replace(  # lengths in the frame's px at 256
            attempt.features,
            final_uncertainty_px=attempt.features.final_uncertainty_px * ratio,
            network_distance_px=attempt.features.network_distance_px * ratio,
        )
    else:
        features = replace(
            attempt.features,
            final_stage=BLOCKS,
            final_uncertainty_px=uncertainty_px(refined),
            network_distance_px=0.0,
            extrapolation=1.0,
        )
    return Attempt(refined, features, attempt.path)
