"""A prior narrows the search and never overrules the images; a known tilt is taken out beforehand."""

import math

import numpy as np
import pytest
import torch
from support.specimens import specimen

import xebra
from xebra.engine import OnnxEngine
from xebra.errors import PriorInvalid
from xebra.estimate.stretched_attempts import stretch_matrix
from xebra.image import Image
from xebra.prior import Prior
from xebra.resample import resample
from xebra.reshaping import untilted
from xebra.specimen.draw import Replay
from xebra.specimen.instruments import absorption
from xebra.specimen.pairs import PHYSICS
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.transform_files import FORMATS, Pair

SIDE = 256
CENTRE = image_center((SIDE, SIDE))
TRUTH = SimilarityTransform(1.05, 2.0, (9.0, -6.0), CENTRE)
OFF = SimilarityTransform(1.02, math.radians(2), (7.0, -6.0), CENTRE)  # within the default tolerances
ELSEWHERE = SimilarityTransform(1.05, 0.3, (9.0, -6.0), CENTRE)


@pytest.fixture(scope="module")
def signal():
    physics = torch.rand(1, PHYSICS, generator=torch.Generator().manual_seed(1))
    return absorption(Replay(physics), specimen(640, seed=9))[0].numpy()


def pair(signal, truth, noise=0.05, moving_side=SIDE):
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    rng = np.random.default_rng(4)
    sides = (np.eye(3), SIDE), (truth, moving_side)
    views = [resample(signal, whole @ matrix, (side, side)) for matrix, side in sides]
    return [view + noise * view.std() * rng.normal(size=view.shape) for view in views]


@pytest.fixture
def graphs(monkeypatch):
    """Return the names of the graphs that are run."""
    names, run = [], OnnxEngine.run

    def noted(self, model, **inputs):
        names.append(model)
        return run(self, model, **inputs)

    monkeypatch.setattr(OnnxEngine, "run", noted)
    return names


@pytest.mark.parametrize("model", ["similarity", "affine"])
def test_a_prior_within_its_tolerances_replaces_the_search(signal, graphs, model):
    guess = OFF.matrix @ TRUTH.matrix
    found = xebra.register(*pair(signal, TRUTH.matrix), prior=guess, model=model)
    assert found.verdict == "accept"
    assert corner_error(found.fixed_from_moving, TRUTH.matrix, (SIDE, SIDE)) < 0.3
    assert not any("search" in name for name in graphs)


def test_an_earlier_registration_is_a_prior(signal):
    images = pair(signal, TRUTH.matrix)
    first = xebra.register(*images)
    again = xebra.register(*images, prior=first)
    assert again.verdict == "accept"
    assert corner_error(again.fixed_from_moving, first.fixed_from_moving, (SIDE, SIDE)) < 0.1


def test_an_affine_result_is_a_prior_of_a_similarity(signal):
    images = pair(signal, TRUTH.matrix)
    found = xebra.register(*images, prior=xebra.register(*images, model="affine"))
    assert found.verdict == "accept" and found.stretch is None
    assert corner_error(found.fixed_from_moving, TRUTH.matrix, (SIDE, SIDE)) < 0.3


def test_a_wrong_prior_does_not_overrule_the_images(signal):
    found = xebra.register(*pair(signal, TRUTH.matrix), prior=ELSEWHERE.matrix)
    assert corner_error(found.fixed_from_moving, TRUTH.matrix, (SIDE, SIDE)) < 0.3
    assert found.verdict == "review" and "contradict the prior" in found.reason


def test_tolerances_decide_what_contradicts(signal):
    guess = SimilarityTransform(1.05, 2.0, (40.0, -6.0), CENTRE).matrix
    images = pair(signal, TRUTH.matrix)
    assert xebra.register(*images, prior=guess).verdict == "review"
    assert xebra.register(*images, prior=xebra.Prior(guess, shift=0.2)).verdict == "accept"


def test_a_prior_of_a_detail_in_an_overview(signal, graphs):
    truth = TRUTH.matrix.copy()
    truth[:2, :2] *= 0.4  # the moving image shows a small part at a higher magnification
    fixed, moving = pair(signal, truth)
    found = xebra.register(fixed, moving, prior=truth)
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 2
    assert found.verdict == "accept" and not any("search" in name for name in graphs)


def test_a_mirrored_prior_registers_a_mirrored_image(signal):
    fixed, moving = pair(signal, TRUTH.matrix)
    flip = np.array([[-1, 0, SIDE - 1], [0, 1, 0], [0, 0, 1.0]])
    found = xebra.register(fixed, moving[:, ::-1].copy(), mirror=None, prior=TRUTH.matrix @ flip)
    assert found.verdict == "accept" and found.transform.mirror
    assert corner_error(found.fixed_from_moving, TRUTH.matrix @ flip, (SIDE, SIDE)) < 0.3


