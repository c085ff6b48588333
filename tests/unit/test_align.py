"""`xebra.register` on the bundled sample pair: the same result for paths, images and arrays."""

import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom
from support.specimens import seen_twice, specimen

import xebra
from xebra.align import Aligner
from xebra.engine import OnnxEngine, open_engine
from xebra.errors import EngineFailed, ImageUnusable, NetworkUnknown
from xebra.estimate.confidence import Confidence
from xebra.estimate.disagreement_verdict import DisagreementCalibration
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.regression_estimator import RegressionEstimator
from xebra.image import Image, read_image
from xebra.registration import Registration
from xebra.sample import FIXED, MOVING, TRUTH
from xebra.specimen.instruments import absorption, backscattered_electrons
from xebra.transform import SimilarityTransform, corner_error, image_center, map_points
from xebra.weights import weights


@pytest.fixture(scope="module")
def truth():
    return json.loads(TRUTH.read_text())


@pytest.fixture(scope="module")
def found():
    return xebra.register(FIXED, MOVING)


def test_the_sample_pair_is_aligned(found, truth):
    error = corner_error(found.fixed_from_moving, np.array(truth["fixed_from_moving"]), found.fixed.shape)
    assert error < 3
    assert found.angle_deg == pytest.approx(truth["angle_deg"], abs=1)
    assert found.scale == pytest.approx(truth["scale"], rel=0.02)
    assert found.shift_px == pytest.approx(truth["shift_px"], abs=3)


def test_the_same_input_gives_the_same_output_bit_for_bit(found):
    again = Aligner().register(FIXED, MOVING)
    assert np.array_equal(again.fixed_from_moving, found.fixed_from_moving)
    assert np.array_equal(again.registered, found.registered)


def test_paths_images_and_arrays_give_the_same_answer(found):
    fixed, moving = xebra.read_image(FIXED), xebra.read_image(MOVING)
    for pair in ((str(FIXED), moving), (fixed, moving.pixels)):
        assert np.array_equal(xebra.register(*pair).fixed_from_moving, found.fixed_from_moving)


def test_both_matrices_are_inverses_and_the_shift_is_centre_to_centre(found):
    assert np.allclose(found.fixed_from_moving @ found.moving_from_fixed, np.eye(3), atol=1e-9)
    centre = map_points(found.fixed_from_moving, np.array([127.5, 127.5])) - 127.5
    assert centre == pytest.approx(found.shift_px)


def test_registered_image_keeps_the_moving_dtype_on_the_fixed_grid(found):
    assert found.registered.dtype == found.moving.pixels.dtype == np.uint16
    assert found.registered.shape == found.fixed.shape
    assert found.coverage.shape == found.fixed.shape
    assert (found.registered[~found.coverage] == 0).all()


def test_exchanging_the_images_gives_the_inverse_to_within_the_error_bar(found):
    back = xebra.register(MOVING, FIXED, fixed_spacing=None)
    apart = corner_error(back.moving_from_fixed, found.fixed_from_moving, found.fixed.shape)
    assert apart < 2 * (found.expected_corner_error_px + back.expected_corner_error_px)


def test_larger_copies_of_both_images_give_the_same_transform_in_their_px(found):
    twice = [np.kron(image.pixels, np.ones((2, 2), np.uint16)) for image in (found.fixed, found.moving)]
    large = xebra.register(*twice)
    assert large.scale == pytest.approx(found.scale, rel=0.01)
    assert large.shift_px == pytest.approx([2 * s for s in found.shift_px], abs=4)


def test_the_expected_error_is_in_px_of_the_fixed_image(monkeypatch):
    """The estimator works at 256 px; the same error in twice the px is twice as large."""
    monkeypatch.setattr(Confidence, "expected_error_px", lambda *_: 1.5)
    pixels = read_image(FIXED).pixels
    for factor in (1, 2):
        large = np.kron(pixels, np.ones((factor, factor), pixels.dtype))
        expected = xebra.register(large, large).expected_corner_error_px
        assert expected == pytest.approx(1.5 * max(large.shape) / 256)


