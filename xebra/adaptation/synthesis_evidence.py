"""Whether images shown in the other modality support the transforms of the labels that they were learnt from.

Most labels of an instrument are right, and a network learns their contrast. At a label that is wrong, an
image that it synthesises resembles the other image elsewhere: this finds labels that mutual information,
which learns nothing, cannot contradict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from xebra.adaptation.evidence import FAR_PX, NEAR_PX, NEAR_STEP_PX, REACH_PX, ring
from xebra.adaptation.labels import Label
from xebra.arrays import Floats, Matrix
from xebra.engine import OnnxEngine
from xebra.errors import ImageUnusable
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import Candidate
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image
from xebra.transform import corner_error
from xebra.weights import DEFAULT, read_weights

PROCESSES = 2
FAR_STEP_PX = 4.0  # of displacements, at 256: fine detail correlates over 8 px
# Of the resemblance that is usual at the labels of an instrument: what another place must show, and how much
# less a label has than that other place. Of 24 labels that were off by 30 px, the largest resemblance near
# the label is at most 0.32 of that at the right place, which is 0.64 to 1.2 of the usual one; of 180 right
# ones two have less than half near it, of networks that were trained for half a minute.
USUAL_SHARE, LESS = 0.5, 0.5
MOST_CONTRADICTED, FEWEST_CONTRADICTED = 0.1, 2  # share of the labels; one may be hard to register


@dataclass(frozen=True)
class SynthesisEvidence:
    """Sums of the correlations of fine detail of both synthesised images with the others."""

    near: float  # the largest within 8 px of the label's transform
    far: float  # the largest of other places
    distance_px: float  # of that place: mean distance of the corners from the label's transform, px at 256


def problem(evidence: Sequence[SynthesisEvidence], numbers: Sequence[int]) -> str | None:
    """Return why labels should not be used: synthesised images contradict more than a tenth of them.

    Args:
        evidence: of each label, in order.
        numbers: of the labels in their list.

    Examples:
        >>> right, wrong = SynthesisEvidence(0.8, 0.3, 20.0), SynthesisEvidence(0.1, 0.7, 30.0)
        >>> problem([right] * 16 + [wrong] * 4, range(20))[:59]
        '4 of 20 labels (number 16, 17, 18, 19) are off by about 30 '
        >>> problem([right] * 16 + [SynthesisEvidence(0.5, 0.7, 30.0)] * 4, range(20)) is None
        True
    """
    usual = usual_resemblance(evidence)
    wrong = [
        (number, each)
        for number, each in zip(numbers, evidence, strict=True)
        if each.near < LESS * each.far and each.far >= USUAL_SHARE * usual
    ]
    if len(wrong) < FEWEST_CONTRADICTED or len(wrong) <= MOST_CONTRADICTED * len(evidence):
        return None
    named = ", ".join(str(number) for number, _ in wrong)
    off = float(np.median([each.distance_px for _, each in wrong]))
    return (
        f"{len(wrong)} of {len(evidence)} labels (number {named}) are off by about {off:.0f} px at 256: "
        "images synthesised as the other labels show them fit better elsewhere; correct or exclude them"
    )


def usual_resemblance(evidence: Sequence[SynthesisEvidence]) -> float:
    """Return the median resemblance at labels that resemble most there; infinite where most do not.

    Where synthesised images resemble the others at few labels, they are not learnt and contradict nothing.
    """
    supported = [each.near for each in evidence if each.near > each.far]
    return float(np.median(supported)) if 2 * len(supported) > len(evidence) else math.inf


def measured(folder: Path, labels: Sequence[Label]) -> list[SynthesisEvidence]:
    """Return the evidence for each label by a network with image synthesis; about 0.5 s each.

    Args:
        folder: of the network.
        labels: some of those that trained it.
    """
    with get_context("spawn").Pool(PROCESSES) as pool:
        parts = pool.starmap(_of_some, [(folder, labels[n::PROCESSES]) for n in range(PROCESSES)])
    return [parts[number % PROCESSES][number // PROCESSES] for number in range(len(labels))]


def _of_some(folder: Path, labels: Sequence[Label]) -> list[SynthesisEvidence]:
    estimator = PyramidEstimator(read_weights(folder / DEFAULT), OnnxEngine(folder))
    return [label_evidence(estimator, label) for label in labels]


def label_evidence(estimator: PyramidEstimator, label: Label) -> SynthesisEvidence:
    """Return the evidence for a label: of displacements of its transform, and of the place that is found.

    Args:
        estimator: of a network with image synthesis.
        label: two images with their transform.
    """
    fixed, moving = Image(label.fixed), Image(label.moving)
    try:
        detail = estimator.resemblance(fixed, moving)
        detail = detail and detail.band_passed()
    except ImageUnusable:
        detail = None
    if detail is None:  # an image of one grey value
        return SynthesisEvidence(0.0, 0.0, 0.0)

    def total(moving_from_fixed: Matrix) -> float:
        return detail.total(Candidate(moving_from_fixed, 0.0))

    px = max(label.fixed.shape) / REFERENCE_WIDTH
    near = _totals(total, label.moving_from_fixed, px * ring(0, NEAR_PX, NEAR_STEP_PX)).max()
    places = ring(FAR_PX, REACH_PX, FAR_STEP_PX)
    totals = _totals(total, label.moving_from_fixed, px * places)
    found = [(float(totals.max()), float(np.hypot(*places[totals.argmax()])))]
    parts = None if near > found[0][0] else estimator.synthesis_parts(fixed, moving)
    if parts is not None:
        place = parts.values.moving_from_fixed
        between = np.linalg.inv(label.moving_from_fixed) @ place
        found.append((total(place), corner_error(between, np.eye(3), label.fixed.shape) / px))
    far, distance = max(each for each in found if each[1] >= FAR_PX)
    return SynthesisEvidence(float(near), far, float(distance))


def _totals(total: Callable[[Matrix], float], moving_from_fixed: Matrix, displacements: Floats) -> Floats:
    """Return the resemblance (K,) at displacements (K, 2) of a transform, px of the fixed image."""
    shifts = (np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]) for x, y in displacements)
    return np.array([total(moving_from_fixed @ shift) for shift in shifts])
