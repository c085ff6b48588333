"""A decoded image is read again as it was read from its file."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xebra import decoded
from xebra.image import DTYPES, Image, read_image
from xebra.image_files import write_tiff

SHAPES = st.tuples(st.integers(2, 40), st.integers(2, 40)) | st.tuples(
    st.integers(2, 40), st.integers(2, 40), st.sampled_from([3, 4])
)
SPACINGS = st.none() | st.floats(1e-3, 1) | st.tuples(st.floats(1e-3, 1), st.floats(1e-3, 1))


def from_file(pixels: np.ndarray, spacing: float | tuple[float, float] | None) -> tuple[Image, io.BytesIO]:
    file = io.BytesIO()
    write_tiff(file, pixels, spacing)
    return read_image(file, name="a.tif"), file


@given(SHAPES, st.sampled_from([kind for kind in DTYPES if kind != "float16"]), SPACINGS)
def test_image_is_the_same(shape, dtype, spacing):
    pixels = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    image, _ = from_file(pixels, spacing)
    again = decoded.load(decoded.dump(image), image.name, image.sha256)
    np.testing.assert_array_equal(again.pixels, image.pixels)
    for name in ("name", "sha256", "selected", "pixel_spacing", "spacing_source", "spacing_axes"):
        assert getattr(again, name) == getattr(image, name), name
    assert (again.pixels.dtype, again.pixels.flags.writeable) == (image.pixels.dtype, False)


@pytest.mark.parametrize("given_um", [None, 0.3])
def test_given_pixel_spacing_overrides_that_of_the_file(given_um):
    image, file = from_file(np.arange(64.0).reshape(8, 8), (0.1, 0.2))
    again = decoded.load(decoded.dump(image), image.name, image.sha256, given_um)
    same = read_image(file, name="a.tif", pixel_spacing=given_um)
    for name in ("pixel_spacing", "spacing_source", "pixel_spacing_xy"):
        assert getattr(again, name) == getattr(same, name), name
