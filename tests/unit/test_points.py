"""Tables of points and GeoJSON mapped by a matrix."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xebra.errors import PointsInvalid
from xebra.points import map_geojson, map_table, with_origin
from xebra.transform import map_points

MATRIX = np.array([[0.8, -0.6, 12.0], [0.6, 0.8, -7.5], [0, 0, 1]])
RING = [[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [0.0, 0.0]]
MAPPED = map_points(MATRIX, np.array(RING))


def geojson(body) -> dict:
    return json.loads(map_geojson(json.dumps(body), MATRIX))


@pytest.mark.parametrize(
    ("kind", "depth"),
    [("MultiPoint", 0), ("LineString", 0), ("Polygon", 1), ("MultiLineString", 1), ("MultiPolygon", 2)],
)
def test_every_geometry_is_mapped(kind, depth):
    coordinates = RING
    for _ in range(depth):
        coordinates = [coordinates]
    found = geojson({"type": kind, "coordinates": coordinates})["coordinates"]
    np.testing.assert_allclose(np.reshape(found, (4, 2)), MAPPED, atol=1e-12)


def test_features_keep_their_properties_and_third_coordinates_and_lose_their_boxes():
    point = {"type": "Point", "coordinates": [10, 5, 3.5]}
    properties = {"classification": {"name": "pore"}, "coordinates": [1, 2], "bbox": [0, 0, 1, 1]}
    collection = {
        "type": "GeometryCollection",
        "geometries": [point, {"type": "Polygon", "coordinates": [RING]}],
    }
    features = [
        {"type": "Feature", "id": "a", "geometry": each, "properties": properties}
        for each in (point, collection)
    ]
    body = {
        "type": "FeatureCollection",
        "bbox": [0, 0, 10, 5],
        "features": [*features, {"type": "Feature", "geometry": None}],
    }
    found = geojson(body)
    assert "bbox" not in found and [each.get("id") for each in found["features"]] == ["a", "a", None]
    assert found["features"][0]["properties"] == properties
    assert found["features"][0]["geometry"]["coordinates"] == [*MAPPED[2].tolist(), 3.5]
    polygon = found["features"][1]["geometry"]["geometries"][1]
    np.testing.assert_allclose(polygon["coordinates"][0], MAPPED, atol=1e-12)


def test_a_list_of_features_as_qupath_writes_it_counts_from_the_corner():
    body = [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [RING]}}]
    text = map_geojson(json.dumps(body), with_origin(MATRIX, "corner"))
    [found] = json.loads(text)[0]["geometry"]["coordinates"]
    expected = map_points(MATRIX, np.array(RING) - 0.5) + 0.5
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "no GeoJSON geometry"),
        ('{"type": "Polygon"}', "no GeoJSON geometry"),
        ('{"type": "Point", "coordinates": [1]}', "two finite numbers"),
        ('{"type": "Point", "coordinates": [1, "2"]}', "two finite numbers"),
        ('{"type": "Point", "coordinates": [1, NaN]}', "two finite numbers"),
        ('{"type": "Point", "coordinates": 4}', "two finite numbers"),
        ('{"coordinates": ' + "[" * 5000 + "]" * 5000 + "}", "nested|not JSON"),
    ],
)
def test_what_is_no_geojson_is_refused_with_a_reason(text, reason):
    with pytest.raises(PointsInvalid, match=reason):
        map_geojson(text, MATRIX)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "columns x and y"),
        ("x,z\n1,2\n", "Columns: x, z"),
        ("x,y\n1\n", "numbers"),
        ("x,y\ninf,1\n", "finite"),
    ],
)
def test_what_is_no_table_of_points_is_refused_with_a_reason(text, reason):
    with pytest.raises(PointsInvalid, match=reason):
        map_table(text, MATRIX)


def test_an_empty_table_stays_empty():
    assert map_table("\ufeffx,y,name\n", MATRIX).split() == ["x,y,name"]
