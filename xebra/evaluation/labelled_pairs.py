"""Pairs whose right answer is known, or known not to exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xebra.arrays import Floats, Matrix

if TYPE_CHECKING:  # it needs torch
    from xebra.evaluation.simulated import Case


@dataclass(frozen=True)
class LabelledPair:
    """Two images (H, W) with the 3 x 3 moving_from_fixed, or None where no transform is right."""

    fixed: Floats
    moving: Floats
    moving_from_fixed: Matrix | None
    kind: str  # "mono", "multi", or what makes it unrelated: "different", "apart", "mirrored"
    source: str = "simulated"
    truth_px: float = 0.0  # uncertainty of moving_from_fixed, mean corner distance in px at 256


def from_simulated(cases: Iterable[Case]) -> Iterator[LabelledPair]:
    """Yield simulated pairs as labelled ones."""
    for case in cases:
        yield LabelledPair(case.fixed, case.moving, np.linalg.inv(case.truth.matrix), "multi")


def unrelated(cases: Iterable[Case], others: Iterable[Case]) -> Iterator[LabelledPair]:
    """Yield the fixed images of some simulated pairs with moving images of other specimens."""
    for case, other in zip(cases, others, strict=True):
        yield LabelledPair(case.fixed, other.moving, None, "different")
