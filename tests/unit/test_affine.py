"""Affine registration: tilted and sheared views, the transform's class, its covariance and its files."""

import csv
import io
import json
import math

import numpy as np
import pytest
import torch
from support.specimens import specimen

import xebra
from xebra.errors import ModelUnsupported
from xebra.estimate.affine_covariance import affine_covariance, affine_parameters
from xebra.estimate.displacement import FREE, Evidence, displacement_at, motion_matrix, parameter_units
from xebra.estimate.image_pair import Candidate
from xebra.estimate.stretched_attempts import stretch_matrix
from xebra.resample import resample
from xebra.specimen.draw import Replay
from xebra.specimen.instruments import absorption
from xebra.specimen.pairs import PHYSICS
from xebra.transform import AffineTransform, SimilarityTransform, corner_error, image_center, mirrored_first
from xebra.transform_files import FORMATS, Pair

SIDE = 256
CENTRE = image_center((SIDE, SIDE))


def affine(linear, shift=(9.0, -6.0)):
    """Return the 3 x 3 of a linear part about the centre, then a shift."""
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.add(CENTRE, shift) - matrix[:2, :2] @ CENTRE
    return matrix


def tilted(degrees, axis_deg, angle=0.5):
    half = -math.log(math.cos(math.radians(degrees))) / 2
    return affine(SimilarityTransform(1.05, angle).linear @ stretch_matrix(half, math.radians(axis_deg)))


SHEARED = affine(SimilarityTransform(0.97, -1.2).linear @ [[1, 0.04], [0, 1]])


@pytest.fixture(scope="module")
def signal():
    physics = torch.rand(1, PHYSICS, generator=torch.Generator().manual_seed(1))
    return absorption(Replay(physics), specimen(640, seed=9))[0].numpy()


def pair(signal, truth, noise=0.05):
    """Return two noisy views of one signal, the moving one transformed."""
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    rng = np.random.default_rng(4)
    views = [resample(signal, whole @ matrix, (SIDE, SIDE)) for matrix in (np.eye(3), truth)]
    return [view + noise * view.std() * rng.normal(size=view.shape) for view in views]


@pytest.mark.parametrize("truth", [tilted(20, 0), tilted(36, 60), tilted(50, 105), SHEARED])
def test_tilt_and_shear_are_recovered(signal, truth):
    found = xebra.register(*pair(signal, truth), model="affine")
    assert found.verdict == "accept"
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.3
    expected = AffineTransform.from_matrix(truth)
    assert found.stretch["ratio"] == pytest.approx(math.exp(2 * expected.stretch), abs=0.005)
    assert found.stretch["tilt_deg"] == pytest.approx(expected.tilt_deg, abs=1)
    off = affine_parameters(found.fixed_from_moving, (SIDE, SIDE)) - affine_parameters(truth, (SIDE, SIDE))
    assert (np.abs(off) < 6 * np.sqrt(np.diag(found.covariance))).all()


def test_a_similarity_names_the_stretch_and_offers_the_model(signal):
    found = xebra.register(*pair(signal, tilted(20, 0)))
    assert found.verdict != "accept" and 'model="affine"' in found.reason and "tilt" in found.reason
    assert found.transform_model == "similarity" and found.stretch is None


def test_an_affine_model_finds_a_similarity_where_there_is_no_stretch(signal):
    truth = SimilarityTransform(1.1, 0.7, (5, 8), CENTRE).matrix
    found = xebra.register(*pair(signal, truth), model="affine")
    assert found.verdict == "accept" and found.stretch["ratio"] == pytest.approx(1, abs=0.003)
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.3


def test_a_mirrored_tilted_view_is_found(signal):
    truth = tilted(25, 30)
    fixed, moving = pair(signal, truth)
    found = xebra.register(fixed, moving[:, ::-1].copy(), mirror=True, model="affine")
    flip = np.array([[-1, 0, SIDE - 1], [0, 1, 0], [0, 0, 1.0]])
    assert found.transform.mirror and found.verdict == "accept"
    assert corner_error(found.fixed_from_moving, truth @ flip, (SIDE, SIDE)) < 0.3


def test_an_affine_result_survives_json_and_folder(signal, tmp_path):
    found = xebra.register(*pair(signal, SHEARED), model="affine")
    found.save(tmp_path)
    again = xebra.load(tmp_path)
    assert isinstance(again.transform, AffineTransform) and again.transform_model == "affine"
    assert np.allclose(again.fixed_from_moving, found.fixed_from_moving, atol=1e-12)
    assert np.array_equal(again.registered, found.registered)
    assert np.asarray(json.loads((tmp_path / "registration.json").read_text())["covariance"]).shape == (6, 6)


