"""A pair that the first attempt is not sure of asks the server far more than one batch holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from xebra.align import Aligner
from xebra.transform import corner_error


@pytest.fixture(scope="module")
def unrelated() -> list[np.ndarray]:
    """Two specimens that have nothing in common."""
    random = np.random.default_rng(3)
    return [ndimage.gaussian_filter(random.normal(size=(128, 128)), 3).astype(np.float32) for _ in range(2)]


def test_unrelated_images_are_answered_as_the_embedded_engine_answers(triton_url: str, unrelated) -> None:
    served, embedded = (Aligner(url).register(*unrelated) for url in (triton_url, None))
    assert served.verdict == embedded.verdict != "accept"
    transforms = served.fixed_from_moving, embedded.fixed_from_moving
    assert corner_error(*transforms, embedded.fixed.shape) < 0.1  # where no peak is, last bits move a simplex
