"""Files that hold the whole transform of bent images, the linear part included, on a grid of points.

Each maps points of the fixed image to the moving one, as the pixels of the registered image are resampled.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats
from xebra.transform import map_points
from xebra.transform_files.itk import DIRECTION, parameter_file
from xebra.transform_files.pair import Pair, Unit

STEP = 2  # px between the points: the drift has knots every 4 rows
MARGIN = 8  # knots beyond the image, so that the edge of the grid changes nothing inside
NGFF_VERSION = "0.6"
ARRAY = "displacements"


def elastix(pair: Pair, unit: Unit) -> str:
    """Return a parameter file of transformix with one cubic B-spline, which holds the linear part, too.

    A cubic B-spline reproduces a linear transform exactly. Beyond the fixed image and a margin, elastix
    displaces nothing.
    """
    fixed, _ = pair.spacings(unit)
    counts = [-(-length // STEP) + 1 + 2 * MARGIN for length in pair.fixed_shape[1::-1]]
    xs, ys = (STEP * (np.arange(count) - float(MARGIN)) for count in counts)
    values = _displacements(pair, unit, xs, ys)
    coefficients = [ndimage.spline_filter(part, 3, mode="mirror") for part in np.moveaxis(values, -1, 0)]
    numbers = np.stack(coefficients).ravel()
    lines = [
        ("NumberOfParameters", str(numbers.size)),
        ("TransformParameters", " ".join(f"{value:.9g}" for value in numbers.tolist())),
        ("GridSize", " ".join(map(str, counts))),
        ("GridIndex", "0 0"),
        ("GridSpacing", " ".join(map(repr, (STEP * fixed).tolist()))),
        ("GridOrigin", " ".join(map(repr, (-STEP * MARGIN * fixed).tolist()))),
        ("GridDirection", "1 0 0 1"),
        ("BSplineTransformSplineOrder", "3"),
        ("UseCyclicTransform", '"false"'),
    ]
    return parameter_file(pair, unit, "BSplineTransform", lines)


def ngff(pair: Pair, unit: Unit) -> bytes:
    """Return a zipped Zarr group with an OME-NGFF 0.6 scene whose transformation is a displacement field.

    The array (rows, columns, 2) holds moving minus fixed point in the order of the axes, (y, x), on every
    second pixel of the fixed image, to be interpolated linearly.
    """
    fixed, _ = pair.spacings(unit)
    xs, ys = (np.arange(0, side + STEP - 1, STEP, dtype=float) for side in pair.fixed_shape[1::-1])
    values = _displacements(pair, unit, xs, ys)[..., ::-1].astype("<f8")
    named = {"um": {"unit": "micrometer"}}.get(pair.unit(unit), {})
    axes = [{"name": name, "type": "space", **named} for name in "yx"]
    systems = [{"name": name, "axes": axes} for name in ("fixed", "moving")]
    field: dict[str, Any] = {"type": "displacements", "name": "moving_from_fixed", "path": ARRAY}
    field |= {"interpolation": "linear", "input": {"name": "fixed"}, "output": {"name": "moving"}}
    scene = {"coordinateSystems": systems, "coordinateTransformations": [field]}
    group = _node("group", {"version": NGFF_VERSION, "scene": scene})
    group["attributes"]["xebra"] = pair.provenance(DIRECTION, unit)
    moved = {"name": "displacement", "type": "displacement", "discrete": True}
    scale: dict[str, Any] = {
        "type": "scale",
        "scale": [*(STEP * fixed[::-1]).tolist(), 1.0],
        "input": {"name": ARRAY},
    }
    of_array = {
        "coordinateSystems": [{"name": "fixed", "axes": [*axes, moved]}],
        "coordinateTransformations": [scale | {"output": {"name": "fixed"}}],
    }
    return _zipped(group, _array(values, {"version": NGFF_VERSION, **of_array}), values)


def _displacements(pair: Pair, unit: Unit, xs: Floats, ys: Floats) -> Floats:
    """Return moving minus fixed point (rows, columns, 2), (x, y), on a grid of the fixed image."""
    fixed, moving = pair.spacings(unit)
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    there = map_points(pair.moving_from_fixed, grid) if pair.field is None else pair.field.to_moving(grid)
    result: Floats = (there * moving - grid * fixed).reshape(len(ys), len(xs), 2)
    return result


def _node(kind: str, ome: dict[str, Any]) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": kind, "attributes": {"ome": ome}}


def _array(values: Floats, ome: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a Zarr array of one chunk that is not compressed."""
    shape = list(values.shape)
    return _node("array", ome) | {
        "shape": shape,
        "data_type": "float64",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0.0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "dimension_names": ["y", "x", "displacement"],
    }


def _zipped(group: dict[str, Any], array: dict[str, Any], values: Floats) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, node in (("zarr.json", group), (f"{ARRAY}/zarr.json", array)):
            file.writestr(_entry(name), json.dumps(node, indent=2))
        file.writestr(_entry(f"{ARRAY}/c/0/0/0"), values.tobytes())
    return content.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry without a time: equal transforms give equal files."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
