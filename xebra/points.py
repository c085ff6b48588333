"""Points and regions mapped by a registration: tables with columns x and y, and GeoJSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.errors import PointsInvalid
from xebra.field.displacement_field import DisplacementField
from xebra.transform import map_points

PointMap = Callable[[Floats], Floats]  # of points (N, 2)
Origin = Literal["center", "corner"]  # of the top-left pixel; QuPath counts from its corner
COORDINATES = "coordinates"
NAMED = "a point needs two finite numbers x and y"


def point_map(body: dict[str, Any], to: str, origin: Origin) -> Matrix | PointMap:
    """Return the map of a registration's canonical JSON to its "fixed" or its "moving" image.

    A 3 x 3 matrix or, of bent images, a function; points count from ``origin``.
    """
    if not body.get("field"):
        return with_origin(
            np.array(body["fixed_from_moving" if to == "fixed" else "moving_from_fixed"]), origin
        )
    field = DisplacementField.from_json(body["field"])
    bent = field.to_fixed if to == "fixed" else field.to_moving
    shift = 0.0 if origin == "center" else 0.5
    return lambda points: bent(points - shift) + shift


def with_origin(matrix: Matrix, origin: Origin) -> Matrix:
    """Return a 3 x 3 matrix between pixel centres as one between points that count from ``origin``."""
    if origin == "center":
        return matrix
    corner_from_center = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return corner_from_center @ matrix @ np.linalg.inv(corner_from_center)


def _map(by: Matrix | PointMap, points: Floats) -> Floats:
    """Return points (N, 2) mapped by a matrix or a function."""
    return by(points) if callable(by) else map_points(by, points)


def map_table(text: str, matrix: Matrix | PointMap, name: str = "points") -> str:
    """Return a CSV table with its columns x and y (px) mapped by a 3 x 3 matrix or a function; others stay.

    Raises PointsInvalid in words that call the table ``name``.
    """
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restval="")
    try:
        names = list(lines.fieldnames or [])
        rows = list(lines)
    except csv.Error as error:
        raise PointsInvalid(f"{name}: it is not a CSV table ({error}).") from error
    if not {"x", "y"} <= set(names):
        listed = ", ".join(names)
        raise PointsInvalid(f"{name}: it needs columns x and y, in px. Columns: {listed}.")
    points = np.array([_numbers(row, name) for row in rows], float).reshape(-1, 2)
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, names, extrasaction="ignore")
    writer.writeheader()
    for row, (x, y) in zip(rows, _map(matrix, points).tolist(), strict=True):
        writer.writerow({**row, "x": repr(x), "y": repr(y)})
    return sink.getvalue()


def map_geojson(text: str, matrix: Matrix | PointMap, name: str = "regions") -> str:
    """Return GeoJSON (RFC 7946) with all coordinates mapped by a 3 x 3 matrix.

    The first two numbers of a position are x and y in px; further ones and all properties stay as they are.
    Bounding boxes are left out. Raises PointsInvalid in words that call the file ``name``.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PointsInvalid(f"{name}: it is not JSON ({error}).") from error
    return json.dumps(map_regions(body, matrix, name)) + "\n"


def map_regions(body: Any, matrix: Matrix | PointMap, name: str = "regions") -> Any:
    """Return parsed GeoJSON as ``map_geojson`` does."""
    try:
        if not _holds_coordinates(body):
            raise PointsInvalid(f"{name}: it holds no GeoJSON geometry with coordinates.")
        return _mapped(body, matrix if callable(matrix) else np.asarray(matrix, float), name)
    except RecursionError as error:
        raise PointsInvalid(f"{name}: its lists are nested too deeply.") from error


def _numbers(row: dict[str, str], name: str) -> tuple[float, float]:
    try:
        x, y = float(row["x"]), float(row["y"])
    except ValueError as error:
        reason = f"x and y must be numbers with a point for decimals ({error})"
        raise PointsInvalid(f"{name}: {reason}.") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise PointsInvalid(f"{name}: x and y must be finite.")
    return x, y


def _holds_coordinates(body: Any) -> bool:
    if isinstance(body, list):  # QuPath also writes a list of features
        return any(_holds_coordinates(part) for part in body)
    if not isinstance(body, dict):
        return False
    parts = (body.get(key) for key in ("geometry", "features", "geometries"))
    return COORDINATES in body or any(_holds_coordinates(part) for part in parts)


def _mapped(part: Any, matrix: Matrix | PointMap, name: str) -> Any:
    """Return GeoJSON with its coordinates mapped and its properties as they are."""
    if isinstance(part, list):
        return [_mapped(each, matrix, name) for each in part]
    if not isinstance(part, dict):
        return part
    result: dict[str, Any] = {}
    for key, value in part.items():
        if key == COORDINATES:
            result[key] = _positions(value, matrix, name)
        elif key in ("geometry", "nucleusGeometry", "features", "geometries"):
            result[key] = _mapped(value, matrix, name)
        elif key != "bbox":
            result[key] = value
    return result


def _positions(value: Any, matrix: Matrix | PointMap, name: str) -> Any:
    """Return one position, or nested lists of them, mapped."""
    if not isinstance(value, list):
        raise PointsInvalid(f"{name}: {NAMED}.")
    if any(isinstance(each, list) for each in value) or not value:
        return [_positions(each, matrix, name) for each in value]
    numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) < max(2, len(value)) or not all(map(math.isfinite, numbers)):
        raise PointsInvalid(f"{name}: {NAMED}.")
    x, y = _map(matrix, np.array([numbers[:2]], float))[0].tolist()
    return [x, y, *value[2:]]
