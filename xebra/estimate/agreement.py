"""How much of the overlap agrees with an answer, block by block: evidence that is measured absolutely.

Each block of the fixed view has a map of its correlation with the moving view over its own shifts. Where the
images show the same specimen, the maps peak where the answer puts them; where they do not, a block peaks
anywhere, and the share of the evidence that the answer collects stays near what chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.displacement import BLOCK, Evidence, jacobians

REACH = BLOCK // 2


@dataclass(frozen=True)
class BlockMaps:
    """Correlation maps (K, 17, 17) of the blocks that show something, and their centres (K, 2) in cells."""

    maps: np.ndarray
    centres: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence) -> BlockMaps:
        rows = len(evidence.blocks)
        line = (np.arange(rows) - (rows - 1) / 2) * BLOCK
        centres = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
        maps = evidence.blocks.reshape(-1, *evidence.blocks.shape[2:]).astype(float)
        shows = np.ptp(maps, axis=(1, 2)) > 1e-3
        return cls(maps[shows], centres[shows])

    def at(self, displacement: np.ndarray) -> np.ndarray:
        """(K,) correlation of each block where a displacement (4,) in cells puts it, bilinear."""
        return self.at_shifts(jacobians(self.centres) @ displacement)

    def at_shifts(self, where: np.ndarray) -> np.ndarray:
        side = self.maps.shape[-1]
        x, y = np.clip(where.T + REACH, 0, side - 1 - 1e-6)
        i, j = y.astype(int), x.astype(int)
        u, v, k = y - i, x - j, np.arange(len(self.maps))
        m = self.maps
        return (
            m[k, i, j] * (1 - u) * (1 - v)
            + m[k, i, j + 1] * (1 - u) * v
            + m[k, i + 1, j] * u * (1 - v)
            + m[k, i + 1, j + 1] * u * v
        )
