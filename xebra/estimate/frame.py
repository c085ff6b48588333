"""An image made ready for a network: square, a fixed number of px, with the way back to its own px."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.image import Image
from xebra.resample import shrunk
from xebra.transform import image_center


@dataclass(frozen=True)
class Frame:
    """A square view of ``size`` px, centred on the image and ``step`` image px per network px."""

    pixels: np.ndarray  # (h, w) float32, the image at about the network's resolution
    image_from_pixels: np.ndarray  # 3 x 3, px of ``pixels`` to px of the image
    center: tuple[float, float]  # of the image, in its own px
    step: float
    size: int

    @property
    def image_from_network(self) -> np.ndarray:
        """3 x 3: px of the network's input to px of the image; centre goes to centre."""
        middle = (self.size - 1) / 2
        x, y = self.center[0] - self.step * middle, self.center[1] - self.step * middle
        return np.array([[self.step, 0, x], [0, self.step, y], [0, 0, 1]])

    def view(self, network_from_view: np.ndarray | None = None) -> np.ndarray:
        """(1, 1, N, N) float32: the image through a 3 x 3 transform of network px; its mean where it ends."""
        through = np.eye(3) if network_from_view is None else network_from_view
        matrix = np.linalg.inv(self.image_from_pixels) @ self.image_from_network @ through
        values = ndimage.affine_transform(
            self.pixels,
            matrix[1::-1, 1::-1],  # scipy counts (row, column)
            matrix[1::-1, 2],
            output_shape=(self.size, self.size),
            order=1,
            mode="constant",
            cval=float(self.pixels.mean()),
        )
        return values[None, None]


def frame(image: Image, size: int, step: float | None = None) -> Frame:
    """Frame an image so that its longer side fills ``size`` px, or at ``step`` image px per network px."""
    step = step or max(image.shape[:2]) / size
    longest = max(1, round(max(image.shape[:2]) / max(step, 1.0)))
    pixels, image_from_pixels = shrunk(image.gray, longest)
    return Frame(pixels, image_from_pixels, image_center(image.shape), step, size)


def frame_pair(fixed: Image, moving: Image, size: int) -> tuple[Frame, Frame]:
    """Frame both; where both pixel spacings are known, at one physical scale."""
    first = frame(fixed, size)
    if fixed.pixel_spacing is None or moving.pixel_spacing is None:
        return first, frame(moving, size)
    return first, frame(moving, size, first.step * fixed.pixel_spacing / moving.pixel_spacing)
