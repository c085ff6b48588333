"""Compare the errors with the Cramer-Rao bound: ./dev bench bound [PAIRS]

Two views of one smooth random field, the moving one slightly rotated, scaled and shifted, each with white
Gaussian noise of its own. No unbiased estimate has a smaller variance than the bound (Robinson and Milanfar,
IEEE Trans. Image Process. 13, 1185, 2004); noise in both images adds up as in their difference.
Prints the root mean square error over the bound, for each parameter and noise.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy import ndimage
from tables import markdown

import xebra
from xebra.transform import SimilarityTransform, image_center

SEED = 3
SIDE = 256
DETAIL_PX = 2.0  # sigma of the field's blur
MARGIN = 40
NOISE = (0.1, 0.3, 1.0)  # standard deviation over that of the field
NAMES = ("shift x", "shift y", "angle", "scale")


def field(rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random field of unit deviation, larger than a view."""
    rough = rng.normal(size=(SIDE + 2 * MARGIN,) * 2)
    smooth = ndimage.gaussian_filter(rough, DETAIL_PX, mode="wrap")
    return smooth / smooth.std()


def seen(of: np.ndarray, fixed_from_view: np.ndarray) -> np.ndarray:
    """Return a view of the field through a 3 x 3 transform, by splines of fifth order."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x, y, _ = fixed_from_view @ np.stack([columns.ravel(), rows.ravel(), np.ones(SIDE * SIDE)])
    return ndimage.map_coordinates(of, [y + MARGIN, x + MARGIN], order=5).reshape(SIDE, SIDE)


def bound(view: np.ndarray, noise: float) -> np.ndarray:
    """Return the smallest standard deviation (4,) of shift x, shift y (px), angle (rad), log scale."""
    dy, dx = np.gradient(view)
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    slopes = np.stack([dx, dy, dy * columns - dx * rows, dx * columns + dy * rows]).reshape(4, -1)
    information = slopes @ slopes.T / (2 * noise**2)
    return np.sqrt(np.diag(np.linalg.inv(information)))


def ratio(noise: float, pairs: int) -> np.ndarray:
    """Return the root mean square error over the root mean square bound, (4,)."""
    rng = np.random.default_rng(SEED)
    errors, bounds = [], []
    for _ in range(pairs):
        of = field(rng)
        x, y = rng.uniform(-6, 6, 2)
        angle, log_scale = math.radians(rng.uniform(-3, 3)), rng.uniform(-0.03, 0.03)
        truth = SimilarityTransform(math.exp(log_scale), angle, (x, y), image_center((SIDE, SIDE)))
        fixed, moving = seen(of, np.eye(3)), seen(of, truth.matrix)
        bounds.append(bound(fixed, noise))
        noisy = [view + noise * rng.normal(size=view.shape) for view in (fixed, moving)]
        found = xebra.register(*noisy)
        turned = math.radians(found.angle_deg) - angle
        errors.append([*np.subtract(found.shift_px, (x, y)), turned, math.log(found.scale) - log_scale])
    return np.sqrt(np.mean(np.square(errors), 0) / np.mean(np.square(bounds), 0))


def main() -> None:
    """Run the command."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    rows = [[f"{noise:g}", *(f"{r:.1f}" for r in ratio(noise, pairs))] for noise in NOISE]
    print(f"{pairs} pairs of {SIDE} x {SIDE} px each; error over the Cramer-Rao bound\n")
    print(markdown(["noise over signal", *NAMES], rows))


if __name__ == "__main__":
    main()