def test_the_truth_lies_within_the_intervals_or_near_them(found, truth):
    intervals = json.loads(json.dumps(found.intervals))
    assert abs(found.angle_deg - truth["angle_deg"]) < min(2 * intervals["angle_deg"], 1)
    assert abs(found.scale - truth["scale"]) < min(2 * intervals["scale"], 0.02)
    for half, found_px, true_px in zip(intervals["shift_px"], found.shift_px, truth["shift_px"], strict=True):
        assert abs(found_px - true_px) < min(2 * half, 3)


def test_known_spacings_narrow_the_scale_and_the_answer_stays(found, truth):
    """A moving px is 1.19 fixed px; that spacing off by a fortieth keeps the right answer within reach."""
    spacing = 0.05 * truth["scale"] * 1.025
    known = xebra.register(FIXED, MOVING, fixed_spacing=0.05, moving_spacing=spacing)
    assert corner_error(known.fixed_from_moving, found.fixed_from_moving, found.fixed.shape) < 2
    assert known.verdict == "accept"


def test_wrong_spacings_are_not_accepted(truth):
    wrong = xebra.register(FIXED, MOVING, fixed_spacing=0.05, moving_spacing=0.05 * truth["scale"] * 1.8)
    assert wrong.verdict != "accept"


def test_a_periodic_pattern_is_never_accepted():
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(1)
    dots = [
        np.exp(3 * (np.cos((x + right) * np.pi / 11) + np.cos((y + down) * np.pi / 11)))
        for right, down in ((0, 0), (7, 5))
    ]
    found = xebra.register(*[each + rng.normal(size=each.shape) * 20 for each in dots])
    assert found.verdict != "accept"


def test_an_ambiguous_period_is_found_and_another_shift_is_none():
    """The check of periods alone, without the other rules of the verdict."""
    y, x = np.mgrid[:256, :256]
    lattice = np.exp(3 * (np.cos(x * np.pi / 16) + np.cos(y * np.pi / 16)) - 6)
    unique = gaussian_filter(np.random.default_rng(5).normal(size=(256, 256)), 3)
    estimator = PyramidEstimator(weights(), open_engine())
    for pixels, period in ((lattice, 32), (unique / unique.std(), None)):
        image = Image(pixels.astype(np.float32))
        found = estimator.find(image, image)
        assert found.period_px == (None if period is None else pytest.approx(period, abs=1))


def test_a_mirrored_image_is_refused_with_the_option_that_helps(found):
    pixels = found.moving.pixels[:, ::-1]
    refused = xebra.register(FIXED, np.ascontiguousarray(pixels))
    assert refused.verdict == "refuse" and "--mirror" in refused.reason


def test_pixel_sizes_that_contradict_the_images_are_named(truth):
    right = 0.05 * truth["scale"]
    slightly = xebra.register(FIXED, MOVING, fixed_spacing=0.05, moving_spacing=right * 1.07)
    assert slightly.verdict == "review" and "pixel sizes contradict" in slightly.reason
    far = xebra.register(FIXED, MOVING, fixed_spacing=0.05, moving_spacing=right * 1.8)
    assert far.verdict == "refuse" and "pixel sizes contradict" in far.reason


@pytest.mark.parametrize("tolerance", [0, -1, math.nan, math.inf])
def test_a_tolerance_is_a_positive_length(tolerance):
    with pytest.raises(ValueError, match="tolerance must be a positive number"):
        xebra.register(FIXED, MOVING, tolerance=tolerance)


def test_a_tolerance_below_the_expected_error_is_not_met(found):
    strict = xebra.register(FIXED, MOVING, tolerance=0.5 * found.expected_corner_error_px)
    assert strict.verdict == "review" and "above the tolerance" in strict.reason


def test_a_tilted_view_is_not_accepted_and_the_tilt_is_named():
    """A similarity leaves what a tilt of 25 degrees foreshortens."""
    pixels = specimen(600, seed=11)
    fixed, _ = seen_twice(pixels, (absorption, absorption), SimilarityTransform(), side=400)
    tilted = zoom(fixed, (math.cos(math.radians(25)), 1), order=1)
    result = xebra.register(fixed, tilted)
    assert result.verdict != "accept" and "stretched" in result.reason


