"""Labelled pairs cut from real images: right answers known, or none; specimens in two halves.

The halves share no specimen: thresholds are chosen on ``CHOOSE`` and certified on ``CERTIFY``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tifffile
from cases import MAKE_CASES
from scipy import ndimage
from trained import is_held_out

from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.specimen.split import half_of, is_ambiguous, specimen_of
from xebra.transform import SimilarityTransform, image_center

OVERLAYS = ("data_bar", "legend", "padding", "field_stop")
MIN_SIDE = 128
UNRELATED = ("different", "apart", "mirrored")
VIEW_SIDE = 256  # px
MEAN_SIDE = 0.65  # of the shorter side: what ``make_cases.py`` cuts on average
IDENTITY = np.eye(3)
TRUTH = Path(__file__).with_name("truth.json")  # by truth.py: px of the recording


@dataclass(frozen=True)
class RealImages:
    """Micrographs (name -> (H, W) float32) and pairs of modalities (name -> two of them) of one half."""

    folder: Path
    singles: dict[str, np.ndarray]
    pairs: dict[str, tuple[np.ndarray, np.ndarray]]


def read_half(data: Path, half: int, trained: bool = False) -> RealImages:
    """Return the images of one half of the specimens in a data folder.

    Without those of specimens that the default network was trained on, unless ``trained``.
    """
    files = [f for f in sorted(data.glob("*/*.tif")) if not is_ambiguous(f.stem)]
    chosen = half_of((f.stem for f in files), half)
    files = [f for f in files if specimen_of(f.stem) in chosen and (trained or is_held_out(f.stem))]
    images = {f.stem: tifffile.imread(f).astype(np.float32) for f in files}
    images = {name: image for name, image in images.items() if min(image.shape) >= MIN_SIDE}
    pairs = {
        name.removesuffix("_fixed"): (images[name], images[name.replace("_fixed", "_moving")])
        for name in images
        if name.endswith("_fixed")
    }
    singles = {name: image for name, image in images.items() if not name.endswith(("_fixed", "_moving"))}
    return RealImages(data, singles, pairs)


def truth_px(images: RealImages, name: str, side: float | None = None) -> float:
    """Return the uncertainty of a pair's truth in px at 256, for a view of ``side`` px of the recording."""
    if name not in images.pairs:
        return 0.0  # both views are cut from one image
    recorded = json.loads(TRUTH.read_text()) if TRUTH.is_file() else {}
    if name not in recorded:
        raise SystemExit(
            f"The truth of {name} is not verified: run ./dev bench truth --data DIR --write first"
        )
    side = side or MEAN_SIDE * min(images.pairs[name][0].shape)
    return float(recorded[name] * VIEW_SIDE / side)


def cut_views(images: RealImages, seed: int, per_cell: int, overlays: bool) -> Iterator[LabelledPair]:
    """Yield 256 x 256 pairs as ``make_cases.py`` cuts them, then each with one overlay on both images."""
    with tempfile.TemporaryDirectory(prefix="xebra-pairs-") as folder:
        data, plain, drawn = (Path(folder) / name for name in ("data", "plain", "drawn"))
        _link(images, data)
        options = ["--seed", str(seed), "--per-level", str(per_cell)]
        _run(MAKE_CASES, data, plain, *options)
        yield from (_read(file, images) for file in sorted(plain.glob("*.npz")))
        if overlays:
            _run(MAKE_CASES.with_name("instrument_cases.py"), "overlays", plain, drawn)
            for number, file in enumerate(sorted(plain.glob("*.npz"))):
                yield _read(drawn / f"{OVERLAYS[number % len(OVERLAYS)]}_{file.name}", images)


