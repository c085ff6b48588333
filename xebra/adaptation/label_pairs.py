"""Registered views of both images of a label, for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from xebra.adaptation.labels import Label
from xebra.image import gray
from xebra.specimen.draw import Draw
from xebra.specimen.recorded import RecordedPairs, Recording
from xebra.transform import image_center

SIDE = (0.35, 1.0)  # of a label's shorter side: a view's side


class LabelViews:
    """Views (2, N, N) of the same place in both images of random labels, and of any place in the second one.

    They are values and coverage. Rotation, reflection, scale and place are random, and either image comes
    first.
    """

    def __init__(self, labels: Sequence[Label]):
        self.pairs = RecordedPairs([_recording(label) for label in labels], SIDE)

    def batch(self, draw: Draw, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``count`` views of the first image, of the second one and of its reference (B, 2, N, N)."""
        drawn = [self.pairs.draw_with_reference(draw, size) for _ in range(count)]
        first, second, reference = (
            torch.stack([torch.stack(view) for view in views]) for views in zip(*drawn, strict=True)
        )
        return first, second, reference


def _recording(label: Label) -> Recording:
    images = tuple(torch.from_numpy(gray(image)) for image in (label.fixed, label.moving))
    return Recording(label.group, (images[0], images[1]), _between_centres(label))


def _between_centres(label: Label) -> torch.Tensor:
    """Return moving_from_fixed (2, 3) in px about the centres of both images."""
    x, y = image_center(label.fixed.shape)
    to_fixed = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    centred = label.moving_from_fixed @ to_fixed
    centred[:2, 2] -= image_center(label.moving.shape)
    return torch.from_numpy(centred[:2].astype(np.float32))
