"""The second attempt at an uncertain pair sends the server more inputs than one batch holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from xebra.align import Aligner
from xebra.transform import corner_error


@pytest.fixture(scope="module")
def unrelated() -> list[np.ndarray]:
    """Return images of two unrelated specimens."""
    random = np.random.default_rng(3)
    return [ndimage.gaussian_filter(random.normal(size=(128, 128)), 3).astype(np.float32) for _ in range(2)]


def test_result_of_unrelated_images_equals_that_of_the_embedded_engine(triton_url: str, unrelated) -> None:
    served, embedded = (Aligner(url).register(*unrelated) for url in (triton_url, None))
    assert served.verdict == embedded.verdict != "accept"
    transforms = served.fixed_from_moving, embedded.fixed_from_moving
    assert (
        corner_error(*transforms, embedded.fixed.shape) < 0.1
    )  # without a peak, rounding errors move the optimum
