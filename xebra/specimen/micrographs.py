"""Specimens made of real micrographs: bands of grey levels become phases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, interpolate

from xebra.arrays import Floats
from xebra.specimen.draw import Draw
from xebra.specimen.specimen import PHASES
from xebra.specimen.split import Split

LEAST_PX = 128  # smaller images show too little
EVERYTHING = Split()
SUFFIXES = (".npy", ".tif", ".tiff", ".png")


class Micrographs:
    """The images of a folder, without those whose specimens are held out.

    Arrays (.npy) need nothing but numpy; TIFF and PNG are read as ``xebra.read_image`` does. Raises
    ValueError where nothing is left to train on.
    """

    def __init__(self, folder: Path, split: Split = EVERYTHING, device: str = "cpu"):
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
        images = {str(f.relative_to(folder)): grey_levels(f) for f in files if split.trains_on(f.stem)}
        large = {name: image for name, image in images.items() if min(image.shape) >= LEAST_PX}
        if not large:
            raise ValueError(f"{folder} holds no image (.npy, .tif, .png) of {LEAST_PX} px to train on")
        self.names = list(large)
        self._images = [torch.from_numpy(image).to(device) for image in large.values()]

    def draw(self, draw: Draw, size: int) -> torch.Tensor:
        """Return fields (1, PHASES + 2, S, S) as ``Specimen`` has them, of a part of a random image."""
        image = self._images[draw.one(len(self._images))]
        side = int(min(image.shape) * draw.uniform(0.5, 1, 1))
        top, left = (draw.one(length - side + 1) for length in image.shape)
        part = image[None, None, top : top + side, left : left + side]
        part = part.rot90(draw.one(4), (2, 3))
        part = part.flip(3) if draw.one(2) else part
        values = interpolate(part, size=(size, size), mode="bilinear", antialias=side > size)[0, 0]
        height = values * draw.uniform(-10, 10, 1)
        smooth = avg_pool2d(values[None, None], 9, 1, 4, count_include_pad=False)[0, 0]
        return torch.cat([bands(draw, values), height[None], smooth[None]])[None]


def bands(draw: Draw, values: torch.Tensor) -> torch.Tensor:
    """Return fractions (PHASES, S, S) that sum to 1: each phase holds a soft band of the grey levels."""
    edges = torch.quantile(values.flatten(), draw.uniform(0, 1, PHASES - 1).sort().values)
    width = draw.log_uniform(0.02, 0.2, PHASES - 1)
    above = torch.sigmoid((values[None] - edges[:, None, None]) * 4 / width[:, None, None])
    above = above.cummin(0).values  # widths differ: a higher level never begins before a lower one
    whole, none = torch.ones_like(above[:1]), torch.zeros_like(above[:1])
    return torch.cat([whole, above]) - torch.cat([above, none])


def grey_levels(file: Path) -> Floats:
    """Return grey values (H, W), 0 to 1 between the 0.5th and the 99.5th percentile."""
    if file.suffix == ".npy":
        grey = np.load(file).astype(np.float32)
    else:
        from xebra.image import read_image

        grey = np.asarray(read_image(file).gray, np.float32)
    low, high = np.percentile(grey, [0.5, 99.5])
    levels: Floats = np.clip((grey - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)
    return levels
