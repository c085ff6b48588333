"""Files of MoBIE, QuPath, HyperSpy and napari's layers bring points to the same place as the result."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from xebra.transform import SimilarityTransform, image_center, map_points
from xebra.transform_files import FORMATS, Pair, export

MOVING_SHAPE = (200, 300)
MATRIX = SimilarityTransform(
    1.3, np.radians(33.0), (7.25, -11.5), image_center(MOVING_SHAPE), mirror=True
).matrix
POINTS = np.array([[0.0, 0.0], [299.0, 0.0], [12.5, 180.25], [-40.0, 77.0]])  # of the moving image
FIXED_UM, MOVING_UM = 0.2, 0.1
PLAIN = Pair(MATRIX, (256, 320), MOVING_SHAPE, moving_name='a;b "$1".ome.tif')
CALIBRATED = replace(PLAIN, fixed_spacing_um=FIXED_UM, moving_spacing_um=MOVING_UM)
BOTH = pytest.mark.parametrize(
    ("pair", "spacings"), [(PLAIN, (1.0, 1.0)), (CALIBRATED, (FIXED_UM, MOVING_UM))], ids=["px", "um"]
)


def assert_same(found) -> None:
    np.testing.assert_allclose(found, map_points(MATRIX, POINTS), atol=1e-6)


@BOTH
def test_mobie_maps_three_dimensions_in_the_convention_of_bigdataviewer(pair, spacings):
    view = json.loads(FORMATS["mobie"].write(pair))
    [transform] = view["sourceTransforms"]
    rows = np.array(transform["affine"]["parameters"]).reshape(3, 4)
    points = np.column_stack([POINTS * spacings[1], np.full(len(POINTS), 5.0), np.ones(len(POINTS))])
    found = points @ rows.T
    assert_same(found[:, :2] / spacings[0])
    np.testing.assert_array_equal(found[:, 2], 5.0)
    assert transform["affine"]["sources"] == ['a_b_"$1".ome']
    assert set(view) <= {"isExclusive", "uiSelectionGroup", "description", "sourceTransforms"}


def test_qupath_has_its_origin_at_the_corner_and_javas_order_of_the_matrix():
    script = FORMATS["qupath"].write(CALIBRATED)
    m00, m10, m01, m11, m02, m12 = map(float, re.search(r"AffineTransform\((.+?)\)", script)[1].split(", "))
    x, y = (POINTS + 0.5).T
    assert_same(np.column_stack([m00 * x + m01 * y + m02, m10 * x + m11 * y + m12]) - 0.5)
    assert 'def name = "a;b \\"\\$1\\".ome.tif"' in script
    assert FORMATS["qupath"].write(PLAIN).partition("\nimport")[2] == script.partition("\nimport")[2]


@BOTH
def test_hyperspy_reads_the_axes_of_the_registered_image(pair, spacings, tmp_path):
    from rsciio.hspy import file_reader, file_writer

    body = json.loads(FORMATS["hyperspy"].write(pair))
    metadata = {"General": {"title": ""}, "Signal": {"signal_type": ""}, "_HyperSpy": {}}
    signal = {"data": np.zeros(pair.fixed_shape, np.uint8), "axes": body["axes"], "metadata": metadata}
    signal |= {
        "original_metadata": body["original_metadata"],
        "attributes": {"_lazy": False},
        "tmp_parameters": {},
    }
    file_writer(
        str(tmp_path / "registered.hspy"),
        signal | {"learning_results": {}, "models": {}, "package_info": {}},
    )
    [read] = file_reader(str(tmp_path / "registered.hspy"))
    y, x = read["axes"]
    assert (y["name"], y["size"], x["name"], x["size"]) == ("y", 256, "x", 320)
    assert {axis["units"] for axis in read["axes"]} == {"px" if pair is PLAIN else "µm"}
    fixed = map_points(MATRIX, POINTS)
    on_axes = np.column_stack(
        [axis["offset"] + axis["scale"] * p for axis, p in zip((x, y), fixed.T, strict=True)]
    )
    matrix = np.array(read["original_metadata"]["xebra"]["fixed_from_moving"], float)
    np.testing.assert_allclose(map_points(matrix, POINTS * spacings[1]), on_axes, atol=1e-6 * spacings[0])


@BOTH
def test_napari_layers_put_scale_before_affine(pair, spacings):
    layers = json.loads(FORMATS["napari-layers"].write(pair))
    scaled = POINTS[:, ::-1] * layers["moving"]["scale"]
    assert_same(
        (map_points(np.array(layers["moving"]["affine"]), scaled) / layers["fixed"]["scale"])[:, ::-1]
    )
    assert layers["moving"]["scale"] == [spacings[1]] * 2 and "affine" not in layers["fixed"]


def test_a_result_is_exported_by_the_name_of_a_format(registration, tmp_path):
    found = registration(angle=0.3, scale=1.1, fixed_spacing=0.2, moving_spacing=0.1)
    found.export(tmp_path / "a.px.csv", "csv")
    assert (tmp_path / "a.px.csv").read_bytes().decode() == FORMATS["csv"].write(Pair.of(found.to_json()))
    with pytest.raises(ValueError, match=r"'itkk'.*Formats: json, itk"):
        export(found.to_json(), tmp_path / "b", "itkk")
