"""Draw the pair in ``xebra.sample``."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch

from xebra.arrays import Floats
from xebra.image_files import write_tiff
from xebra.sample import FIXED, FOLDER, MOVING, TRUTH
from xebra.specimen.instruments import backscattered_electrons, fluorescence
from xebra.specimen.pairs import PairSource, Range
from xebra.training.config import SAMPLE_SEED
from xebra.transform import SimilarityTransform, image_center

SPECIMEN = 9  # chosen by eye out of 16
SIDE, SPACING_UM = 256, 0.05


def write_sample() -> Path:
    """Write both images (16 bit, with pixel spacing) and the truth; return the folder."""
    source = PairSource(SAMPLE_SEED + 10 * SPECIMEN, size=SIDE, pool=1, renew=False)
    pair = source.batch(1, Range(), contrasts=(backscattered_electrons, fluorescence))
    angle, log_scale, x, y = pair.parameters[0].tolist()
    truth = SimilarityTransform(math.exp(log_scale), angle, (x * SIDE, y * SIDE), image_center((SIDE, SIDE)))
    # The moving image has no pixel spacing, so that its scale is estimated.
    for path, image, spacing in ((FIXED, pair.fixed, SPACING_UM), (MOVING, pair.moving, None)):
        write_tiff(path, _to_uint16(image[0, 0]), spacing)
    known = {
        "fixed_from_moving": truth.matrix.tolist(),
        "scale": truth.scale,
        "angle_deg": math.degrees(angle),
        "shift_px": list(truth.translation),
    }
    TRUTH.write_text(json.dumps(known, indent=2) + "\n")
    return FOLDER


def _to_uint16(image: torch.Tensor) -> Floats:
    """Return an image (H, W) scaled to 0..65535."""
    low, high = image.min(), image.max()
    return ((image - low) / (high - low) * 65535).round().numpy().astype(np.uint16)
