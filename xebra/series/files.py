"""Files of a series: JSON, table and figure of the drift, mean and aligned frames."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import tifffile

from xebra.image_files import write_tiff
from xebra.series.result import Series

JSON, TABLE, FIGURE, MEAN, ALIGNED = NAMES = (
    "series.json",
    "drift.csv",
    "drift.png",
    "mean.tif",
    "aligned.tif",
)
COLUMNS = ("frame", "name", "fits", "x_px", "y_px", "angle_deg", "scale", "error_px", "certainty", "reason")
DPI = 150


def write(series: Series, folder: Path, aligned: bool = True) -> None:
    """Write all files into a folder; ``aligned``: also the frames. The JSON is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_table(series, folder / TABLE)
    series.plot().savefig(folder / FIGURE, dpi=DPI)
    write_tiff(folder / MEAN, series.mean(), series.pixel_spacing)
    if aligned:
        _write_aligned(series, folder / ALIGNED)
    (folder / JSON).write_text(json.dumps(series.to_json(), indent=1) + "\n", encoding="utf-8")


def _write_table(series: Series, path: Path) -> None:
    shift, angle, scale, error = series.shift_px, series.angle_deg, series.scale, series.error_px
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for n, name in enumerate(series.frames.names):
            pose = (
                [f"{v:.6g}" for v in (*shift[n], angle[n], scale[n], error[n])]
                if series.fits[n]
                else [""] * 5
            )
            fits = "yes" if series.fits[n] else "no"
            table.writerow([n, name, fits, *pose, f"{series.certainty[n]:.4g}", series.reasons[n]])


def _write_aligned(series: Series, path: Path) -> None:
    """Write the aligned frames one at a time as an ImageJ-readable stack (BigTIFF where it is large)."""
    frames = series.aligned()
    first = frames[0]
    with tifffile.TiffWriter(path, bigtiff=first.nbytes * len(frames) > 1 << 31) as file:
        spacing = series.pixel_spacing
        file.write(
            iter(frames),
            shape=(len(frames), *first.shape),
            dtype=first.dtype,
            photometric="minisblack" if first.ndim == 2 else "rgb",
            resolution=None if spacing is None else (1 / spacing, 1 / spacing),
            resolutionunit="NONE",
            metadata={"axes": "TYX" if first.ndim == 2 else "TYXS"},
            software="xebra",
        )