def test_a_large_pair_ends_within_one_of_its_own_pixels():
    truth = SimilarityTransform(0.85, math.radians(100), (60, -40), image_center((1024, 1024)))
    pair = seen_twice(specimen(1440, seed=9), (backscattered_electrons, absorption), truth, side=1024)
    found = xebra.register(*pair)
    assert corner_error(found.fixed_from_moving, truth.matrix, (1024, 1024)) < 1


def test_a_known_spacing_gives_micrometres_and_an_unknown_one_none(found):
    assert found.fixed.pixel_spacing == pytest.approx(0.05)
    assert found.shift_um == pytest.approx([s * 0.05 for s in found.shift_px])
    unknown = xebra.register(found.fixed.pixels, found.moving.pixels)
    assert unknown.shift_um is None and unknown.expected_corner_error_um is None


def test_the_json_form_is_json_and_names_the_network(found):
    result = json.loads(json.dumps(found.to_json()))
    assert result["model"]["name"] == weights().name
    assert result["model"]["weights_sha256"] == weights().sha256
    assert result["verdict"] in ("accept", "review", "refuse")
    assert result["timings_s"]["estimate"] > 0


def test_unrelated_images_are_not_accepted():
    rng = np.random.default_rng(3)
    noise = [rng.normal(size=(256, 256)).astype(np.float32) for _ in range(2)]
    assert xebra.register(*noise).verdict != "accept"


def test_images_of_different_specimens_are_refused_at_every_size():
    """Most of them: the threshold is chosen so that 3 % of unrelated pairs are for review."""
    verdicts = []
    for number, side in enumerate((64, 96, 128, 256, 256, 400, 512, 700)):
        first, second = (specimen(2 * side, seed=seed) for seed in (number, 50 + number))
        still = SimilarityTransform()
        fixed, _ = seen_twice(first, (backscattered_electrons, absorption), still, side=side)
        _, moving = seen_twice(second, (backscattered_electrons, absorption), still, side=side)
        verdicts.append(xebra.register(fixed, moving).verdict)
    assert "accept" not in verdicts and verdicts.count("refuse") >= 6, verdicts


def test_an_unknown_network_is_named_with_those_there_are():
    with pytest.raises(NetworkUnknown, match=r"no network 'magic'; choose from .*paper"):
        xebra.register(FIXED, MOVING, network="magic")


def test_a_constant_array_is_refused_by_name():
    with pytest.raises(ImageUnusable, match="moving"):
        xebra.register(np.random.default_rng(0).random((80, 80)), np.ones((80, 80)))


@pytest.mark.parametrize("url", ["http://triton:8000", "tensorrt", "s3://weights"])
def test_a_wrong_engine_url_fails_with_a_message(url):
    with pytest.raises(ValueError, match="XEBRA_INFERENCE_URL: no inference engine for"):
        Aligner(url)


def test_serving_leaves_torch_out():
    code = "import sys, xebra; xebra.register(*sys.argv[1:]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, FIXED, MOVING], check=True)


def test_weights_without_calibration_are_refused():
    class OtherWeights(OnnxEngine):
        def weights_sha256(self, model):
            return "0" * 64

    aligner = Aligner()
    aligner.engine = OtherWeights(aligner.engine.folder)
    with pytest.raises(EngineFailed, match="serves weights 000000000000 as"):
        aligner.register(FIXED, MOVING)


@pytest.fixture
def own_weights(tmp_path):
    """Return a function that opens an aligner on a copy of the default network with another calibration."""

    def changed(**confidence):
        for graph in (*weights().graphs, weights().name):
            shutil.copytree(weights().folder.parent / graph, tmp_path / graph)
        file = tmp_path / weights().name / "config.json"
        config = json.loads(file.read_text())
        config["confidence"].update(confidence)
        file.write_text(json.dumps(config))
        return Aligner(tmp_path.as_uri())

    return changed


