"""Files that hold several images of one specimen, made from the bundled pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from support.instrument_files import DigitalMicrograph
from xebra import read_image, sample

NAMES = ("Absorption", "Phase", "Scatter")


def channels(path: Path, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """Write an OME-TIFF whose second channel is the bundled moving image; return its channels."""
    moving = read_image(sample.MOVING).pixels
    flat = np.linspace(1, 200, moving.size).reshape(moving.shape).astype(moving.dtype)
    others = [np.roll(moving, 7 * number, 1) for number in range(len(names) - 2)]
    stack = np.stack([flat, moving, *others])
    tifffile.imwrite(path, stack, ome=True, metadata={"axes": "CYX", "Channel": {"Name": list(names)}})
    return stack


def dm4(path: Path, source: Path = sample.FIXED) -> Path:
    """Write one of the bundled images as DigitalMicrograph does."""
    pixels = read_image(source).pixels.astype(np.float64)
    levels = ((pixels - pixels.min()) / np.ptp(pixels) * 60_000).astype(np.uint16)
    path.write_bytes(DigitalMicrograph(4).file(levels, 0.5, "µm"))
    return path


def stack(path: Path, frames: int = 4) -> np.ndarray:
    """Write a stack in which only frame 2 is the bundled moving image; return its frames."""
    moving = read_image(sample.MOVING).pixels
    found = np.stack([moving if frame == 2 else np.flipud(moving) for frame in range(frames)])
    tifffile.imwrite(
        path, found, imagej=found.dtype in (np.uint8, np.uint16, np.float32), metadata={"axes": "ZYX"}
    )
    return found


ELEMENTS = ("Fe Ka", "Ni Ka", "Cu Ka", "Al Ka", "Si Ka", "O Ka", "C Ka", "Mn Ka", "Cr Ka", "Ti Ka")


def element_maps(path: Path) -> dict[str, np.ndarray]:
    """Write an electron image, the bundled moving one, and ten maps of the same scan; return all by name."""
    haadf = read_image(sample.MOVING).pixels
    random = np.random.default_rng(11)
    maps = {name: random.poisson(haadf / haadf.max() * 9).astype(haadf.dtype) for name in ELEMENTS}
    found = {"HAADF": haadf, **maps}
    metadata = {"axes": "CYX", "Channel": {"Name": list(found)}}
    tifffile.imwrite(path, np.stack(list(found.values())), ome=True, metadata=metadata)
    return found
