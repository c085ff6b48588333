"""Small pictures of the frames of a series."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow

from xebra.arrays import Pixels
from xebra.image import luminance
from xebra.series.frame import binned

SIDE_PX = 160
QUALITY = 80
SAMPLE = 4  # every 4th px gives the range of grey values


def jpeg(pixels: Pixels) -> bytes:
    """Return a JPEG of at most 160 px a side, its grey values stretched between percentiles."""
    grey = np.nan_to_num(np.asarray(luminance(pixels), np.float32), posinf=0, neginf=0)
    small = binned(grey, -(-max(grey.shape) // SIDE_PX))
    low, high = np.percentile(small[::SAMPLE, ::SAMPLE], [0.5, 99.5])
    shown = np.clip((small - low) * (255 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(shown).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
