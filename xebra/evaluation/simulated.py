"""Simulated pairs as numpy arrays with their true transform."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from xebra.arrays import Floats
from xebra.specimen.pairs import PairSource, Range
from xebra.transform import SimilarityTransform, image_center

SIDE = 256  # px
FULL = Range(180.0, 2.0, 0.25)  # transforms on which the default network is calibrated and scored
PER_SPECIMEN = 4


@dataclass(frozen=True)
class Case:
    """A pair with its exact transform."""

    fixed: Floats  # (N, N) float32
    moving: Floats  # (N, N) float32
    truth: SimilarityTransform  # fixed_from_moving, about the image centre, px


def cases(seed: int, count: int, reach: Range, side: int = SIDE) -> Iterator[Case]:
    """Yield ``count`` pairs of the specimens of a seed, four pairs of each specimen."""
    source = PairSource(seed, size=side, pool=math.ceil(count / PER_SPECIMEN), renew=False)
    for start in range(0, count, 16):
        pairs = source.batch(min(16, count - start), reach)
        for fixed, moving, parameters in zip(
            pairs.fixed, pairs.moving, pairs.parameters.tolist(), strict=True
        ):
            angle, log_scale, x, y = parameters
            truth = SimilarityTransform(
                math.exp(log_scale), angle, (x * side, y * side), image_center((side, side))
            )
            yield Case(fixed[0].numpy(), moving[0].numpy(), truth)
