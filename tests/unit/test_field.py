"""Registration of bent images: accuracy, the choice of the model, and that unbent images stay as they are."""

from __future__ import annotations

import json
from dataclasses import replace

import itk
import numpy as np
import pytest
import SimpleITK
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.bent import BentPair, bent_pair, other_contrast

import xebra
from xebra.correction import corrected
from xebra.errors import ModelUnsupported
from xebra.estimate.field_measurement import Measurement
from xebra.estimate.field_parameters import FieldParameters, Smoothness, Tiles
from xebra.estimate.field_refinement import MIN_JACOBIAN, field_without_folds
from xebra.estimate.field_selection import EXCEPTIONAL, Candidate
from xebra.estimate.model_choice import MIN_GAIN, _confirmed
from xebra.estimate.stretched_attempts import stretch_matrix
from xebra.points import map_table, point_map
from xebra.transform import corner_error


@pytest.fixture(scope="module")
def bent() -> BentPair:
    return bent_pair()


@pytest.fixture(scope="module")
def registered(bent: BentPair) -> xebra.Registration:
    return xebra.register(bent.fixed, bent.moving, model="auto")


def test_one_modality_is_registered_to_a_fraction_of_a_pixel(bent, registered) -> None:
    errors = bent.errors(registered)
    assert registered.transform_model == "field" and "held-out" in registered.model_reason
    assert np.median(errors) < 0.3 and np.mean(errors < 1) > 0.95


def test_a_similarity_alone_leaves_pixels(bent) -> None:
    assert np.median(bent.errors(xebra.register(bent.fixed, bent.moving))) > 2


def test_two_modalities_are_registered() -> None:
    two = bent_pair(other_contrast, seed=2)
    errors = two.errors(xebra.register(two.fixed, two.moving, model="field"))
    assert np.median(errors) < 0.8 and np.mean(errors < 2) > 0.8


def test_the_field_does_not_fold_and_its_inverse_leads_back(bent, registered) -> None:
    assert registered.field.min_jacobian > MIN_JACOBIAN
    points = np.stack(np.nonzero(bent.inside)[::-1], 1)[::997].astype(float)
    assert np.abs(registered.to_fixed(registered.to_moving(points)) - points).max() < 1e-4


def test_the_standard_error_holds(bent, registered) -> None:
    rows, columns = np.nonzero(bent.inside)
    found = registered.to_moving(np.stack([columns, rows], 1).astype(float))
    linear = np.linalg.inv(registered.moving_from_fixed[:2, :2])
    off = (found - bent.moving_points[rows, columns]) @ linear.T
    inside = np.abs(off) < 1.96 * registered.displacement_error[rows, columns]
    assert inside.mean() > 0.9


def test_the_registered_image_shows_the_fixed_one(bent, registered) -> None:
    used = registered.coverage & bent.inside
    correlation = np.corrcoef(registered.registered[used], bent.fixed[used])[0, 1]
    straight = xebra.register(bent.fixed, bent.moving)
    before = np.corrcoef(straight.registered[used], bent.fixed[used])[0, 1]
    assert correlation > 0.98 and 1 - correlation < (1 - before) / 3
    assert (registered.apply(bent.moving) == registered.registered).all()


def test_displacement_and_points_agree(registered) -> None:
    at = np.array([[100, 80], [200, 300]])
    moved = at + registered.displacement[at[:, 1], at[:, 0]]
    linear = registered.moving_from_fixed
    assert np.allclose(moved @ linear[:2, :2].T + linear[:2, 2], registered.to_moving(at))
    assert registered.displacement_error.shape == registered.displacement.shape


def test_saved_and_loaded_it_is_the_same(registered, tmp_path) -> None:
    registered.save(tmp_path)
    again = xebra.load(tmp_path)
    at = np.random.default_rng(1).uniform(0, 380, (40, 2))
    assert np.abs(again.to_moving(at) - registered.to_moving(at)).max() < 1e-4
    assert again.transform_model == "field" and again.model_reason == registered.model_reason
    assert np.abs(again.registered - registered.registered).max() < 1e-2


