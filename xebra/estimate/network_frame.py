"""Square network inputs of fixed size, with the transform back to image pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix, Pixels
from xebra.image import Image
from xebra.resample import shrunk
from xebra.transform import image_center


@dataclass(frozen=True)
class NetworkFrame:
    """A square view of ``size`` px, centred on the image, at ``step`` image px per network px."""

    pixels: Pixels  # (h, w) float32, the image at about the network's resolution
    image_from_pixels: Matrix  # 3 x 3, px of ``pixels`` to px of the image
    center: tuple[float, float]  # of the image, in its own px
    step: float
    size: int

    @property
    def image_from_network(self) -> Matrix:
        """3 x 3 from px of the network's input to px of the image; the centres coincide."""
        middle = (self.size - 1) / 2
        x, y = self.center[0] - self.step * middle, self.center[1] - self.step * middle
        return np.array([[self.step, 0, x], [0, self.step, y], [0, 0, 1]])

    def view(self, network_from_view: Matrix | None = None) -> Floats:
        """Return the view (1, 1, N, N) float32 through a 3 x 3 of network px; the mean outside the image."""
        network_from_view = np.eye(3) if network_from_view is None else network_from_view
        matrix = np.linalg.inv(self.image_from_pixels) @ self.image_from_network @ network_from_view
        values = ndimage.affine_transform(
            self.pixels,
            matrix[1::-1, 1::-1],  # scipy's coordinates are (row, column)
            matrix[1::-1, 2],
            output_shape=(self.size, self.size),
            order=1,
            mode="constant",
            cval=float(self.pixels.mean()),
        )
        return values[None, None]


def frame_image(image: Image, size: int, step: float | None = None) -> NetworkFrame:
    """Return the frame in which the longer side has ``size`` px, or with ``step`` image px per network px."""
    step = step or max(image.shape[:2]) / size
    longest = max(1, round(max(image.shape[:2]) / max(step, 1.0)))
    pixels, image_from_pixels = shrunk(image.gray, longest)
    return NetworkFrame(pixels, image_from_pixels, image_center(image.shape), step, size)


def frame_pair(fixed: Image, moving: Image, size: int) -> tuple[NetworkFrame, NetworkFrame]:
    """Return the frames of both images, at one physical scale where both pixel spacings are known."""
    fixed_frame = frame_image(fixed, size)
    if fixed.pixel_spacing is None or moving.pixel_spacing is None:
        return fixed_frame, frame_image(moving, size)
    step = fixed_frame.step * fixed.pixel_spacing / moving.pixel_spacing
    return fixed_frame, frame_image(moving, size, step)
