"""Masks of users: which pixels of an image may be used for its registration."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xebra import image_files
from xebra.arrays import Mask, Pixels
from xebra.errors import ImageUnreadable, MaskInvalid

LEAST_PX = 1024  # usable pixels: a square of 32 px


def check_mask(name: str, mask: Mask, pixels: Pixels) -> None:
    """Raise MaskInvalid where a mask does not fit pixels (H, W, ...), or leaves too few of them."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise MaskInvalid(
            f"{name}: a mask of type {kind} is not taken. Give booleans, for example mask != 0."
        )
    if mask.shape != pixels.shape[:2]:
        raise MaskInvalid(
            f"{name}: the mask has the shape {mask.shape}, the image has {pixels.shape[:2]}. "
            "Give one value for each pixel of the image."
        )
    usable = np.count_nonzero(mask)
    if usable < LEAST_PX:
        raise MaskInvalid(
            f"{name}: the mask leaves {usable} px, and at least {LEAST_PX} are needed. "
            "True (non-zero) is where pixels may be used: is the mask inverted?"
        )
    values = pixels[mask]
    if not (values != values[0]).any():
        raise MaskInvalid(
            f"{name}: every pixel that the mask leaves has the same value. Leave more of the image."
        )


def read_mask(path: str | Path) -> Mask:
    """Return the mask (H, W) bool of a PNG or TIFF file: True where any colour is not zero.

    Raises ImageUnreadable or ImageUnusable; the message names the file and the reason.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            pixels = image_files.read(file, path.name, path=path).pixels
    except FileNotFoundError as error:
        raise ImageUnreadable(f"{path}: there is no such file.") from error
    mask: Mask = pixels != 0 if pixels.ndim == 2 else (pixels[..., :3] != 0).any(-1)
    return mask
