"""Training pairs cut from labels: views of both images with the label's transform between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from xebra.adaptation.labels import Label
from xebra.arrays import Floats
from xebra.specimen.draw import Draw
from xebra.specimen.recorded import RecordedPairs, Recording
from xebra.transform import image_center

PAIR_SHARE = 0.7  # of the training pairs that are views of labels; the others are simulated
SIDE = (0.4, 1.0)  # of a label's shorter side: a view's side


class LabelImages:
    """The labels as a source of training pairs, beside simulated ones; see ``xebra.specimen.pairs``."""

    specimen_share = 0.0  # no simulated specimen is made of labels: they are few
    pair_share = PAIR_SHARE

    def __init__(self, labels: Sequence[Label], device: str = "cpu"):
        self.pairs = RecordedPairs([_recording(label, device) for label in labels], SIDE)

    def draw(self, draw: Draw, size: int) -> torch.Tensor:
        """Raise ValueError: labels give pairs, not specimens."""
        raise ValueError("Labels give pairs, not specimens")


def _recording(label: Label, device: str) -> Recording:
    images = tuple(torch.from_numpy(_levels(image)).to(device) for image in (label.fixed, label.moving))
    return Recording(label.group, (images[0], images[1]), _between_centres(label).to(device))


def _between_centres(label: Label) -> torch.Tensor:
    """Return moving_from_fixed (2, 3) in px about the centres of both images."""
    x, y = image_center(label.fixed.shape)
    to_fixed = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    centred = label.moving_from_fixed @ to_fixed
    centred[:2, 2] -= image_center(label.moving.shape)
    return torch.from_numpy(centred[:2].astype(np.float32))


def _levels(image: Floats) -> Floats:
    """Return grey values, 0 to 1 between the 0.5th and the 99.5th percentile."""
    low, high = np.percentile(image, [0.5, 99.5])
    levels: Floats = np.clip((image - low) / max(float(high - low), 1e-9), 0, 1).astype(np.float32)
    return levels
