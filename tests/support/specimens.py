"""Two views of one simulated specimen at any size, with the exact transform between them."""

import numpy as np
import torch

from xebra.resample import resample
from xebra.specimen.draw import Draw, Replay
from xebra.specimen.instruments import Contrast, View
from xebra.specimen.pairs import PHYSICS
from xebra.specimen.specimen import PHASES, draw_specimens
from xebra.transform import SimilarityTransform, image_center


def specimen(side: int, seed: int) -> View:
    """Return the material of a square specimen."""
    fields = draw_specimens(Draw(seed, 1), side).fields
    return View(fields[:, :PHASES], fields[:, PHASES], fields[:, PHASES + 1])


def seen(
    of: View, contrast: Contrast, specimen_from_image: np.ndarray, side: int, seed: int = 1
) -> np.ndarray:
    """Return an image (side, side) float32 of a specimen by an instrument, with a little noise."""
    physics = torch.rand(1, PHYSICS, generator=torch.Generator().manual_seed(seed))
    image = resample(contrast(Replay(physics), of)[0].numpy(), specimen_from_image, (side, side))
    noise = np.random.default_rng(seed).normal(size=image.shape) * 0.05 * image.std()
    return (image + noise).astype(np.float32)


def seen_twice(
    of: View, contrasts: tuple[Contrast, Contrast], truth: SimilarityTransform, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fixed and the moving image; ``truth`` is fixed_from_moving about the image's centre."""
    centred = np.eye(3)
    centred[:2, 2] = np.subtract(image_center(of.height.shape[-2:]), image_center((side, side)))
    fixed = seen(of, contrasts[0], centred, side)
    return fixed, seen(of, contrasts[1], centred @ truth.matrix, side, seed=2)
