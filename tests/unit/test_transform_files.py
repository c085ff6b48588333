"""Every file brings points to the same place, read back by the program that it is for where there is one."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from xebra.transform import SimilarityTransform, image_center, map_points
from xebra.transform_files import FORMATS, Pair

MOVING_SHAPE = (200, 300)
PLACE = SimilarityTransform(1.3, np.radians(33.0), (7.25, -11.5), image_center(MOVING_SHAPE))
MIRRORED = SimilarityTransform(0.7, np.radians(-120.0), (1.0, 2.0), image_center(MOVING_SHAPE), mirror=True)
POINTS = np.array([[0.0, 0.0], [299.0, 0.0], [12.5, 180.25], [-40.0, 77.0]])  # of the moving image


@pytest.fixture(params=[PLACE, MIRRORED], ids=["turned", "mirrored"])
def pair(request) -> Pair:
    return Pair(request.param.matrix, (256, 320), MOVING_SHAPE)


def written(pair: Pair, name: str, folder: Path) -> Path:
    file = folder / f"transform{FORMATS[name].suffix}"
    file.write_text(FORMATS[name].write(pair), newline="")
    return file


def assert_same(found, pair: Pair) -> None:
    np.testing.assert_allclose(found, map_points(pair.fixed_from_moving, POINTS), atol=1e-6)


def test_itk_brings_fixed_points_to_the_moving_image(pair, tmp_path):
    import SimpleITK

    transform = SimpleITK.ReadTransform(str(written(pair, "itk", tmp_path)))
    fixed = map_points(pair.fixed_from_moving, POINTS)
    np.testing.assert_allclose([transform.TransformPoint(point) for point in fixed], POINTS, atol=1e-6)


def test_elastix_brings_fixed_points_to_the_moving_image(pair, tmp_path):
    import itk

    parameters = itk.ParameterObject.New()
    parameters.ReadParameterFile(str(written(pair, "elastix", tmp_path)))
    fixed = map_points(pair.fixed_from_moving, POINTS)
    asked = "\n".join(f"{x!r} {y!r}" for x, y in fixed.tolist())
    (tmp_path / "points.txt").write_text(f"point\n{len(fixed)}\n{asked}\n")
    image = itk.image_from_array(np.zeros(MOVING_SHAPE, np.float32))
    names = {"fixed_point_set_file_name": str(tmp_path / "points.txt"), "output_directory": str(tmp_path)}
    itk.transformix_filter(image, parameters, **names)
    lines = (tmp_path / "outputpoints.txt").read_text().splitlines()
    found = [line.split("OutputPoint = [")[1].split("]")[0].split() for line in lines]
    np.testing.assert_allclose(np.array(found, float), POINTS, atol=1e-4)


def test_napari_takes_row_and_column(pair, tmp_path):
    affine = np.loadtxt(written(pair, "napari", tmp_path))
    assert_same(map_points(affine, POINTS[:, ::-1])[:, ::-1], pair)


def test_ngff_names_its_systems_and_takes_the_order_of_the_axes(pair, tmp_path):
    said = json.loads(written(pair, "ngff", tmp_path).read_text())
    [transform] = said["coordinateTransformations"]
    assert (transform["type"], transform["input"], transform["output"]) == ("affine", "moving", "fixed")
    assert {system["name"] for system in said["coordinateSystems"]} == {"fixed", "moving"}
    assert [axis["name"] for axis in said["coordinateSystems"][0]["axes"]] == ["y", "x"]
    assert_same(map_points(np.array(transform["affine"]), POINTS[:, ::-1])[:, ::-1], pair)


def test_landmarks_of_bigwarp_determine_the_transform(pair, tmp_path):
    with written(pair, "bigwarp", tmp_path).open(newline="") as file:
        rows = list(csv.reader(file))
    assert {(row[0][:3], row[1]) for row in rows} == {("Pt-", "true")}
    moving, fixed = np.array([row[2:4] for row in rows], float), np.array([row[4:6] for row in rows], float)
    solved, *_ = np.linalg.lstsq(np.column_stack([moving, np.ones(len(moving))]), fixed, rcond=None)
    assert_same(np.column_stack([POINTS, np.ones(len(POINTS))]) @ solved, pair)


def test_csv_holds_the_matrix(pair, tmp_path):
    with written(pair, "csv", tmp_path).open(newline="") as file:
        _, *rows = csv.reader(file)
    assert_same(map_points(np.array([row[1:] for row in rows], float), POINTS), pair)


def test_json_holds_both_ways_and_what_is_known_of_the_images(pair, tmp_path):
    said = json.loads(written(pair, "json", tmp_path).read_text())
    assert_same(map_points(np.array(said["fixed_from_moving"]), POINTS), pair)
    there_and_back = np.array(said["moving_from_fixed"]) @ np.array(said["fixed_from_moving"])
    np.testing.assert_allclose(there_and_back, np.eye(3), atol=1e-9)
    assert said["fixed"]["shape"] == [256, 320] and said["moving"]["pixel_spacing_um"] is None
