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
REACH_PX, STEP_PX = 48, 4  # at 256: displacements of the label's transform that are compared with it
NEAR_PX, FAR_PX = 8.0, 12.0  # at 256: within, a displacement is the label's place; beyond, it is another
# Measured on 296 pairs of 37 recordings: 220 have 2.5 deviations or more, of pairs displaced by 30 px none
# of 296 has, and of mirrored ones 10 of 296.
SUPPORTED, CONTRADICTED = 2.5, 1.8
DISTINCT = 0.5  # median of the labels: from it on to CONTRADICTED, a label without support is an exception
MOST_CONTRADICTED = 0.05  # share of the labels


@dataclass(frozen=True)
class LabelEvidence:
    """Mutual information at a label's transform, in standard deviations of that at displaced ones."""

    supported_by: float
    displaced_by: float  # the largest one of a displaced transform
    distance_px: float  # of the best of all from the label's transform, px at 256
    mirrored_by: float  # at the label's transform and near it, of the mirrored moving image

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
    informed = _information(fixed, moving, label.moving_from_fixed)
    mirrored = Image(np.ascontiguousarray(label.moving[:, ::-1]))
    near, far, distance = _compared(informed)
    other, _, _ = _compared(_information(fixed, mirrored, label.moving_from_fixed))
    return LabelEvidence(near, far, distance, other)


def problems(evidence: Sequence[LabelEvidence]) -> list[str]:
    """Return why labels should not be trained on: mirrored, contradicted by their own images.

    Where mutual information supports few of the labels of an instrument, it cannot judge the others.

    Args:
        evidence: of each label, in order.

    Examples:
        >>> problems([LabelEvidence(5.0, 2.0, 0.0, 0.5)] * 8 + [LabelEvidence(0.4, 5.0, 30.0, 0.5)])
        ['1 of 9 labels (number 8) are off by about 30 px at 256: the images fit better elsewhere; correct ...']
    """
    own = np.array([each.supported_by for each in evidence])
    mirrored = np.array([each.mirrored_by for each in evidence])
    if np.median(mirrored) >= SUPPORTED > np.median(own):
        return ["the moving images are mirrored: the labels fit their mirror images; register with mirror=True"]
    found = []
    wrong = [
        number
        for number, each in enumerate(evidence)
        if each.supported_by < CONTRADICTED and each.displaced_by >= SUPPORTED and each.distance_px > FAR_PX
    ]
    if np.median(own) >= SUPPORTED and len(wrong) > MOST_CONTRADICTED * len(evidence):
        off = float(np.median([evidence[number].distance_px for number in wrong]))
        found.append(
            f"{len(wrong)} of {len(evidence)} labels (number {', '.join(map(str, wrong))}) are off by about "
            f"{off:.0f} px at 256: the images fit better elsewhere; correct or exclude them"
        )
    return found


def _information(fixed: Image, moving: Image, moving_from_fixed: Matrix) -> Floats:
    """Return the mutual information (N, N) at displacements of the transform along y and x."""
    measure = MutualInformation(ImagePair(fixed, moving), VIEW_PX)
    px = max(fixed.shape) / REFERENCE_WIDTH
    line = np.arange(-REACH_PX, REACH_PX + 1, STEP_PX) * px
    shifts = (np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]) for y in line for x in line)
    values = [measure.information(moving_from_fixed @ shift) for shift in shifts]
    return np.array(values).reshape(len(line), len(line))


def _compared(informed: Floats) -> tuple[float, float, float]:
    """Return the best near and the best far value in deviations of the far ones, and the best one's distance."""
    line = np.arange(-REACH_PX, REACH_PX + 1, STEP_PX)
    distance = np.hypot(*np.meshgrid(line, line))
    known = informed > 0
    far = informed[(distance > FAR_PX) & known]
    if len(far) < 2 or not (near := informed[(distance <= NEAR_PX) & known]).size:
        return 0.0, 0.0, math.inf
    deviation = float(far.std()) or 1.0
    best = float(distance.flat[informed.argmax()])
    return float(near.max() - far.mean()) / deviation, float(far.max() - far.mean()) / deviation, best
