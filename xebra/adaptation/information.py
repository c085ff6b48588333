"""How much the parts of an estimate by image synthesis count: by their errors at labels.

Three nearly independent estimates of one place are averaged (``estimate/resemblance.py``): by the network
with synthesised images, by the correlation of the images, and by the parent without synthesis. The weights
are the reciprocals of the mean square errors (inverse-variance weighting), on the scale of the correlation's
information s, for which s e^2 is about constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from xebra.adaptation.labels import Label
from xebra.arrays import Matrix
from xebra.engine import OnnxEngine
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import MAX_AVERAGED_PX
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image
from xebra.transform import corner_error
from xebra.weights import DEFAULT, read_weights

PROCESSES = 2
# What is known before any label: an error of 4 px at 256 of the network and of the parent, and the same error
# of a place by correlations whose information is 0.5.
PRIOR_SQUARE_PX2, PRIOR_SCALE_PX2, PRIOR_COUNT = 16.0, 8.0, 4
FEWEST_KNOWN = 3  # estimates of the parent that are near
LEAST_ERROR_PX = 2.0  # at 256: of the parent, which may have none at a few labels


@dataclass(frozen=True)
class PlaceErrors:
    """Corner errors of one estimate by image synthesis, px at 256."""

    network_px: float  # of the network with synthesised images
    values_px: float  # of the largest correlation near by
    information: float  # of that correlation


@dataclass(frozen=True)
class Information:
    """Of the network's estimate with synthesised images and of that without, on the correlation's scale."""

    network: float
    known: float

    @classmethod
    def of(cls, parent_px: Iterable[float], found: Iterable[PlaceErrors]) -> Information:
        """Return the information by the errors of the parent and of estimates by synthesis.

        Estimates of other places do not count; nor does the parent where it finds fewer than three places.

        Args:
            parent_px: corner errors at labels, px at 256.
            found: errors of estimates by synthesis, of networks that did not learn those labels.

        Examples:
            >>> alike = [PlaceErrors(4.0, 4.0, 0.5)] * 8
            >>> Information.of([4.0] * 8, alike)
            Information(network=0.5, known=0.5)
            >>> Information.of([400.0] * 8, [PlaceErrors(4.0, 2.0, 0.5)] * 8)
            Information(network=0.25, known=0.0)
        """
        near = [each for each in found if max(each.network_px, each.values_px) <= MAX_AVERAGED_PX]
        scale = _mean([each.information * each.values_px**2 for each in near], PRIOR_SCALE_PX2)
        square = _mean([each.network_px**2 for each in near], PRIOR_SQUARE_PX2)
        known = [max(px, LEAST_ERROR_PX) ** 2 for px in parent_px if px <= MAX_AVERAGED_PX]
        of_parent = scale / _mean(known, PRIOR_SQUARE_PX2) if len(known) >= FEWEST_KNOWN else 0.0
        return cls(round(scale / square, 3), round(of_parent, 3))

    @classmethod
    def measured(
        cls, base: Path, labels: Sequence[Label], judges: Sequence[tuple[Path, Sequence[Label]]]
    ) -> Information:
        """Return the information by the errors at labels.

        Args:
            base: folder of the parent's networks.
            labels: of any region: they did not train the parent.
            judges: folders of networks with image synthesis, each with labels that did not train it.
        """
        jobs = [(folder, held[n::PROCESSES]) for folder, held in judges for n in range(PROCESSES)]
        with get_context("spawn").Pool(PROCESSES) as pool:
            parent = pool.starmap_async(
                parent_errors, [(base, labels[n::PROCESSES]) for n in range(PROCESSES)]
            )
            found = pool.starmap(synthesis_errors, jobs)
            return cls.of((px for part in parent.get() for px in part), (e for part in found for e in part))

    def to_json(self) -> dict[str, float]:
        """Return the entries of ``synthesis`` in config.json."""
        return {f"{name}_information": value for name, value in asdict(self).items()}


def parent_errors(base: Path, labels: Sequence[Label]) -> list[float]:
    """Return the corner errors of a network without image synthesis at labels, px at 256."""
    estimator = PyramidEstimator(read_weights(base / DEFAULT), OnnxEngine(base))
    estimator.synthesis = None
    return [
        _error_px(label, estimator.find(Image(label.fixed), Image(label.moving)).moving_from_fixed)
        for label in labels
    ]


def synthesis_errors(folder: Path, labels: Sequence[Label]) -> list[PlaceErrors]:
    """Return the errors of a network's estimates by image synthesis at labels, in both directions."""
    estimator = PyramidEstimator(read_weights(folder / DEFAULT), OnnxEngine(folder))
    errors = []
    for label in (direction for each in labels for direction in (each, each.swapped())):
        found = estimator.synthesis_parts(Image(label.fixed), Image(label.moving))
        if found is not None:
            network, values = (
                _error_px(label, place.moving_from_fixed) for place in (found.network, found.values)
            )
            errors.append(PlaceErrors(network, values, found.information))
    return errors


def _error_px(label: Label, moving_from_fixed: Matrix) -> float:
    between = np.linalg.inv(label.moving_from_fixed) @ moving_from_fixed
    px = corner_error(between, np.eye(3), label.fixed.shape)
    return float(px * REFERENCE_WIDTH / max(label.fixed.shape))


def _mean(squares: Sequence[float], prior: float) -> float:
    """Return the mean of squares and of a prior that counts as some of them."""
    return float((sum(squares) + PRIOR_COUNT * prior) / (len(squares) + PRIOR_COUNT))