def _pair():
    return Pair(tilted(35, 20), (SIDE, 300), (200, SIDE), 0.02, 0.03)


def itk_matrix(text):
    values = next(line for line in text.splitlines() if line.startswith("Parameters")).split()[1:]
    numbers = list(map(float, values))
    return np.array([[*numbers[:2], numbers[4]], [*numbers[2:4], numbers[5]], [0, 0, 1]])


def slicer_matrix(text):
    values = next(line for line in text.splitlines() if line.startswith("Parameters")).split()[1:]
    numbers = np.array(list(map(float, values)))
    linear = numbers[:9].reshape(3, 3)
    return np.array([[*linear[0, :2], numbers[9]], [*linear[1, :2], numbers[10]], [0, 0, 1]])


def elastix_matrix(text):
    line = next(line for line in text.splitlines() if line.startswith("(TransformParameters"))
    numbers = list(map(float, line.strip("()").split()[1:]))
    return np.array([[*numbers[:2], numbers[4]], [*numbers[2:4], numbers[5]], [0, 0, 1]])


def rows_first(matrix):
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    return swap @ matrix @ swap


def napari_matrix(text):
    return rows_first(np.loadtxt(text.splitlines()))


def ngff_matrix(text):
    found = json.loads(text)["ome"]["scene"]["coordinateTransformations"][0]["affine"]
    return rows_first(np.vstack([found, [0, 0, 1]]))


def csv_matrix(text):
    return np.array([[float(v) for v in line.split(",")[1:]] for line in text.splitlines()[1:]])


def bigwarp_matrix(text):
    rows = list(csv.reader(io.StringIO(text)))
    points = np.array([[float(v) for v in row[2:]] for row in rows])
    solved = np.linalg.lstsq(np.c_[points[:, :2], np.ones(len(points))], points[:, 2:], rcond=None)[0]
    return np.vstack([solved.T, [0, 0, 1]])


def layers_matrix(text):
    return rows_first(np.array(json.loads(text)["moving"]["affine"]))


def mobie_matrix(text):
    numbers = json.loads(text)["sourceTransforms"][0]["affine"]["parameters"]
    return np.vstack([np.array(numbers).reshape(3, 4)[:2][:, [0, 1, 3]], [0, 0, 1]])


def hyperspy_matrix(text):
    return np.array(json.loads(text)["original_metadata"]["xebra"]["fixed_from_moving"])


def qupath_matrix(text):
    line = next(line for line in text.splitlines() if "new AffineTransform(" in line)
    numbers = list(map(float, line.split("(")[1].split(")")[0].split(",")))
    matrix = np.vstack([np.array(numbers).reshape(3, 2).T, [0, 0, 1]])
    to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.linalg.inv(to_corner) @ matrix @ to_corner


def field_matrix(text):
    """Return the affine map that a displacement field states, by least squares."""
    values, about = (
        np.array(line.split(": ")[1].split(), float)
        for line in text.splitlines()
        if line.startswith(("Parameters", "FixedParameters"))
    )
    (columns, rows), step = about[:2].astype(int), about[4:6]
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) * step
    design = np.column_stack([grid, np.ones(len(grid))])
    solved = np.linalg.lstsq(design / design.max(0), grid + values.reshape(-1, 2), rcond=None)[0]
    return np.vstack([(solved / design.max(0)[:, None]).T, [0, 0, 1]])


FORWARD = {
    "napari": napari_matrix,
    "napari-layers": layers_matrix,
    "ngff": ngff_matrix,
    "csv": csv_matrix,
    "bigwarp": bigwarp_matrix,
    "mobie": mobie_matrix,
    "hyperspy": hyperspy_matrix,
    "qupath": qupath_matrix,
}
OTHERS = ("json", "matrices", "ngff-field", "elastix-field")  # tests of their own
BACKWARD = {"itk": itk_matrix, "itk-field": field_matrix, "slicer": slicer_matrix, "elastix": elastix_matrix}