@pytest.mark.parametrize("model", ["field", "auto"])
def test_images_without_distortion_are_not_bent(model: str) -> None:
    straight = bent_pair(smooth_px=0.0, drift_px=0.0, seed=3)
    found = xebra.register(straight.fixed, straight.moving, model=model)
    similarity = xebra.register(straight.fixed, straight.moving)
    assert found.transform_model == "similarity" and found.field is None and found.model_reason
    assert (found.moving_from_fixed == similarity.moving_from_fixed).all()
    assert found.expected_corner_error_px == similarity.expected_corner_error_px
    assert not found.displacement.any() and found.displacement_error is None


def test_a_stretched_view_is_affine_not_bent() -> None:
    stretched = bent_pair(smooth_px=0.0, drift_px=0.0, linear=stretch_matrix(0.04, 0.7), seed=4)
    found = xebra.register(stretched.fixed, stretched.moving, model="auto")
    affine = xebra.register(stretched.fixed, stretched.moving, model="affine")
    assert found.transform_model == "affine" and "affine" in found.model_reason
    assert corner_error(found.fixed_from_moving, affine.fixed_from_moving, stretched.fixed.shape) < 1e-9


def test_the_field_adds_to_the_expected_error(bent, registered) -> None:
    straight = xebra.register(bent.fixed, bent.moving)
    assert registered.expected_corner_error_px > straight.expected_corner_error_px
    assert registered.verdict == straight.verdict
    strict = xebra.register(bent.fixed, bent.moving, model="field", tolerance=1e-3)
    assert strict.verdict != "accept"


def test_a_mirrored_bent_image_is_registered(bent) -> None:
    found = xebra.register(bent.fixed, bent.moving[:, ::-1].copy(), model="field", mirror=True)
    rows, columns = np.nonzero(bent.inside)
    there = found.to_moving(np.stack([columns, rows], 1)[::31])
    expected = bent.moving_points[rows, columns][::31] * [-1, 1] + [bent.moving.shape[1] - 1, 0]
    assert found.transform_model == "field" and np.median(np.hypot(*(there - expected).T)) < 0.3


def test_unrelated_images_get_no_field(bent) -> None:
    noise = np.random.default_rng(5).random(bent.fixed.shape).astype(np.float32)
    found = xebra.register(bent.fixed, noise, model="field")
    assert found.field is None and found.verdict != "accept"


def test_another_network_measures_no_field(bent) -> None:
    with pytest.raises(ModelUnsupported, match="fields"):
        xebra.register(bent.fixed, bent.moving, model="field", network="paper")


def test_evidence_of_a_fold_is_smoothed_until_nothing_folds() -> None:
    shape, linear = (128, 128), np.eye(3)
    centers = np.arange(32) * 4 + 1.5, np.arange(32) * 4 + 1.5
    x, y = np.meshgrid(*centers)
    wanted = np.stack([-40 * np.sin(x / 12), 0 * y], -1).reshape(-1, 2)  # slope of -3.3: folded
    information = np.tile([5.0, 0.0, 5.0], (len(wanted), 1))
    tiles = Tiles(centers, y.ravel(), information, 5.0 * wanted)
    found = Measurement(tiles, np.zeros(len(wanted), int), np.zeros(len(wanted)), 1.0)
    parameters = FieldParameters(shape, linear, 32.0, 4.0)
    parameters.vector = parameters.solve(*parameters.normal_equations(tiles), Smoothness(1.0, None))
    assert parameters.field().min_jacobian < 0
    field = field_without_folds(parameters, found, Smoothness(1.0, None), 1.0)
    assert field is None or (field.min_jacobian > MIN_JACOBIAN and field.max_strain < 1)


@pytest.mark.parametrize("format", ["itk-field", "itk-field-px"])
@pytest.mark.parametrize("spacing", [None, 0.25])
def test_itk_reads_the_displacement_field(registered, tmp_path, format, spacing) -> None:
    if spacing is not None:
        registered = calibrated(registered, spacing)
    file = tmp_path / "field.tfm"
    registered.export(file, format)
    read = SimpleITK.ReadTransform(str(file))
    mm = 1.0 if spacing is None or format.endswith("px") else spacing * 1e-3
    at = np.random.default_rng(2).uniform(0, 380, (60, 2))
    there = np.array([read.TransformPoint((point * mm).tolist()) for point in at]) / mm
    assert np.abs(there - registered.to_moving(at)).max() < 0.05
    assert "linear part only" in file.read_text()


