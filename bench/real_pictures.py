"""Draw figures of real serial sections and real neighbouring frames, before and after registration.

./dev bench real_pictures [--sections DIR] [--planes FILE] [--out docs]

--sections DIR  PNG files of serial sections of one size that are registered with each other, sorted by name:
                iso.03490.png, iso.03492.png ... iso.03590.png in validation_sample/grayscale_maps of
                github.com/janelia-flyem/neuroproof_examples.
                Each is displaced by a known shift and rotation, and the second one bent, before it is
                registered: the sections are real, the displacement is simulated
--planes FILE   tests/files/image sun.im of github.com/zanpeeters/sims: two planes of 256 x 256 px of a
                NanoSIMS recording, registered as recorded

Writes sections.png and frames.png, and prints the errors of the sections.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from scipy import ndimage
from support.series import pose

import xebra
from xebra.arrays import Floats
from xebra.picture import Picture, coloured, stretched
from xebra.resample import resample
from xebra.transform import corner_error

DPI, TITLE = 120, 9  # points
SHIFT_PX, TURN_DEG, BEND_PX, SMOOTH_PX = 5.0, 1.0, 4.0, 45.0  # standard deviations, of the sections
PADDING = 40  # px around a section, for its displacement
PLANES = (
    2,
    6,
    256,
    256,
)  # planes, signals, rows, columns of the NanoSIMS file; the values are its last bytes
ELECTRONS = 5  # secondary electrons
SEED = 1629


def bent(image: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return an image through a smooth field, and where its px came from (H, W, 2)."""
    smooth = [ndimage.gaussian_filter(rng.normal(size=image.shape), SMOOTH_PX, mode="wrap") for _ in "xy"]
    field = np.stack(smooth, -1) * BEND_PX / np.sqrt(sum((each**2).mean() for each in smooth))
    rows, columns = np.indices(image.shape)
    points = np.stack([columns, rows], -1) + field
    return ndimage.map_coordinates(image, (points[..., 1], points[..., 0]), order=1, mode="reflect"), points


def distance(found: xebra.Registration, points: Floats, similarity: bool) -> float:
    """Return the median distance in px from where px of the bent image are found to where they came from."""
    edge = slice(40, -40, 8)
    rows, columns = np.indices(points.shape[:2])[:, edge, edge]
    there = np.stack([columns.ravel(), rows.ravel()], 1).astype(float)
    straight = there @ found.fixed_from_moving[:2, :2].T + found.fixed_from_moving[:2, 2]
    back = straight if similarity else found.to_fixed(there)
    return float(np.median(np.hypot(*(back - points[edge, edge].reshape(-1, 2)).T)))


def sections(folder: Path, out: Path) -> None:
    """Draw a pair of neighbouring sections, and a cut through all of them."""
    rng = np.random.default_rng(SEED)
    images = [np.asarray(Image.open(file), np.float32) for file in sorted(folder.glob("*.png"))]
    moving, points = bent(images[1], rng)
    found = xebra.register(images[0], moving, model="auto")
    straight = xebra.register(images[0], moving)
    errors = [distance(found, points, similarity) for similarity in (True, False)]
    print(f"pair: {found.transform_model}, similarity {errors[0]:.2f} px, field {errors[1]:.2f} px")
    figure = Picture(figsize=(9.6, 4.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.75, 1])
    panels = top.subplots(1, 4)
    _show(panels[0], "two sections, displaced", _overlay(images[0], moving))
    _show(panels[1], "registered, similarity", _overlay(images[0], straight.registered))
    _show(panels[2], "registered, field", _overlay(images[0], found.registered))
    magnitude = panels[3].imshow(np.hypot(*np.moveaxis(found.displacement, -1, 0)), cmap="viridis")
    _show(panels[3], "magnitude of the field (px)", None)
    top.colorbar(magnitude, ax=panels[3], shrink=0.62).ax.tick_params(labelsize=8)
    displaced, truth = displace(images, rng)
    level = np.zeros(len(displaced))  # without a tilt: each section is compared with its neighbours only
    series = xebra.register_series(displaced, model="rigid", tilts=level)
    steps, known = (_steps(each) for each in (series.first_from_frame, truth))
    left = [corner_error(step, true, displaced.shape[1:]) for step, true in zip(steps, known, strict=True)]
    print(f"series: {series.fits.sum()} of {len(displaced)} fit; section on the one before:")
    print(f"{np.median(left):.2f} px, worst {np.max(left):.2f} px from the published alignment")
    line = displaced.shape[1] // 2
    columns = slice(PADDING, -PADDING)
    cuts = displaced[:, line, columns], np.asarray(series.aligned())[:, line, columns]
    for panel, title, cut in zip(bottom.subplots(1, 2), ("displaced", "registered"), cuts, strict=True):
        _show(panel, f"cut across {len(images)} sections, {title}", cut)
        panel.set_aspect(2)  # the sections lie 2 px apart
        panel.set_xlabel("x", fontsize=TITLE)
        panel.set_ylabel("section", fontsize=TITLE)
    figure.savefig(out / "sections.png", dpi=DPI)