@pytest.mark.parametrize("name", [n for n in FORMATS if n.removesuffix("-px") not in OTHERS])
def test_an_affine_transform_round_trips_through_every_format(name):
    about = _pair()
    text, kind = FORMATS[name].write(about), name.removesuffix("-px").removesuffix("-um")
    um = 1e3 if kind in BACKWARD else 1.0  # ITK's files are in mm
    physical = not name.endswith("-px") and name not in ("csv", "qupath")
    fixed, moving = (0.02 / um, 0.03 / um) if physical else (1, 1)
    read = BACKWARD[kind](text) if kind in BACKWARD else FORWARD[kind](text)
    in_unit = np.linalg.inv(read) if kind in BACKWARD else read
    back = np.diag([1 / fixed, 1 / fixed, 1]) @ in_unit @ np.diag([moving, moving, 1])
    assert corner_error(back, about.fixed_from_moving, about.fixed_shape) < 1e-6


@pytest.mark.parametrize("package", ["scikit_image", "opencv", "scipy"])
def test_an_affine_transform_round_trips_through_the_matrices(package):
    about = _pair()
    matrix = np.array(json.loads(FORMATS["matrices"].write(about))[package]["matrix"])
    matrix = np.vstack([matrix, [0, 0, 1]]) if len(matrix) == 2 else matrix
    matrix = rows_first(matrix) if package == "scipy" else matrix
    assert corner_error(np.linalg.inv(matrix), about.fixed_from_moving, about.fixed_shape) < 1e-6
    body = json.loads(FORMATS["json"].write(about))
    assert np.allclose(body["fixed_from_moving"], about.fixed_from_moving, atol=1e-9)


def test_the_class_decomposes_a_matrix():
    rotation, stretch = SimilarityTransform(1.3, 0.8).linear, stretch_matrix(0.2, 0.4)
    transform = AffineTransform.from_matrix(affine(stretch @ rotation), CENTRE)
    assert transform.scale == pytest.approx(1.3) and transform.angle == pytest.approx(0.8)
    assert transform.stretch == pytest.approx(0.2) and transform.axis_deg == pytest.approx(math.degrees(0.4))
    assert transform.translation == pytest.approx((9, -6)) and not transform.mirror
    flipped = mirrored_first(transform)
    assert flipped.mirror and flipped.angle == pytest.approx(0.8) and flipped.stretch == pytest.approx(0.2)
    points = np.random.default_rng(1).normal(size=(5, 2))
    assert np.allclose(transform.inverse()(transform(points)), points)
    for matrix in (
        np.diag([1, 0, 1.0]),
        np.full((3, 3), np.nan),
        np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1.0]]),
    ):
        with pytest.raises(ValueError, match="affine"):
            AffineTransform.from_matrix(matrix)


def test_a_similarity_has_no_stretch():
    transform = AffineTransform.from_matrix(SimilarityTransform(1.3, 0.8, (1, 2), CENTRE).matrix, CENTRE)
    assert transform.stretch < 1e-7 and transform.angle == pytest.approx(0.8)


def test_the_covariance_is_that_of_the_parameters():
    """Compare the propagated covariance with that of random motions."""
    size, rng = 256, np.random.default_rng(3)
    unit = parameter_units(size, 6)
    root = 0.03 * unit[:, None] * (np.eye(6) + 0.3 * rng.normal(size=(6, 6)))
    information = np.linalg.inv(root @ root.T)
    evidence = Evidence(
        np.zeros(6), np.zeros((2, 6)), np.stack([information] * 2) / 2, 1.0, free=FREE["affine"]
    )
    best = Candidate(np.linalg.inv(tilted(30, 40)), 1.0, evidence, size)
    found = affine_covariance(best, (size, size), (size, size))
    motions = rng.multivariate_normal(np.zeros(6), root @ root.T, 4000)
    moved = [best.moving_from_fixed @ motion_matrix(motion, size) for motion in motions]
    drawn = np.cov(np.stack([affine_parameters(np.linalg.inv(m), (size, size)) for m in moved]).T)
    assert np.allclose(np.sqrt(np.diag(found)), np.sqrt(np.diag(drawn)), rtol=0.1)


def test_a_motion_of_six_parameters_is_its_displacement():
    parameters, points = (
        np.array([0.01, -0.02, 1.5, -0.5, 0.03, 0.02]),
        np.array([[10.0, -20.0], [3.0, 40.0]]),
    )
    center = (SIDE - 1) / 2
    moved = (motion_matrix(parameters, SIDE) @ np.c_[points * 2 + center, np.ones(2)].T)[:2].T
    assert np.allclose((moved - center) / 2 - points, displacement_at(parameters, points))


def test_models_that_are_not_possible_are_refused(signal):
    images = pair(signal, np.eye(3))
    with pytest.raises(ModelUnsupported, match="must be one of"):
        xebra.register(*images, model="projective")
    with pytest.raises(ModelUnsupported, match="similarities only"):
        xebra.register(*images, model="affine", network="paper")
