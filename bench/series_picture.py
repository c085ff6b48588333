"""Draw the figures of docs/series.md.

./dev bench series_picture [--tilt-series FILE] [--out docs]

series.png: means of a simulated series (20 counts a px, drift, a jump, one empty frame) before and after, and
its drift. series-tilt.png: a tilt series, the sum over x of each frame before and after.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from support.series import empty, pose, recorded, specimen, walk

import xebra
from xebra.arrays import Floats
from xebra.picture import Picture
from xebra.series.source import open_frames

SIDE, FRAMES, COUNTS, JUMP_PX, EMPTY = 256, 60, 20, 25, 22
DPI = 120


def simulated(out: Path) -> None:
    """Draw means and drift of a simulated series."""
    drift = walk(FRAMES, 8, 1.5) + JUMP_PX * (np.arange(FRAMES) >= FRAMES // 2)[:, None]
    poses = [pose(place, 0.02 * n, 1, SIDE) for n, place in enumerate(drift)]
    frames = recorded(poses, 6, COUNTS, SIDE, specimen(6, 2 * SIDE))
    frames[EMPTY] = empty(8, SIDE)
    series = xebra.register_series(frames)
    figure = Picture(figsize=(9.6, 5.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    panels = top.subplots(1, 3)
    for panel, title, image in zip(
        panels,
        ("one frame", "mean of all frames", "mean of the aligned frames"),
        (frames[0], frames.mean(0), series.mean()),
        strict=True,
    ):
        _show(panel, title, image)
    panel = bottom.subplots()
    for place, (name, color) in enumerate((("x", "#1d4f91"), ("y", "#b8138f"))):
        panel.plot(series.shift_px[:, place], ".", color=color, label=f"{name}, measured")
        panel.plot(drift[:, place], color=color, lw=0.8, label=f"{name}, true")
    for number in np.flatnonzero(~series.fits):
        panel.axvline(number, color="#b3261e", lw=1, label="does not fit")
    panel.set_xlabel("frame")
    panel.set_ylabel("shift (px)")
    panel.legend(frameon=False, ncols=5, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.savefig(out / "series.png", dpi=DPI)


def tilt_series(file: Path, out: Path) -> None:
    """Draw the sum over x of the frames of a tilt series about x before and after."""
    with open_frames(str(file)) as frames:
        series = xebra.register_series(frames, reference="mean", model="translation")
        before = np.stack([frame.sum(1) for frame in frames]).T
        after = np.stack([frame.sum(1, dtype=float) for frame in series.aligned("cubic")]).T
        middle = frames[len(frames) // 2]
    print(series.summary())
    figure = Picture(figsize=(9.6, 2.8), layout="constrained")
    panels = figure.subplots(1, 4, width_ratios=[1, 1.3, 1.3, 1.3])
    _show(panels[0], "middle frame", middle)
    for panel, title, image in zip(panels[1:3], ("before", "after"), (before, after), strict=True):
        _show(panel, f"sum over x, {title}", image)
        panel.set_aspect("auto")
        panel.set_xlabel("frame")
    panels[3].plot(series.shift_px, lw=1, label=["x", "y"])
    panels[3].set_xlabel("frame")
    panels[3].set_ylabel("shift (px)")
    panels[3].legend(frameon=False)
    figure.savefig(out / "series-tilt.png", dpi=DPI)


def _show(panel: Axes, title: str, image: Floats) -> None:
    low, high = np.percentile(image, [0.5, 99.5])
    panel.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    panel.set_title(title, fontsize=9)
    panel.set_xticks([])
    panel.set_yticks([])


def main() -> None:
    """Draw the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tilt-series", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    simulated(arguments.out)
    if arguments.tilt_series:
        tilt_series(arguments.tilt_series, arguments.out)


if __name__ == "__main__":
    main()
