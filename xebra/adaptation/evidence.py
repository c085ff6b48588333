"""Whether the images of a label support its transform, by mutual information, which no training changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xebra.adaptation.labels import Label
from xebra.arrays import Floats, Matrix
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.mutual_information import MutualInformation
from xebra.image import Image

VIEW_PX = 64  # side of the views that are compared: outlines count, noise does not
# px at 256: displacements of the label's transform that are its place, and those that are another.
NEAR_PX, NEAR_STEP_PX = 8.0, 4.0
FAR_PX, REACH_PX, FAR_STEP_PX = 12.0, 48.0, 8.0
FEWEST_FAR = 8  # other places at which the images share enough
# Measured on 296 pairs of 37 recordings (8 each): 223 have 2.5 deviations or more, of the same pairs
# displaced by 30 px 6, mirrored 10. In the 30 recordings whose median has, 188 of 240 displaced pairs are
# contradicted, and 1 right one.
SUPPORTED, CONTRADICTED = 2.5, 1.8
MOST_CONTRADICTED = 0.05  # share of the labels
UNSUPPORTED = 1.0  # mean over the labels: of displaced pairs 0.5, of 35 of 37 recordings above 1


@dataclass(frozen=True)
class LabelEvidence:
    """Mutual information at a label's transform, in standard deviations of that at displaced ones."""

    supported_by: float
    displaced_by: float  # the largest one of a displaced transform
    distance_px: float  # of the best of all from the label's transform, px at 256
    mirrored_by: float  # at the label's transform and near it, of the moving image mirrored along x or y

    @property
    def is_supported(self) -> bool:
        """Return whether the label's place is better than all others, and better than chance."""
        return self.supported_by >= SUPPORTED and self.supported_by > self.displaced_by


def label_evidence(label: Label) -> LabelEvidence:
    """Return the evidence for a label's transform.

    Args:
        label: two images with their transform; about 0.1 s.

    Examples:
        >>> noise = np.random.default_rng(1).normal(size=(16, 16)).repeat(16, 0).repeat(16, 1)
        >>> image = noise.astype(np.float32)
        >>> label_evidence(Label(image, -image, np.eye(3))).is_supported
        True
    """
    fixed, moving = Image(label.fixed), Image(label.moving)
    near, far, distance = _compared(_measure(fixed, moving), label, FAR_STEP_PX)
    reflected = (
        Image(np.ascontiguousarray(pixels)) for pixels in (label.moving[:, ::-1], label.moving[::-1])
    )
    other = max(_compared(_measure(fixed, image), label, 2 * FAR_STEP_PX)[0] for image in reflected)
    return LabelEvidence(near, far, distance, other)


def problems(evidence: Sequence[LabelEvidence], numbers: Sequence[int] | None = None) -> list[str]:
    """Return why labels should not be trained on: mirrored, without support, contradicted by their images.

    Where mutual information supports few of the labels of an instrument, it cannot judge the others.

    Args:
        evidence: of each label, in order.
        numbers: of the labels in their list; by default from 0.

    Examples:
        >>> evidence = [LabelEvidence(5.0, 2.0, 0.0, 0.5)] * 8 + [LabelEvidence(0.4, 5.0, 30.0, 0.5)]
        >>> problems(evidence)[0][:46]
        '1 of 9 labels (number 8) are off by about 30 p'
    """
    own = np.array([each.supported_by for each in evidence])
    mirrored = np.array([each.mirrored_by for each in evidence])
    if np.median(mirrored) >= SUPPORTED > np.median(own):
        return [
            "the moving images are mirrored: the labels fit their mirror images; register with mirror=True"
        ]
    if own.mean() < UNSUPPORTED:
        return [
            "the images do not support their labels: no place fits better than another; check that fixed and "
            "moving images belong together and are not exchanged"
        ]
    found = []
    wrong = [
        number
        for number, each in enumerate(evidence)
        if each.supported_by < CONTRADICTED and each.displaced_by >= SUPPORTED and each.distance_px > FAR_PX
    ]
    if np.median(own) >= SUPPORTED and len(wrong) > MOST_CONTRADICTED * len(evidence):
        off = float(np.median([evidence[number].distance_px for number in wrong]))
        named = ", ".join(str(numbers[each] if numbers else each) for each in wrong)
        found.append(
            f"{len(wrong)} of {len(evidence)} labels (number {named}) are off by about "
            f"{off:.0f} px at 256: the images fit better elsewhere; correct or exclude them"
        )
    return found


def _measure(fixed: Image, moving: Image) -> MutualInformation:
    return MutualInformation(ImagePair(fixed, moving), VIEW_PX)


def _compared(measure: MutualInformation, label: Label, far_step: float) -> tuple[float, float, float]:
    """Return the best value near the label's transform and the best far one, in deviations of the far ones.

    The third is the distance of the best of all, px at 256.
    """
    px = max(label.fixed.shape) / REFERENCE_WIDTH
    near = _informed(measure, label.moving_from_fixed, px * ring(0, NEAR_PX, NEAR_STEP_PX))
    places = ring(FAR_PX, REACH_PX, far_step)
    far = _informed(measure, label.moving_from_fixed, px * places)
    seen = far > 0
    if seen.sum() < FEWEST_FAR or not near.any():
        return 0.0, 0.0, math.inf
    mean, deviation = float(far[seen].mean()), float(far[seen].std()) or 1.0
    distance = 0.0 if near.max() >= far.max() else float(np.hypot(*places[far.argmax()]))
    return float(near.max() - mean) / deviation, float(far.max() - mean) / deviation, distance


def ring(inner: float, outer: float, step: float) -> Floats:
    """Return the points (K, 2) of a grid about 0 whose distance is from ``inner`` to ``outer``."""
    line = np.arange(-outer // step, outer // step + 1) * step
    points = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    distance = np.hypot(*points.T)
    chosen: Floats = points[(distance >= inner) & (distance <= outer)]
    return chosen


def _informed(measure: MutualInformation, moving_from_fixed: Matrix, displacements: Floats) -> Floats:
    """Return the mutual information (K,) at displacements (K, 2) of a transform, px of the fixed image."""
    shifts = (np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]) for x, y in displacements)
    return np.array([measure.information(moving_from_fixed @ shift) for shift in shifts])
