"""Every file brings points to the same place, read back by the program that it is for where there is one."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from xebra.resample import coverage, resample
from xebra.transform import SimilarityTransform, image_center, map_points
from xebra.transform_files import FORMATS, Pair

MOVING_SHAPE = (200, 300)
PLACE = SimilarityTransform(1.3, np.radians(33.0), (7.25, -11.5), image_center(MOVING_SHAPE))
MIRRORED = SimilarityTransform(0.7, np.radians(-120.0), (1.0, 2.0), image_center(MOVING_SHAPE), mirror=True)
POINTS = np.array([[0.0, 0.0], [299.0, 0.0], [12.5, 180.25], [-40.0, 77.0]])  # of the moving image


FIXED_UM, MOVING_UM = 0.2, 0.1
VERSION = f"by Xebra {version('xebra')}"


@pytest.fixture(params=[PLACE, MIRRORED], ids=["turned", "mirrored"])
def pair(request) -> Pair:
    return Pair(request.param.matrix, (256, 320), MOVING_SHAPE)


@pytest.fixture
def calibrated(pair) -> Pair:
    return replace(pair, fixed_spacing_um=FIXED_UM, moving_spacing_um=MOVING_UM, fixed_sha256="f" * 64)


def written(pair: Pair, name: str, folder: Path) -> Path:
    file = folder / f"transform{FORMATS[name].suffix}"
    file.write_text(FORMATS[name].write(pair), newline="")
    return file


def text_of(pair: Pair, name: str) -> str:
    """Return the text of a file; of a Zarr group its metadata and the values of its array."""
    content = FORMATS[name].content(pair)
    if FORMATS[name].media_type != "application/zip":
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    return "".join(
        part.decode() if each.endswith(".json") else str(np.frombuffer(part, "<f8").tolist())
        for each, part in parts.items()
    )


def assert_same(found, pair: Pair) -> None:
    np.testing.assert_allclose(found, map_points(pair.fixed_from_moving, POINTS), atol=1e-6)


def test_itk_brings_fixed_points_to_the_moving_image(pair, tmp_path):
    import SimpleITK

    transform = SimpleITK.ReadTransform(str(written(pair, "itk", tmp_path)))
    fixed = map_points(pair.fixed_from_moving, POINTS)
    np.testing.assert_allclose([transform.TransformPoint(point) for point in fixed], POINTS, atol=1e-6)


def test_elastix_brings_fixed_points_to_the_moving_image(pair, tmp_path):
    fixed = map_points(pair.fixed_from_moving, POINTS)
    found = by_transformix(written(pair, "elastix", tmp_path), fixed, 1.0, tmp_path)
    np.testing.assert_allclose(found, POINTS, atol=1e-4)


def by_transformix(file: Path, points: np.ndarray, moving_mm: float, folder: Path) -> np.ndarray:
    """Points as elastix's own program maps them, which writes six decimals."""
    import itk

    parameters = itk.ParameterObject.New()
    parameters.ReadParameterFile(str(file))
    lines = "\n".join(f"{x!r} {y!r}" for x, y in points.tolist())
    (folder / "points.txt").write_text(f"point\n{len(points)}\n{lines}\n")
    image = itk.image_from_array(np.zeros(MOVING_SHAPE, np.float32))
    image.SetSpacing([moving_mm, moving_mm])
    names = {"fixed_point_set_file_name": str(folder / "points.txt"), "output_directory": str(folder)}
    itk.transformix_filter(image, parameters, **names)
    lines = (folder / "outputpoints.txt").read_text().splitlines()
    found = [line.split("OutputPoint = [")[1].split("]")[0].split() for line in lines]
    return np.array(found, float)


def test_napari_takes_row_and_column(pair, tmp_path):
    affine = np.loadtxt(written(pair, "napari", tmp_path))
    assert_same(map_points(affine, POINTS[:, ::-1])[:, ::-1], pair)


def test_ngff_names_its_systems_and_takes_the_order_of_the_axes(pair, tmp_path):
    result = json.loads(written(pair, "ngff", tmp_path).read_text())["ome"]
    assert result["version"] == "0.6"
    [transform] = result["scene"]["coordinateTransformations"]
    names = transform["input"]["name"], transform["output"]["name"]
    assert (transform["type"], *names) == ("affine", "moving", "fixed")
    systems = result["scene"]["coordinateSystems"]
    assert {system["name"] for system in systems} == {"fixed", "moving"}
    assert [axis["name"] for axis in systems[0]["axes"]] == ["y", "x"]
    assert_same(map_points(np.array(transform["affine"]), POINTS[:, ::-1])[:, ::-1], pair)