def displace(images: list[Floats], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return sections after random shifts and rotations, and first_from_frame (N, 3, 3)."""
    side = len(images[0])
    poses = [pose(rng.normal(0, SHIFT_PX, 2), rng.normal(0, TURN_DEG), 1, side) for _ in images]
    inner = pose(np.full(2, PADDING), side=side)  # from px of a section to those of the padded one
    moved = [
        resample(np.pad(each, PADDING, "reflect"), inner @ where, each.shape)
        for each, where in zip(images, poses, strict=True)
    ]
    return np.stack(moved), np.linalg.inv(poses[0]) @ np.stack(poses)


def _steps(first_from_frame: Floats) -> Floats:
    """Return the transform (N - 1, 3, 3) from each frame to the one before."""
    return np.linalg.inv(first_from_frame[:-1]) @ first_from_frame[1:]


def planes(file: Path, out: Path) -> None:
    """Draw both planes of a NanoSIMS recording, and their difference before and after."""
    count = int(np.prod(PLANES))
    values = np.fromfile(file, ">u2", count, offset=file.stat().st_size - 2 * count).reshape(PLANES)
    first, second = values[:, ELECTRONS].astype(np.float32)
    series = xebra.register_series(np.stack([first, second]), model="translation")
    print(f"planes: shift {series.shift_px[1].round(2).tolist()} px, standard error {series.error_px[1]:.2f}")
    after = np.asarray(series.aligned("cubic"))
    shown = slice(4, -4)
    figure = Picture(figsize=(9.6, 2.9), layout="constrained")
    panels = figure.subplots(1, 4)
    for panel, number, image in zip(panels, (1, 2), (first, second), strict=False):
        _show(panel, f"plane {number}", stretched(image[shown, shown]))
    differences = [(pair[1] - pair[0])[shown, shown] for pair in ((first, second), after)]
    limit = float(np.percentile(np.abs(differences[0]), 99))
    for panel, title, each in zip(panels[2:], ("before", "after"), differences, strict=True):
        drawn = panel.imshow(each, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
        rms = float(np.sqrt((each**2).mean()))
        _show(panel, f"{title}: RMS {rms:.0f} counts", None)
    bar = figure.colorbar(drawn, ax=panels[3], shrink=0.8)
    bar.set_label("plane 2 - plane 1 (counts)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    figure.savefig(out / "frames.png", dpi=DPI)


def _overlay(fixed: Floats, moving: Floats) -> Floats:
    """Return fixed in magenta and moving, which is 0 outside, in green: gray where equal."""
    return coloured(stretched(fixed), stretched(moving, moving > 0), "magenta-green")


def _show(panel: Axes, title: str, image: Floats | None) -> None:
    if image is not None:
        panel.imshow(image, cmap="gray", interpolation="nearest")
    panel.set_title(title, fontsize=TITLE)
    panel.set_xticks([])
    panel.set_yticks([])


def main() -> None:
    """Draw the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", type=Path)
    parser.add_argument("--planes", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    chosen = parser.parse_args()
    if chosen.sections:
        sections(chosen.sections, chosen.out)
    if chosen.planes:
        planes(chosen.planes, chosen.out)


if __name__ == "__main__":
    main()
