"""Real pairs with known transforms as cases of the benchmark."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xebra.adaptation.labels import read_labels
from xebra.arrays import Floats
from xebra.benchmark.cases import Case


def read_cases(folder: Path) -> list[Case]:
    """Return the labelled pairs of a folder as cases of the cell ``real``.

    Args:
        folder: holds ``labels.json`` and the images that it names, see :func:`xebra.adaptation.read_labels`.

    Raises:
        LabelsInvalid: the list or an image cannot be read.

    Examples:
        >>> read_cases(Path("nowhere"))
        Traceback (most recent call last):
        ...
        xebra.errors.LabelsInvalid: nowhere holds no labels.json; xebra labels export writes one
    """
    return [
        Case(
            f"real {number:03d}",
            "real",
            _unit(label.fixed),
            _unit(label.moving),
            label.moving_from_fixed,
            ("", ""),
        )
        for number, label in enumerate(read_labels(folder))
    ]


def _unit(image: Floats) -> Floats:
    """Return an image in 0..1, float32."""
    low, high = np.percentile(image, [0.2, 99.8])
    values: Floats = np.clip((image - low) / max(float(high - low), 1e-9), 0, 1).astype(np.float32)
    return values