def test_landmarks_of_bigwarp_determine_the_transform(pair, tmp_path):
    with written(pair, "bigwarp", tmp_path).open(newline="") as file:
        rows = list(csv.reader(file))
    assert {(row[0][:3], row[1], len(row)) for row in rows} == {("Pt-", "true", 6)}
    moving, fixed = np.array([row[2:4] for row in rows], float), np.array([row[4:6] for row in rows], float)
    solved, *_ = np.linalg.lstsq(np.column_stack([moving, np.ones(len(moving))]), fixed, rcond=None)
    assert_same(np.column_stack([POINTS, np.ones(len(POINTS))]) @ solved, pair)


def test_csv_holds_the_matrix(pair, tmp_path):
    with written(pair, "csv", tmp_path).open(newline="") as file:
        _, *rows = csv.reader(file)
    assert_same(map_points(np.array([row[1:] for row in rows], float), POINTS), pair)


def test_json_holds_both_ways_and_what_is_known_of_the_images(pair, tmp_path):
    result = json.loads(written(pair, "json", tmp_path).read_text())
    assert_same(map_points(np.array(result["fixed_from_moving"]), POINTS), pair)
    there_and_back = np.array(result["moving_from_fixed"]) @ np.array(result["fixed_from_moving"])
    np.testing.assert_allclose(there_and_back, np.eye(3), atol=1e-9)
    assert result["fixed"]["shape"] == [256, 320] and result["moving"]["pixel_spacing_um"] is None


def solved(file: Path) -> np.ndarray:
    """The affine transform, 3 x 3, that BigWarp's landmarks determine."""
    with file.open(newline="") as source:
        rows = list(csv.reader(source))
    moving, fixed = np.array([r[2:4] for r in rows], float), np.array([r[4:6] for r in rows], float)
    found, *_ = np.linalg.lstsq(np.column_stack([moving, np.ones(len(moving))]), fixed, rcond=None)
    return np.vstack([found.T, [0, 0, 1]])


