"""What a transform file is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.transform import corners, map_points


@dataclass(frozen=True)
class Pair:
    """Two images and the transform between them; ``fixed_from_moving`` is 3 x 3 and in px."""

    fixed_from_moving: np.ndarray
    fixed_shape: tuple[int, ...]
    moving_shape: tuple[int, ...]
    fixed_spacing_um: float | None = None
    moving_spacing_um: float | None = None
    fixed_name: str = "fixed"
    moving_name: str = "moving"

    @classmethod
    def of(cls, body: dict[str, Any]) -> Pair:
        """From the canonical JSON of a registration."""
        fixed, moving = body["fixed"], body["moving"]
        return cls(
            np.array(body["fixed_from_moving"], float),
            tuple(fixed["shape"]),
            tuple(moving["shape"]),
            fixed["pixel_spacing_um"],
            moving["pixel_spacing_um"],
            fixed["name"],
            moving["name"],
        )

    @property
    def moving_from_fixed(self) -> np.ndarray:
        """The inverse, 3 x 3."""
        return np.linalg.inv(self.fixed_from_moving)

    @property
    def landmarks(self) -> tuple[np.ndarray, np.ndarray]:
        """The moving image's corners and centre, and where they lie in the fixed image, (5, 2) each."""
        outer = corners(self.moving_shape)
        moving = np.vstack([outer, outer.mean(0)])
        return moving, map_points(self.fixed_from_moving, moving)
