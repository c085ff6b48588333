"""Types of arrays, named by what they hold; the docstrings that use them state shapes and units."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[Any]  # values of an image in the type of its file: ``xebra.image.DTYPES``
Mask: TypeAlias = NDArray[np.bool_]  # (H, W), True where a pixel counts; also other truth values
Floats: TypeAlias = NDArray[np.floating]  # computed values, float32 or float64
Complexes: TypeAlias = NDArray[np.complexfloating]  # spectra
Number: TypeAlias = float | np.floating  # one value; of an array: in its precision, which arithmetic keeps
Integers: TypeAlias = NDArray[np.integer]  # indices, counts and labels
Matrix: TypeAlias = NDArray[np.floating]  # 3 x 3 of points (x, y, 1), or a covariance
