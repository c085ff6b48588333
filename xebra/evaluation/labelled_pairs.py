"""Pairs whose right answer is known, or known not to exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.confidence import RIGHT_PX

if TYPE_CHECKING:  # it needs torch
    from xebra.evaluation.simulated import Case

MAX_TRUTH_PX = RIGHT_PX / 2  # at 256: of a pair with a less certain truth only large errors are judged


@dataclass(frozen=True)
class LabelledPair:
    """Two images (H, W) with the 3 x 3 moving_from_fixed, or None where no transform is right."""

    fixed: Floats
    moving: Floats
    moving_from_fixed: Matrix | None
    kind: str  # "mono", "multi", or what makes it unrelated: "different", "apart", "mirrored"
    source: str = "simulated"
    truth_px: float = 0.0  # uncertainty of moving_from_fixed, mean corner distance in px at 256


class Judged:
    """Right or wrong, for what has the attributes ``error_px`` and ``truth_px``, both in px at 256."""

    error_px: float  # mean corner error; infinite where no transform is right
    truth_px: float  # uncertainty of the truth

    @property
    def truth_is_known(self) -> bool:
        """Return whether the truth is so certain that right and wrong are known."""
        return self.truth_px <= MAX_TRUTH_PX

    @property
    def right(self) -> bool:
        """Return whether the corner error is small, or may be, where the truth is not surely known."""
        return self.error_px < RIGHT_PX + (0.0 if self.truth_is_known else self.truth_px)


def from_simulated(cases: Iterable[Case]) -> Iterator[LabelledPair]:
    """Yield simulated pairs as labelled ones."""
    for case in cases:
        yield LabelledPair(case.fixed, case.moving, np.linalg.inv(case.truth.matrix), "multi")


def unrelated(cases: Iterable[Case], others: Iterable[Case]) -> Iterator[LabelledPair]:
    """Yield the fixed images of some simulated pairs with moving images of other specimens."""
    for case, other in zip(cases, others, strict=True):
        yield LabelledPair(case.fixed, other.moving, None, "different")