def test_networks_in_another_folder_use_their_own_calibration(own_weights, found):
    scales = {
        stage: {
            **scale,
            "uncertainty_scale": 5 * scale["uncertainty_scale"],
            "interval_scale": [5 * s for s in scale["interval_scale"]],
        }
        for stage, scale in weights().config["confidence"]["error_scales"].items()
    }
    own = own_weights(error_scales=scales).register(FIXED, MOVING)
    assert np.array_equal(own.fixed_from_moving, found.fixed_from_moving)
    assert own.intervals["scale"] == pytest.approx(5 * found.intervals["scale"])
    assert own.expected_corner_error_px > 2 * found.expected_corner_error_px


def test_a_pair_that_the_quick_attempt_does_not_accept_gets_a_thorough_one(own_weights, found):
    own = own_weights(accept_probability=1.01).register(FIXED, MOVING)
    assert own.verdict != "accept" and found.verdict == "accept"
    apart = corner_error(own.fixed_from_moving, found.fixed_from_moving, own.fixed.shape)
    assert 0 < apart < 0.5


def test_a_missing_graph_raises_engine_failed(tmp_path):
    shutil.copytree(weights().folder, tmp_path / weights().name)
    with pytest.raises(EngineFailed, match="There is no network 'pyramid_coarse_search' in"):
        Aligner(tmp_path.as_uri()).register(FIXED, MOVING)


def test_the_papers_network_gives_the_exact_inverse_when_the_images_are_exchanged():
    forth, back = (xebra.register(*pair, network="paper") for pair in ((FIXED, MOVING), (MOVING, FIXED)))
    assert corner_error(back.moving_from_fixed, forth.fixed_from_moving, forth.fixed.shape) < 1e-6
    assert forth.intervals is None and forth.to_json()["intervals"] is None


def test_an_estimate_outside_the_training_range_of_the_papers_network_is_for_review():
    """The same weights with a smaller training range and a low expected error."""
    estimator = RegressionEstimator(weights("paper"), Aligner().engine)
    estimator.calibration = DisagreementCalibration([0.0, 1000.0], [1.0, 1.0])
    turned = SimilarityTransform(1.0, math.radians(5), (0, 0), image_center((256, 256)))
    pair = [Image(view) for view in seen_twice(specimen(576, seed=5), (absorption, absorption), turned, 256)]
    before = estimator.estimate(*pair)
    estimator.limits = estimator.limits * 0.1
    after = estimator.estimate(*pair)
    assert before.verdict == "accept"
    assert np.array_equal(before.transform.matrix, after.transform.matrix)
    assert after.verdict == "review" and "outside the range" in after.reason


@pytest.fixture(scope="module")
def turned_over():
    fixed, moving = xebra.read_image(FIXED), xebra.read_image(MOVING)
    return fixed, Image(np.ascontiguousarray(moving.pixels[:, ::-1]), moving.pixel_spacing)


def test_a_mirrored_pair_is_registered_with_mirror_true(found, turned_over):
    mirrored = xebra.register(*turned_over, mirror=True)
    assert mirrored.transform.mirror and np.linalg.det(mirrored.fixed_from_moving) < 0
    assert np.array_equal(mirrored.registered, found.registered)
    assert (mirrored.angle_deg, mirrored.scale) == (found.angle_deg, found.scale)


def test_mirror_none_detects_the_mirrored_image(found, turned_over):
    assert xebra.register(*turned_over, mirror=None).transform.mirror
    assert not xebra.register(FIXED, MOVING, mirror=None).transform.mirror


def test_the_search_map_has_its_maximum_near_the_estimate(found):
    scores = np.array(found.search.scores)
    scale, angle = np.unravel_index(scores.argmax(), scores.shape)
    assert math.remainder(found.search.angles_deg[angle] - found.angle_deg, 360) == pytest.approx(0, abs=10)
    assert found.search.scales[scale] == pytest.approx(found.scale, rel=0.2)


def test_from_json_restores_a_registration(found):
    body = json.loads(json.dumps(found.to_json()))
    restored = Registration.from_json(body, found.fixed, found.moving).to_json()
    lengths = ("angle_deg", "scale", "shift_px", "shift_um")
    for name in (*lengths, "fixed_from_moving", "moving_from_fixed", "covariance"):
        assert np.allclose(restored.pop(name), body.pop(name))
    assert restored.pop("intervals")["scale"] == pytest.approx(body.pop("intervals")["scale"])
    assert restored == body