def candidate(model: str, gains: np.ndarray) -> Candidate:
    """Return a candidate whose blocks, of one tile each, confirm exactly what it predicts."""
    moved = np.stack([np.sqrt(gains), 0 * gains], 1)
    return Candidate(model, gains, moved, np.broadcast_to(np.eye(2), (len(gains), 2, 2)))


@given(st.integers(20, 200), st.data())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_only_a_corner_gains_bends_nothing(count: int, data: st.DataObject) -> None:
    """A saturated or empty corner: two blocks of 64 have gained 3,400 on an image without distortion."""
    similarity = candidate("similarity", np.zeros(count))
    corner = np.zeros(count)
    few = data.draw(st.integers(1, int(EXCEPTIONAL * count)))
    corner[data.draw(st.permutations(range(count)))[:few]] = 20 * MIN_GAIN
    assert _confirmed(candidate("field", corner), similarity, MIN_GAIN) is None
    everywhere = np.full(count, 2 * MIN_GAIN / count)
    assert _confirmed(candidate("field", everywhere), similarity, MIN_GAIN) == pytest.approx(1)


def calibrated(registered, spacing):
    """Return a result with the same pixel spacing (um) of both images."""
    images = registered.fixed.with_spacing(spacing), registered.moving.with_spacing(spacing)
    return replace(registered, fixed=images[0], moving=images[1])


@pytest.mark.parametrize("format", ["ngff-field", "ngff-field-px"])
def test_zarr_reads_the_displacement_field(registered, tmp_path, format) -> None:
    um = 1.0 if format.endswith("px") else 0.25
    file = tmp_path / "field.zip"
    calibrated(registered, 0.25).export(file, format)
    group = zarr.open_group(zarr.storage.ZipStore(file, mode="r"), mode="r")
    scene = group.attrs["ome"]["scene"]
    (transformation,) = scene["coordinateTransformations"]
    assert (transformation["type"], transformation["input"]["name"]) == ("displacements", "fixed")
    array = group[transformation["path"]]
    (scale,) = array.attrs["ome"]["coordinateTransformations"]
    at = np.random.default_rng(2).uniform(0, 380, (60, 2))[:, ::-1]  # (y, x)
    index = at * um / np.array(scale["scale"][:2])
    moved = [ndimage.map_coordinates(part, index.T, order=1) for part in np.moveaxis(array[:], -1, 0)]
    there = (at * um + np.stack(moved, 1)) / um
    assert np.abs(there[:, ::-1] - registered.to_moving(at[:, ::-1])).max() < 0.05


@pytest.mark.parametrize("format", ["elastix-field", "elastix-field-px"])
def test_transformix_resamples_through_the_field(registered, tmp_path, format) -> None:
    mm = 1.0 if format.endswith("px") else 0.25e-3
    file = tmp_path / "field.txt"
    calibrated(registered, 0.25).export(file, format)
    parameters = itk.ParameterObject.New()
    parameters.ReadParameterFile(str(file))
    rows, columns = registered.moving.shape
    for axis, ramp in enumerate(np.meshgrid(np.arange(columns), np.arange(rows))):
        moving = itk.image_from_array(ramp.astype(np.float32))
        moving.SetSpacing([mm, mm])
        found = itk.array_from_image(itk.transformix_filter(moving, parameters, log_to_console=False))
        at = np.random.default_rng(3).integers(60, 320, (60, 2))
        expected = registered.to_moving(at)[:, axis]
        assert np.abs(found[at[:, 1], at[:, 0]] - expected).max() < 0.05


def test_points_and_channels_of_the_result_follow_the_field(registered) -> None:
    body = json.loads(json.dumps(registered.to_json()))
    at = np.random.default_rng(3).uniform(20, 360, (5, 2))
    there = point_map(body, "moving", "center")(at)
    assert np.abs(there - registered.to_moving(at)).max() < 1e-4
    corner = point_map(body, "fixed", "corner")(there + 0.5)
    assert np.abs(corner - 0.5 - at).max() < 1e-4
    table = map_table(f"x,y\n{at[0, 0]},{at[0, 1]}\n", point_map(body, "moving", "center"))
    assert table.splitlines()[1].startswith(str(there[0, 0])[:6])
    assert corrected(body, np.eye(3), by="me", at="2026-11-28T17:00:00")["field"] is None
