"""Canonical JSON, matrices for Python packages, and tables for spreadsheets, napari and BigWarp."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from xebra.transform_files.pair import ORIGIN, Pair, Unit, swapped

NGFF_VERSION = "0.6"
DIRECTION = "fixed_from_moving: maps points of the moving image to the fixed one"


def canonical(pair: Pair) -> str:
    """Return both matrices in px, and in um where the spacings are known, named as in Xebra's results."""
    body: dict[str, Any] = {
        "fixed_from_moving": pair.fixed_from_moving.tolist(),
        "moving_from_fixed": pair.moving_from_fixed.tolist(),
    }
    if pair.calibrated:
        body["fixed_from_moving_um"] = pair.fixed_from_moving_in("um").tolist()
        body["moving_from_fixed_um"] = pair.moving_from_fixed_in("um").tolist()
    return _json(body | _images(pair) | {"points": f"(x, y); {ORIGIN}"})


def matrices(pair: Pair) -> str:
    """Return JSON with the matrix that each Python package takes, in px: all resample the moving image."""
    backward = pair.moving_from_fixed
    body: dict[str, Any] = {
        "scikit_image": {
            "call": "skimage.transform.warp(moving, AffineTransform(matrix), output_shape=fixed.shape)",
            "matrix": backward.tolist(),
        },
        "opencv": {
            "call": "cv2.warpAffine(moving, matrix, (columns, rows), flags=INTER_LINEAR | WARP_INVERSE_MAP)",
            "matrix": backward[:2].tolist(),
        },
        "scipy": {
            "call": "scipy.ndimage.affine_transform(moving, matrix, output_shape=fixed.shape, order=1)",
            "matrix": swapped(backward).tolist(),
        },
        "direction": "moving_from_fixed: maps points of the fixed image to the moving one",
    }
    return _json(body | _images(pair) | {"unit": "px", "points": ORIGIN})


def table(pair: Pair, unit: Unit) -> str:
    """Return CSV: the rows of ``fixed_from_moving``."""
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    about = "; ".join(pair.provenance(DIRECTION, unit))
    lines.writerow([about, "from_x", "from_y", "from_1"])
    for name, row in zip(("to_x", "to_y", "to_1"), pair.fixed_from_moving_in(unit).tolist(), strict=True):
        lines.writerow([name, *row])
    return file.getvalue()


def napari(pair: Pair, unit: Unit) -> str:
    """Return a matrix for ``numpy.loadtxt``; napari's points are (row, column), ``scale`` comes before it."""
    fixed, moving = (tuple(spacing[::-1].tolist()) for spacing in pair.spacings(unit))  # (row, column)
    call = "viewer.add_image(moving, affine=numpy.loadtxt(FILE)) beside viewer.add_image(fixed)"
    if pair.unit(unit) != "px":
        call = (
            f"viewer.add_image(moving, scale={moving!r}, affine=numpy.loadtxt(FILE)) "
            f"beside viewer.add_image(fixed, scale={fixed!r})"
        )
    about = [*pair.provenance(DIRECTION, unit), "rows of the matrix are (row, column, 1)", f"napari: {call}"]
    rows = swapped(pair.fixed_from_moving_in(unit)).tolist()
    return "".join(f"# {line}\n" for line in about) + "".join(" ".join(map(repr, r)) + "\n" for r in rows)


def bigwarp(pair: Pair, unit: Unit) -> str:
    """Return landmarks of Fiji's BigWarp: name, active, moving x and y, fixed x and y.

    BigWarp's landmarks are in the unit of the images as Fiji shows them. The format has no comments: the
    name of the first landmark says what the file is.
    """
    file = io.StringIO(newline="")
    lines = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    about = "; ".join(["Pt-0", *pair.provenance("moving and fixed points", unit)])
    about = about.replace('"', "'").replace("\\", "/")  # its reader takes a backslash as an escape
    points = zip(*(side.tolist() for side in pair.landmarks(unit)), strict=True)
    for number, (moving, fixed) in enumerate(points):
        lines.writerow([f"Pt-{number}" if number else about, "true", *map(repr, (*moving, *fixed))])
    return file.getvalue()


def ngff(pair: Pair, unit: Unit) -> str:
    """Return the metadata of an OME-NGFF 0.6 scene; its points have the order of the axes, (y, x).

    They are the attributes of a Zarr group. The coordinate systems are those of both images.
    """
    unit = pair.unit(unit)
    named = {"um": {"unit": "micrometer"}, "mm": {"unit": "millimeter"}}.get(unit, {})  # pixels are no unit
    axes = [{"name": name, "type": "space", **named} for name in "yx"]
    affine = {"type": "affine", "name": "fixed_from_moving", "input": {"name": "moving"}}
    affine |= {"output": {"name": "fixed"}, "affine": swapped(pair.fixed_from_moving_in(unit))[:2].tolist()}
    systems = [{"name": name, "axes": axes} for name in ("fixed", "moving")]
    scene = {"coordinateSystems": systems, "coordinateTransformations": [affine]}
    ome = {"version": NGFF_VERSION, "scene": scene}
    return _json({"ome": ome, "xebra": pair.provenance(DIRECTION, unit)})


def _images(pair: Pair) -> dict[str, Any]:
    """Both images and who made the file."""
    parts = (
        ("fixed", pair.fixed_name, pair.fixed_shape, pair.fixed_spacing_um, pair.fixed_sha256),
        ("moving", pair.moving_name, pair.moving_shape, pair.moving_spacing_um, pair.moving_sha256),
    )
    images: dict[str, Any] = {
        image: {"name": name, "shape": list(shape), "pixel_spacing_um": spacing, "sha256": sha256}
        for image, name, shape, spacing, sha256 in parts
    }
    return images | {"made_by": pair.provenance(DIRECTION, "px")[0].rpartition("by ")[2]}


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2) + "\n"
