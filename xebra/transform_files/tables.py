"""Canonical JSON, and tables that a spreadsheet or a line of Python reads."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

from xebra.transform_files.pair import Pair


def canonical(pair: Pair) -> str:
    """Both matrices and what they are between, in the words of Xebra's own results."""
    images = {
        name: {"name": image, "shape": list(shape), "pixel_spacing_um": spacing}
        for name, image, shape, spacing in (
            ("fixed", pair.fixed_name, pair.fixed_shape, pair.fixed_spacing_um),
            ("moving", pair.moving_name, pair.moving_shape, pair.moving_spacing_um),
        )
    }
    matrices = {
        "fixed_from_moving": pair.fixed_from_moving.tolist(),
        "moving_from_fixed": pair.moving_from_fixed.tolist(),
    }
    points = "(x, y), px, from the centre of the top-left pixel"
    return json.dumps({**matrices, **images, "points": points}, indent=2) + "\n"


def table(pair: Pair) -> str:
    """CSV: the rows of ``fixed_from_moving``."""
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    lines.writerow(["fixed_from_moving", "from_x", "from_y", "from_1"])
    for name, row in zip(("to_x", "to_y", "to_1"), pair.fixed_from_moving.tolist(), strict=True):
        lines.writerow([name, *row])
    return file.getvalue()


def napari(pair: Pair) -> str:
    """``viewer.add_image(moving, affine=numpy.loadtxt(FILE))``: napari's points are (row, column)."""
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    said = ["# napari: viewer.add_image(moving, affine=numpy.loadtxt(this file)) beside the fixed image"]
    said += [" ".join(map(repr, row)) for row in (swap @ pair.fixed_from_moving @ swap).tolist()]
    return "\n".join(said) + "\n"


def bigwarp(pair: Pair) -> str:
    """Landmarks of Fiji's BigWarp: name, active, moving x and y, fixed x and y."""
    file = io.StringIO(newline="")
    lines = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for number, points in enumerate(zip(*(side.tolist() for side in pair.landmarks), strict=True)):
        lines.writerow([f"Pt-{number}", "true", *(repr(value) for point in points for value in point)])
    return file.getvalue()


def ngff(pair: Pair) -> str:
    """OME-NGFF coordinate transformation (RFC 5); its points are in the order of the array's axes, (y, x)."""
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    axes = [{"name": name, "type": "space"} for name in "yx"]
    affine = {"type": "affine", "name": "fixed_from_moving", "input": "moving", "output": "fixed"}
    affine["affine"] = (swap @ pair.fixed_from_moving @ swap)[:2].tolist()
    systems = [{"name": name, "axes": axes} for name in ("fixed", "moving")]
    return json.dumps({"coordinateSystems": systems, "coordinateTransformations": [affine]}, indent=2) + "\n"
