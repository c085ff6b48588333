"""How much of the overlap agrees with an estimate, block by block: evidence that is measured absolutely.

Each block of the fixed view has a map of its correlation with the moving view over its own shifts. Where
both images show the same specimen, the maps have their maxima where the estimate puts them. Where they do
not, each map has its maximum anywhere, and the estimate collects what it would collect by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Integers
from xebra.estimate.displacement import BLOCK, Evidence, displacement_at

REACH = BLOCK // 2  # cells: largest shift in a map
MIN_CONTRAST = 1e-3  # of a map: blocks that show nothing, or that one image does not cover, are below
STRONGEST = 0.25  # of the blocks, which do not count where a pattern of the detector may have made them
CENTRAL = 0.75  # of the half width: blocks further out do not count there either


@dataclass(frozen=True)
class BlockMaps:
    """Correlation maps (K, 17, 17) of blocks over their shifts, and the blocks' centres (K, 2) in cells."""

    maps: Floats
    centers: Floats

    @classmethod
    def of(cls, evidence: Evidence) -> BlockMaps:
        """Return the maps of the blocks that both images cover and that show something."""
        blocks = evidence.block_correlation
        if blocks is None:
            raise ValueError("this evidence has no correlation of blocks: it is not of a whole view")
        rows = len(blocks)
        line = (np.arange(rows) - (rows - 1) / 2) * BLOCK
        centers = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
        maps = blocks.reshape(rows * rows, *blocks.shape[2:])
        shown = np.ptp(maps, axis=(1, 2)) > MIN_CONTRAST
        return cls(maps[shown].astype(float), centers[shown])

    def at(self, shifts: Floats) -> Floats:
        """Return each map's value (K,) at shifts (K, 2) in cells, bilinear."""
        x, y = np.clip(shifts.T + REACH, 0, 2 * REACH - 1e-6)
        row, column, each = y.astype(int), x.astype(int), np.arange(len(self.maps))
        down, right = y - row, x - column
        upper = self.maps[each, row, column] * (1 - right) + self.maps[each, row, column + 1] * right
        lower = self.maps[each, row + 1, column] * (1 - right) + self.maps[each, row + 1, column + 1] * right
        between: Floats = upper * (1 - down) + lower * down
        return between


@dataclass(frozen=True)
class BlockAgreement:
    """How many blocks can be compared, and how well they agree with an estimate."""

    blocks: int
    share: float  # of the evidence that the blocks would give at their own maxima, less what is chance
    surprise: float  # Fisher's combination of the blocks' ranks; 0 +- 1 for unrelated images

    @classmethod
    def of(cls, evidence: Evidence, size: int, cautious: bool = False) -> BlockAgreement:
        """Return the agreement with the estimate after a refinement step in a view of ``size`` px.

        ``cautious``: blocks near the edges, and the strongest of the others, do not count, since a pattern
        that is fixed to the detector would be found there.
        """
        found = BlockMaps.of(evidence)
        displacement = evidence.displacement + evidence.newton_step(size)
        values = found.at(displacement_at(displacement, found.centers))
        gained = values - found.maps.mean((1, 2))
        possible = found.maps.max((1, 2)) - found.maps.mean((1, 2))
        ranks = (found.maps > values[:, None, None] + 1e-9).mean((1, 2))
        if cautious:
            counted = _cautious_selection(found.centers, gained, size)
            gained, possible, ranks = gained[counted], possible[counted], ranks[counted]
        if not len(gained):
            return cls(0, 0.0, 0.0)
        return cls(len(gained), float(gained.sum() / possible.sum()), _combined(ranks))


def _combined(ranks: Floats) -> float:
    """Return Fisher's combination of ranks (K,), uniform in 0 to 1 by chance, in standard deviations."""
    finest = 0.5 / (2 * REACH + 1) ** 2
    return float((-np.log(ranks + finest) - 1).sum() / np.sqrt(len(ranks)))


def _cautious_selection(centers: Floats, gained: Floats, size: int) -> Integers:
    """Return the indices of central blocks (K, 2) without those that gained most."""
    central = np.flatnonzero(np.abs(centers).max(1) <= CENTRAL * size / 4)
    return central[np.argsort(gained[central])][: int(np.ceil((1 - STRONGEST) * len(central)))]