def left_between(data: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the 3 x 3 from the first to the second recording of a pair: the rest that ``data`` states."""
    file = data / "offsets.json"
    for beginning, rest in (json.loads(file.read_text()) if file.is_file() else {}).items():
        if name.startswith(beginning):
            shift, angle = (rest["dx"], rest["dy"]), np.radians(rest["rot_deg"])
            return SimilarityTransform(rest["scale"], angle, shift, image_center(shape)).matrix
    return np.eye(3)


def own_resolution(images: RealImages, seed: int, count: int) -> Iterator[LabelledPair]:
    """Yield pairs of one and of two modalities alternately, at the pixel size of their recording."""
    rng = np.random.default_rng(seed)
    singles = [(name, "mono", image, image) for name, image in images.singles.items()]
    pairs = [(name, "multi", *pair) for name, pair in images.pairs.items()]
    made = 0
    while made < count:
        group = singles if made % 2 else pairs
        name, kind, first, second = group[rng.integers(len(group))]
        rest = left_between(images.folder, name, first.shape) if kind == "multi" else np.eye(3)
        pair = _cut(name, kind, first, second, rng, rest) if min(first.shape) >= VIEW_SIDE else None
        if pair is not None:
            made += 1
            yield replace(pair, truth_px=truth_px(images, name, max(pair.fixed.shape)))


def without_answer(images: RealImages, kind: str, seed: int, count: int, side: int | None) -> Iterator:
    """Yield pairs that no transform aligns; ``side``: shrink the images to this longer side.

    ``different``: two specimens; ``apart``: opposite ends of one image; ``mirrored``: one image reflected.
    """
    rng = np.random.default_rng(seed)
    views = {**images.singles, **{f"{n}/{i}": p[i] for n, p in images.pairs.items() for i in (0, 1)}}
    couples = [(name, image, image) for name, image in images.singles.items()]
    couples += [(name, *pair) for name, pair in images.pairs.items()]
    draw = {"different": _different, "apart": _apart, "mirrored": _mirrored}[kind]
    made = 0
    while made < count:
        pair = draw(views if kind == "different" else couples, rng)
        if pair is not None:
            made += 1
            name, fixed, moving = pair
            yield LabelledPair(
                _expose(_shrunk(fixed, side), rng), _expose(_shrunk(moving, side), rng), None, kind, name
            )


def _different(views: dict[str, np.ndarray], rng: np.random.Generator) -> tuple | None:
    first, second = (list(views)[i] for i in rng.integers(len(views), size=2))
    if specimen_of(first) == specimen_of(second):
        return None
    fixed, moving = _part(views[first], rng), _part(views[second], rng)
    if min(*fixed.shape, *moving.shape) < MIN_SIDE:
        return None
    if rng.random() < 0.5:  # half of them of one shape, as from one detector
        side = min(*fixed.shape, *moving.shape)
        fixed, moving = fixed[:side, :side], moving[:side, :side]
    return f"{first} {second}", fixed, moving


def _apart(couples: list[tuple], rng: np.random.Generator) -> tuple | None:
    name, first, second = couples[rng.integers(len(couples))]
    if first.shape[0] > first.shape[1]:
        first, second = first.T, second.T
    side = min(first.shape[0], first.shape[1] // 2 - 2)
    if side < MIN_SIDE:
        return None
    return name, first[:side, :side], second[-side:, -side:]


def _mirrored(couples: list[tuple], rng: np.random.Generator) -> tuple | None:
    name, first, second = couples[rng.integers(len(couples))]
    turned = ndimage.rotate(second, rng.uniform(-30, 30), reshape=False, order=1, mode="reflect")
    return name, first, np.ascontiguousarray(turned[:, ::-1])


def _part(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = (int(side * rng.uniform(0.6, 1)) for side in image.shape)
    top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
    return image[top : top + height, left : left + width]


def _cut(
    name: str, kind: str, first: np.ndarray, second: np.ndarray, rng, second_from_first: np.ndarray = IDENTITY
) -> LabelledPair | None:
    """Return two views of ``first`` and ``second``, the second transformed by a drawn similarity."""
    side = int(min(first.shape) * rng.uniform(0.55, 0.8))
    x, y = (rng.uniform(0, length - side) for length in first.shape[::-1])
    image_from_fixed = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    scale, angle = np.exp(rng.uniform(-0.3, 0.3)), np.radians(rng.uniform(-45, 45))
    shift = tuple(rng.uniform(-0.15, 0.15, 2) * side)
    moving_from_fixed = SimilarityTransform(scale, angle, shift, image_center((side, side))).matrix
    fixed = view(first, image_from_fixed, side)
    second_from_moving = second_from_first @ image_from_fixed @ np.linalg.inv(moving_from_fixed)
    moving = view(second, second_from_moving, side)
    if fixed.std() < 0.1 * first.std() or moving.std() < 0.1 * second.std():
        return None
    moving = _expose(moving, rng) if kind == "mono" else stretched(moving)
    return LabelledPair(stretched(fixed), moving, moving_from_fixed, kind, name)


def view(image: np.ndarray, image_from_view: np.ndarray, side: int) -> np.ndarray:
    """Return a view (side, side) of an image, smoothed where it is binned."""
    step = np.sqrt(abs(np.linalg.det(image_from_view[:2, :2])))
    if step > 1:
        image = ndimage.gaussian_filter(image, 0.5 * np.sqrt(step**2 - 1))
    matrix, offset = image_from_view[1::-1, 1::-1], image_from_view[1::-1, 2]
    return ndimage.affine_transform(image, matrix, offset, (side, side), order=1, mode="reflect")


def _shrunk(image: np.ndarray, side: int | None) -> np.ndarray:
    ratio = 1 if side is None else max(image.shape) / side
    if ratio <= 1:
        return image
    return ndimage.zoom(ndimage.gaussian_filter(image, 0.5 * np.sqrt(ratio**2 - 1)), 1 / ratio, order=1)


def stretched(image: np.ndarray) -> np.ndarray:
    """Return an image from 0 to 1 between its percentiles 0.5 and 99.5."""
    low, high = np.percentile(image, [0.5, 99.5])
    return np.clip((image - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)


def _expose(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image with another tone curve, contrast, blur and noise."""
    image = stretched(image)
    if rng.random() < 0.7:
        image = image ** np.exp(rng.uniform(np.log(0.5), np.log(2)))
    if rng.random() < 0.3:
        image = 1 - image
    if rng.random() < 0.5:
        image = ndimage.gaussian_filter(image, rng.uniform(0.5, 1.5))
    noise = rng.normal(0, rng.uniform(0, 0.08), image.shape)
    return np.clip(image + noise, 0, 1).astype(np.float32)


def _link(images: RealImages, folder: Path) -> None:
    """Make a data folder that holds the half's files only."""
    for kind in ("pairs", "single"):
        (folder / kind).mkdir(parents=True)
    for name in images.singles:
        (folder / "single" / f"{name}.tif").symlink_to((images.folder / "single" / f"{name}.tif").resolve())
    for name in images.pairs:
        for side in ("fixed", "moving"):
            file = f"{name}_{side}.tif"
            (folder / "pairs" / file).symlink_to((images.folder / "pairs" / file).resolve())
    offsets = images.folder / "offsets.json"
    if offsets.is_file():
        (folder / "offsets.json").symlink_to(offsets.resolve())


def _read(file: Path, images: RealImages) -> LabelledPair:
    held = np.load(file)
    matrix = np.vstack([held["matrix"], [0, 0, 1]])
    kind, source = str(held["kind"]), str(held["source"])
    truth = truth_px(images, source)
    return LabelledPair(held["fixed"], held["moving"], matrix, kind, source, truth)


def _run(*command: object) -> None:
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=sys.stderr)
