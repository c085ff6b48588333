"""Pairs made from single images: two views of one image, whose appearance is changed.

>>> label = single_image(np.random.default_rng(0).random((128, 160), np.float32), "grid 7")
>>> [pair.group for pair in made_pairs(label, 2)]
['grid 7', 'grid 7']
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

from xebra.adaptation.labels import Label, read_labels, write_labels
from xebra.arrays import Floats, Matrix
from xebra.errors import LabelsInvalid
from xebra.image import luminance, read_image
from xebra.label_archive import FILE
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corners, image_center, map_points

PAIRS = 6  # made from each image where there are fewer than 8 pairs
SIDE = (0.4, 0.75)  # of the shorter side: that of a view
LEAST_PX = 96  # the shorter side of an image
ANGLE, SCALE, SHIFT = math.radians(45), 1.33, 0.15  # between the views, either way; shift in sides
TRIES = 200
KNOTS = 6  # of a tone curve


def single_image(pixels: Floats, group: str) -> Label:
    """Return the label of a single image (H, W), from which pairs are made.

    Args:
        pixels: values.
        group: region or acquisition.

    Raises:
        LabelsInvalid: the image is smaller than 96 px.
    """
    if min(pixels.shape) < LEAST_PX:
        rows, columns = pixels.shape
        raise LabelsInvalid(f"{group} is {columns} x {rows} px; pairs are made from {LEAST_PX} px on")
    return Label(pixels, pixels, np.eye(3), "added", group)


def add_images(folder: Path, files: Sequence[Path], group: str | None = None) -> int:
    """Add single images to a folder of labels; return the number of its labels.

    Args:
        folder: is made where it is missing; labels that are there stay.
        files: images of any format that :func:`xebra.read_image` reads.
        group: of all files; by default each file is a group of its own.

    Raises:
        LabelsInvalid: the list in the folder cannot be read, or an image is too small.
        ImageUnreadable: a file is no image.

    Examples:
        >>> add_images(Path("labels"), [Path("grid_7.tif")])  # doctest: +SKIP
        1
    """
    held = read_labels(folder) if (folder / FILE).is_file() else []
    for file in files:
        pixels = np.asarray(luminance(read_image(file).pixels), np.float32)
        held.append(single_image(pixels, group or file.name))
    write_labels(folder, held)
    return len(held)


def made_pairs(label: Label, count: int = PAIRS) -> list[Label]:
    """Return pairs made from a single image; the same image gives the same pairs.

    Args:
        label: a single image.
        count: number of pairs.
    """
    image = _unit(label.fixed)
    random = np.random.default_rng(list(hashlib.sha256(image.tobytes()).digest()))
    return [_made(label, image, random) for _ in range(count)]


def _made(label: Label, image: Floats, random: np.random.Generator) -> Label:
    fixed, moving, matrix = two_views(image, random)
    images = [_recorded(_changed(view, random), random) for view in (fixed, moving)]
    return Label(images[0], images[1], matrix, "added", label.group)


def two_views(image: Floats, random: np.random.Generator) -> tuple[Floats, Floats, Matrix]:
    """Return two square views of an image that lie in it, and moving_from_fixed between them (3 x 3)."""
    middle = np.array(image_center(image.shape))
    for attempt in range(TRIES):
        largest = SIDE[1] + (SIDE[0] - SIDE[1]) * attempt / TRIES
        side = round(random.uniform(SIDE[0], largest) * min(image.shape))
        about = image_center((side, side))
        shift = tuple(random.uniform(-SHIFT, SHIFT, 2) * side)
        scale = float(np.exp(random.uniform(-1, 1) * math.log(SCALE)))
        between = SimilarityTransform(scale, random.uniform(-ANGLE, ANGLE), shift, about).matrix
        place = middle + random.uniform(-0.5, 0.5, 2) * image.shape[::-1] - np.array(about)
        turned = SimilarityTransform(1.0, random.uniform(-math.pi, math.pi), tuple(place), about).matrix
        views = turned, turned @ np.linalg.inv(between)
        if all(_within(image.shape, view, side) for view in views):
            break
    else:  # the middle of the image, not turned
        views = np.eye(3), np.eye(3)
        views[0][:2, 2] = views[1][:2, 2] = middle - np.array(about)
        between = np.eye(3)
    fixed, moving = (resample(image, view, (side, side)) for view in views)
    return fixed, moving, between


def _within(shape: tuple[int, ...], image_from_view: Matrix, side: int) -> bool:
    seen = map_points(image_from_view, corners((side, side)))
    return bool((seen >= 0).all() and (seen <= np.array(shape[1::-1]) - 1).all())


def _changed(view: Floats, random: np.random.Generator) -> Floats:
    """Return a view as another contrast might show it: a random tone curve, outlines mixed in."""
    curve = random.uniform(0, 1, KNOTS)
    if random.random() < 0.5:  # half of the contrasts keep the order of the grey levels, or reverse it
        curve = np.sort(curve)[:: int(random.choice([-1, 1]))]
    toned = np.interp(view, np.linspace(0, 1, KNOTS), curve)
    outlines = gaussian_gradient_magnitude(view, 1.0)
    share = random.choice([0.0, random.uniform(0, 1)])
    mixed: Floats = toned + share * outlines / max(float(outlines.max()), 1e-9)
    return mixed


def _recorded(view: Floats, random: np.random.Generator) -> Floats:
    """Return a view with blur and noise."""
    blurred = _unit(gaussian_filter(view, random.uniform(0, 1.2)))
    noisy: Floats = blurred + random.normal(0, random.uniform(0.01, 0.12), view.shape)
    return noisy.astype(np.float32)


def _unit(image: Floats) -> Floats:
    low, high = np.percentile(image, [0.5, 99.5])
    values: Floats = np.clip((image - low) / max(float(high - low), 1e-9), 0, 1).astype(np.float32)
    return values