class TestCalibrated:
    """Images of 0.2 and 0.1 um per px: points in physical units come to the same place to 1e-6 px."""

    def test_itk_maps_mm(self, calibrated, tmp_path):
        import SimpleITK

        transform = SimpleITK.ReadTransform(str(written(calibrated, "itk", tmp_path)))
        fixed = map_points(calibrated.fixed_from_moving, POINTS) * FIXED_UM * 1e-3
        found = [transform.TransformPoint(point) for point in fixed]
        np.testing.assert_allclose(np.array(found) / (MOVING_UM * 1e-3), POINTS, atol=1e-6)

    def test_slicer_maps_mm_in_three_dimensions(self, calibrated, tmp_path):
        import SimpleITK

        transform = SimpleITK.ReadTransform(str(written(calibrated, "slicer", tmp_path)))
        fixed = map_points(calibrated.fixed_from_moving, POINTS) * FIXED_UM * 1e-3
        found = np.array([transform.TransformPoint((x, y, 5.0)) for x, y in fixed])
        np.testing.assert_allclose(found[:, :2] / (MOVING_UM * 1e-3), POINTS, atol=1e-6)
        np.testing.assert_array_equal(found[:, 2], 5.0)

    def test_itk_resamples_the_calibrated_files_themselves(self, calibrated, tmp_path):
        import SimpleITK

        moving = np.random.default_rng(0).random(MOVING_SHAPE).astype(np.float32)
        for name, pixels, um in (("f", np.ones((256, 320), np.float32), FIXED_UM), ("m", moving, MOVING_UM)):
            tags = {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
            tifffile.imwrite(tmp_path / f"{name}.tif", pixels, metadata=None, **tags)
        fixed, moving_file = (SimpleITK.ReadImage(str(tmp_path / f"{name}.tif")) for name in "fm")
        transform = SimpleITK.ReadTransform(str(written(calibrated, "itk", tmp_path)))
        found = SimpleITK.Resample(moving_file, fixed, transform, SimpleITK.sitkLinear, 0.0)
        ours = resample(moving, calibrated.moving_from_fixed, (256, 320))
        inside = coverage(MOVING_SHAPE, calibrated.moving_from_fixed, (256, 320))
        inside = ndimage.binary_erosion(inside, iterations=2)
        assert inside.sum() > 10_000
        if np.linalg.det(calibrated.fixed_from_moving) > 0:  # the other one is scaled down and smoothed by us
            np.testing.assert_allclose(SimpleITK.GetArrayFromImage(found)[inside], ours[inside], atol=1e-4)
        assert (SimpleITK.GetArrayFromImage(found)[inside] > 0).all()

    def test_elastix_maps_mm(self, calibrated, tmp_path):
        import itk

        fixed = map_points(calibrated.fixed_from_moving, POINTS) * FIXED_UM * 1e-3
        file = written(calibrated, "elastix", tmp_path)
        assert f"(Spacing {FIXED_UM * 1e-3!r} {FIXED_UM * 1e-3!r})" in file.read_text()
        found = by_transformix(file, fixed, MOVING_UM * 1e-3, tmp_path) / (MOVING_UM * 1e-3)
        np.testing.assert_allclose(
            found, POINTS, atol=0.02
        )  # transformix prints 1e-6 mm, its reader does not
        read = itk.ParameterObject.New()
        read.ReadParameterFile(str(file))
        values = np.array(read.GetParameter(0, "TransformParameters"), float)
        found = fixed @ values[:4].reshape(2, 2).T + values[4:]
        np.testing.assert_allclose(found / (MOVING_UM * 1e-3), POINTS, atol=1e-6)

    def test_napari_comes_after_the_scale_of_the_layers(self, calibrated, tmp_path):
        file = written(calibrated, "napari", tmp_path)
        world = map_points(np.loadtxt(file), POINTS[:, ::-1] * MOVING_UM)  # row, column
        assert_same(world[:, ::-1] / FIXED_UM, calibrated)
        assert f"scale=({MOVING_UM!r}, {MOVING_UM!r})" in file.read_text()

    def test_ngff_names_its_unit(self, calibrated, tmp_path):
        result = json.loads(written(calibrated, "ngff", tmp_path).read_text())["ome"]["scene"]
        assert {axis["unit"] for axis in result["coordinateSystems"][0]["axes"]} == {"micrometer"}
        [transform] = result["coordinateTransformations"]
        found = map_points(np.array(transform["affine"]), POINTS[:, ::-1] * MOVING_UM)[:, ::-1]
        assert_same(found / FIXED_UM, calibrated)

    def test_bigwarp_is_in_the_unit_of_the_images(self, calibrated, tmp_path):
        file = written(calibrated, "bigwarp", tmp_path)
        assert " in um" in file.read_text()
        assert_same(map_points(solved(file), POINTS * MOVING_UM) / FIXED_UM, calibrated)

    def test_csv_and_json_hold_both_units(self, calibrated, tmp_path):
        with written(calibrated, "csv-um", tmp_path).open(newline="") as file:
            _, *rows = csv.reader(file)
        found = map_points(np.array([row[1:] for row in rows], float), POINTS * MOVING_UM) / FIXED_UM
        assert_same(found, calibrated)
        result = json.loads(written(calibrated, "json", tmp_path).read_text())
        found = map_points(np.array(result["fixed_from_moving_um"]), POINTS * MOVING_UM) / FIXED_UM
        assert_same(found, calibrated)
        assert result["fixed"]["sha256"] == "f" * 64

    @pytest.mark.parametrize("name", [n for n in FORMATS if f"{n}-px" in FORMATS])
    def test_in_pixels_is_what_it_is_without_spacing(self, calibrated, pair, tmp_path, name):
        def numbers(text: str) -> list[str]:
            return re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text.replace(VERSION, ""))

        assert numbers(text_of(calibrated, f"{name}-px")) == numbers(text_of(pair, name))

    @pytest.mark.parametrize("name", FORMATS)
    def test_direction_unit_origin_and_origin_of_the_file_stand_in_it(self, calibrated, name):
        text = text_of(calibrated, name)
        words = "moving_from_fixed", "fixed_from_moving", "moving and fixed points"
        assert any(word in text for word in words)
        assert "centre of the top-left pixel" in text
        assert "Xebra " in text or "made_by" in text
        assert "f" * 64 in text


def test_python_packages_take_their_matrices(pair):
    import cv2
    from skimage.transform import AffineTransform, warp

    result = json.loads(FORMATS["matrices"].write(pair))
    moving = ndimage.gaussian_filter(np.random.default_rng(1).random(MOVING_SHAPE), 4).astype(np.float32)
    ours = resample(moving, pair.moving_from_fixed, (256, 320))
    inside = ndimage.binary_erosion(coverage(MOVING_SHAPE, pair.moving_from_fixed, (256, 320)), iterations=2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    by_cv2 = cv2.warpAffine(moving, np.array(result["opencv"]["matrix"]), (320, 256), flags=flags)
    by_scipy = ndimage.affine_transform(
        moving, np.array(result["scipy"]["matrix"]), output_shape=(256, 320), order=1
    )
    backward = AffineTransform(np.array(result["scikit_image"]["matrix"]))
    by_skimage = warp(moving, backward, output_shape=(256, 320))
    for found in (by_cv2, by_scipy, by_skimage):
        assert np.abs(found - ours)[inside].max() < 0.05 * np.ptp(moving)
    fixed = map_points(pair.fixed_from_moving, POINTS)
    np.testing.assert_allclose(backward(fixed), POINTS, atol=1e-9)
    rows = map_points(np.array(result["scipy"]["matrix"]), fixed[:, ::-1])
    np.testing.assert_allclose(rows[:, ::-1], POINTS, atol=1e-9)


def test_no_two_formats_share_a_file_name():
    suffixes = [kind.suffix for kind in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