@pytest.mark.parametrize("side", ["fixed", "moving"])
def test_a_known_tilt_is_taken_out_before_the_search(signal, side):
    """Foreshorten one view by a tilt of 45 degrees about an axis of 30 degrees: the rest is a similarity."""
    foreshortened = np.eye(3)
    foreshortened[:2, :2] = np.linalg.inv(untilted((45.0, 30.0)))
    foreshortened[:2, 2] = CENTRE - foreshortened[:2, :2] @ CENTRE
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    shown = {"fixed": np.eye(3), "moving": TRUTH.matrix}
    shown[side] = shown[side] @ np.linalg.inv(foreshortened)
    rng = np.random.default_rng(4)
    views = [resample(signal, whole @ matrix, (SIDE, SIDE)) for matrix in shown.values()]
    fixed, moving = (view + 0.05 * view.std() * rng.normal(size=view.shape) for view in views)
    truth = np.linalg.inv(shown["fixed"]) @ shown["moving"]
    found = xebra.register(fixed, moving, **{f"{side}_tilt": (45.0, 30.0)})
    assert found.verdict == "accept" and found.covariance.shape == (6, 6)
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.3
    assert found.stretch["tilt_deg"] == pytest.approx(45, abs=0.5)


@pytest.mark.parametrize("model", ["translation", "rigid"])
def test_models_hold_scale_and_angle(signal, model):
    angle = 0.0 if model == "translation" else 1.2
    truth = SimilarityTransform(1.0, angle, (12.0, -7.0), CENTRE).matrix
    found = xebra.register(*pair(signal, truth), model=model)
    assert found.verdict == "accept" and found.scale == pytest.approx(1, abs=1e-9)
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.1
    held = [0] if model == "rigid" else [0, 1]
    assert found.covariance[held][:, held] == pytest.approx(0, abs=1e-12)
    if model == "translation":
        assert found.angle_deg == pytest.approx(0, abs=1e-9)


def test_rigid_holds_the_scale_of_the_spacings(signal):
    truth = SimilarityTransform(1.25, 0.7, (5.0, 3.0), CENTRE).matrix
    found = xebra.register(*pair(signal, truth), fixed_spacing=0.4, moving_spacing=0.5, model="rigid")
    assert found.verdict == "accept" and found.scale == pytest.approx(1.25, abs=1e-9)
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.2


@pytest.mark.parametrize("scale", [1.06, 1.4])
def test_images_of_another_scale_than_rigid_holds_are_reported(signal, scale):
    truth = SimilarityTransform(scale, 0.7, (5.0, 3.0), CENTRE).matrix
    found = xebra.register(*pair(signal, truth), model="rigid")
    assert found.verdict != "accept" and f"{scale:.2f}" in found.reason and "similarity" in found.reason


def test_priors_and_tilts_that_are_not_possible_are_refused(signal):
    images = pair(signal, np.eye(3))
    for wrong in ("here", [[1, 2], [3, 4]], np.zeros((3, 3)), np.full((3, 3), np.nan)):
        with pytest.raises(PriorInvalid):
            xebra.register(*images, prior=wrong)
    with pytest.raises(PriorInvalid, match="positive"):
        Prior(np.eye(3), shift=-1)
    with pytest.raises(PriorInvalid, match="80 degrees"):
        xebra.register(*images, moving_tilt=90)


def test_a_tilt_stretches_across_its_axis():
    assert untilted(60.0) == pytest.approx(np.diag([1, 2]), abs=1e-12)
    assert untilted((60.0, 90.0)) == pytest.approx(np.diag([2, 1]), abs=1e-12)
    along = stretch_matrix(math.log(2) / 2, math.pi / 2) * math.sqrt(2)
    assert untilted(60.0) == pytest.approx(along, abs=1e-12)


def test_oblong_pixels_are_taken_as_they_are(signal, tmp_path):
    """Bin the moving view along y only: with both spacings the rest is a similarity."""
    squeezed = np.diag([1.0, 1.5, 1.0])
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    truth = TRUTH.matrix @ squeezed
    shown = ((np.eye(3), (SIDE, SIDE)), (truth, (170, SIDE)))
    rng = np.random.default_rng(4)
    views = [resample(signal, whole @ matrix, shape) for matrix, shape in shown]
    fixed, moving = (view + 0.05 * view.std() * rng.normal(size=view.shape) for view in views)
    moving = Image(moving, 1.5**0.5, spacing_axes=(1.0, 1.5))
    found = xebra.register(fixed, moving, fixed_spacing=1 / 1.05)
    assert found.verdict == "accept" and found.transform_model == "similarity"
    assert corner_error(found.fixed_from_moving, truth, (SIDE, SIDE)) < 0.3
    assert found.stretch["ratio"] == pytest.approx(1.5, abs=0.003)
    found.save(tmp_path)
    again = xebra.load(tmp_path)
    assert again.moving.pixel_spacing_xy == (1.0, 1.5)
    assert np.allclose(again.fixed_from_moving, found.fixed_from_moving, atol=1e-12)


def test_files_in_physical_units_use_both_spacings(signal):
    about = Pair(np.eye(3), (9, 9), (9, 9), 0.3**0.5, 0.2, fixed_spacing_axes=(0.5, 0.6))
    assert about.fixed_from_moving_in("um") == pytest.approx(np.diag([2.5, 3, 1]))
    assert "(Spacing 0.0005 0.0006)" in FORMATS["elastix"].write(about)
    assert "scale=(0.6, 0.5)" in FORMATS["napari"].write(about)
    assert "0.5 x 0.6 um per px" in FORMATS["csv-um"].write(about)
