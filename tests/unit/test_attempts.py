"""Attempts at a pair: candidates, competitors, and the final stage."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from xebra.engine import open_engine
from xebra.estimate import attempts, final_stage
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.density_refinement import refine_by_density
from xebra.estimate.final_stage import FinalEstimate
from xebra.estimate.image_pair import (
    Candidate,
    ImagePair,
    corner_distance_px,
    corner_distances_px,
    distinct,
    identity_candidates,
    noise_share,
    translation,
)
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.quality_features import INTENSITY, WHOLE_VIEW
from xebra.estimate.refinement import refine_step, refine_until_converged
from xebra.image import Image, read_image
from xebra.sample import FIXED, MOVING, TRUTH
from xebra.transform import corner_error
from xebra.weights import weights


@pytest.fixture(scope="module")
def images():
    """The sample pair without pixel spacings, so that the scale is searched."""
    return [Image(read_image(file).gray) for file in (FIXED, MOVING)]


@pytest.fixture(scope="module")
def truth():
    known = json.loads(TRUTH.read_text())
    return np.array(known["fixed_from_moving"])


@pytest.fixture(scope="module")
def attempted(images):
    pair, attempts = PyramidEstimator(weights(), open_engine()).attempts(*images)
    return pair, attempts, list(attempts)


def test_both_attempts_at_the_sample_pair_are_accurate(attempted, truth):
    pair, _, made = attempted
    assert len(made) == 2
    for attempt in made:
        found = np.linalg.inv(attempt.best.moving_from_fixed)
        assert corner_error(found, truth, pair.fixed.shape) < 3


def test_refinement_reduces_the_error_of_the_search(attempted, truth):
    pair, attempts, (quick, _) = attempted
    right = Candidate(np.linalg.inv(truth), 0.0)
    searched, last = attempts.hypotheses[0], quick.path[-1]
    assert corner_distance_px(pair, last, right) < corner_distance_px(pair, searched, right)


@pytest.mark.parametrize("seed", range(5))
def test_distinct_candidates_are_apart_and_the_best_of_those_near_them(images, seed):
    rng, pair = np.random.default_rng(seed), ImagePair(*images)
    moves = rng.normal(0, 12, (40, 2))
    candidates = [Candidate(translation(x, y), 0.0) for x, y in moves]
    kept = distinct(pair, candidates, 10.0)
    assert 1 < len(kept) < len(candidates)
    for number, candidate in enumerate(candidates):
        before = [c for c in kept if any(c is earlier for earlier in candidates[:number])]
        near = bool(before) and corner_distances_px(pair, candidate, before).min() <= 10
        assert near != any(candidate is c for c in kept)
    assert distinct(pair, iter(candidates), 10.0, 3) == kept[:3]
    assert distinct(pair, [], 10.0) == []


def test_distances_to_many_candidates_are_those_to_each(images):
    pair = ImagePair(*images)
    one, *others = (
        Candidate(translation(x, 2.0) @ np.diag([s, s, 1]), 0.0) for x, s in [(0, 1), (5, 1.1), (9, 0.8)]
    )
    each = [corner_distance_px(pair, one, other) for other in others]
    assert np.allclose(corner_distances_px(pair, one, others), each)
    assert corner_distances_px(pair, one, []).shape == (0,)
    shifted = Candidate(translation(30.0, 40.0), 0.0)
    assert corner_distance_px(pair, one, shifted) == pytest.approx(
        math.hypot(30, 38) * 256 / max(pair.fixed.shape)
    )


def test_the_thorough_attempt_refines_each_place_once(images, monkeypatch):
    pair, made = PyramidEstimator(weights(), open_engine()).attempts(*images)
    refined = []
    monkeypatch.setattr(
        made, "_refine", lambda candidates, level=None: refined.extend(candidates) or candidates
    )
    made.searched()
    assert len(made.hypotheses) == attempts.SEARCH_CANDIDATES
    assert attempts.SEARCH_CANDIDATES < len(refined) < 2 * attempts.SEARCH_CANDIDATES
    for number, candidate in enumerate(refined[1:], 1):
        assert corner_distances_px(pair, candidate, refined[:number]).min() > attempts.DUPLICATE_PX


@pytest.mark.parametrize(("margin", "refined"), [(-math.inf, 1), (math.inf, 3)])
def test_the_quick_attempt_refines_only_competitors_of_the_best(monkeypatch, images, margin, refined):
    monkeypatch.setattr(attempts, "COMPETITOR_MARGIN", margin)
    engine, calls = open_engine(), []
    run = engine.run
    monkeypatch.setattr(
        engine, "run", lambda graph, **views: calls.append((graph, views)) or run(graph, **views)
    )
    next(iter(PyramidEstimator(weights(), engine).attempts(*images)[1]))
    graph, views = calls[1]
    assert (graph, len(views["moving"])) == ("pyramid_128", refined)


def test_a_swapped_pair_has_inverse_candidates(attempted, images):
    pair, _, _ = attempted
    back = ImagePair(*images).swapped()
    assert back.fixed.shape == pair.moving.shape
    here, there = (identity_candidates(each, 128)[0].moving_from_fixed for each in (pair, back))
    assert np.allclose(here @ there, np.eye(3))


def test_of_equal_network_scores_the_higher_mutual_information_ranks_first(attempted):
    pair, made, (quick, _) = attempted
    aside = quick.best.moving_from_fixed @ np.array([[1, 0, 25], [0, 1, 25], [0, 0, 1.0]])
    wrong = replace(quick.best, moving_from_fixed=aside)
    assert CandidateScoring(pair, made.search).ranked([wrong, quick.best])[0] is quick.best


def test_ambiguous_candidates_skip_the_quick_attempt(monkeypatch, images):
    monkeypatch.setattr(attempts, "COMPETITOR_MARGIN", math.inf)
    monkeypatch.setattr(attempts, "AMBIGUOUS_MARGIN", math.inf)
    (only,) = PyramidEstimator(weights(), open_engine()).attempts(*images)[1]
    assert only.features.thorough


def test_pixel_intensities_exclude_a_competitor_that_they_do_not_confirm(attempted):
    _, made, (quick, _) = attempted
    elsewhere = quick.best.moving_from_fixed @ np.array([[1, 0, 70], [0, 1, -60], [0, 0, 1.0]])
    competitor = replace(quick.path[0], moving_from_fixed=elsewhere)
    score = quick.path[0].score
    by_network, by_intensity = (
        FinalEstimate(quick.best, quick.best, stage, 0.0) for stage in (WHOLE_VIEW, INTENSITY)
    )
    assert made._competing_score(score, [competitor], by_network) == score
    assert made._competing_score(score, [competitor, quick.path[0]], by_intensity) == 0
    far = replace(competitor, score=score - 2 * attempts.MIN_SCORE_MARGIN)
    assert made._competing_score(score, [far, competitor], by_intensity) == far.score


@pytest.fixture
def quick(monkeypatch, images):
    """Attempts at the sample pair without intensity refinement, and a function that makes the first."""
    monkeypatch.setattr(final_stage, "refine_by_intensity", lambda *_: None)
    pair, made = PyramidEstimator(weights(), open_engine()).attempts(*images)
    return pair, made, lambda: next(iter(made))


def test_across_contrasts_the_mean_of_network_and_mutual_information_is_refined(quick):
    pair, made, first = quick
    found = first()
    network = found.path[-1]
    independent = CandidateScoring(pair, made.search).mi_refined_fine(network)
    assert found.features.final_stage == WHOLE_VIEW
    distance = found.features.independent_disagreement_px
    assert 0 < distance == pytest.approx(corner_distance_px(pair, network, independent))
    matrices = [end.moving_from_fixed for end in (network, independent)]
    mean = replace(network, moving_from_fixed=np.mean(matrices, 0))
    assert 0 < corner_distance_px(pair, found.best, mean) < final_stage.MAX_AVERAGED_PX
    expected = refine_by_density(pair, mean).moving_from_fixed
    np.testing.assert_allclose(found.best.moving_from_fixed, expected, rtol=1e-9, atol=1e-9)
    moved = corner_distance_px(pair, network, found.best)
    assert 0 < found.features.network_distance_px == pytest.approx(moved)


def test_the_distance_of_network_and_final_estimate_is_a_feature_of_an_affine_one_too(monkeypatch, attempted):
    _, made, (quick, _) = attempted
    start, end = quick.path
    refined = SimpleNamespace(candidate=quick.best, start=start, end=end)
    monkeypatch.setattr(attempts, "refine_affine", lambda *_: refined)
    final = FinalEstimate(quick.best, quick.best, WHOLE_VIEW, 0.3, network_distance_px=1.5)
    monkeypatch.setattr(attempts, "finalise", lambda *_: final)
    before = replace(quick, features=replace(quick.features, network_distance_px=4.0))
    assert made.affine(before).features.network_distance_px == 1.5


def test_an_independent_estimate_far_off_is_not_averaged(monkeypatch, quick):
    aside = np.array([[1, 0, 25], [0, 1, 25], [0, 0, 1.0]])
    monkeypatch.setattr(
        CandidateScoring,
        "mi_refined_fine",
        lambda _, c: replace(c, moving_from_fixed=c.moving_from_fixed @ aside),
    )
    found = quick[2]()
    assert found.features.independent_disagreement_px > final_stage.MAX_AVERAGED_PX
    assert found.best.moving_from_fixed is found.path[-1].moving_from_fixed


def test_refinement_by_mutual_information_reduces_the_error(attempted):
    pair, made, (quick, _) = attempted
    aside = quick.best.moving_from_fixed @ np.array([[1, 0, 10], [0, 1, -6], [0, 0, 1.0]])
    scoring, start = CandidateScoring(pair, made.search), replace(quick.best, moving_from_fixed=aside)
    coarse = scoring.mi_refined_coarse(start)
    fine = scoring.mi_refined_fine(coarse)
    errors = [corner_distance_px(pair, each, quick.best) for each in (start, coarse, fine)]
    assert errors[0] > 10 and errors[1] < 3 and errors[2] < 2


def test_a_competitor_counts_even_if_it_is_not_among_the_likely_ones(monkeypatch, images):
    """All refined candidates are compared, not only those that are refined further."""
    monkeypatch.setattr(attempts, "FOLLOWED", 1)
    _, made = PyramidEstimator(weights(), open_engine()).attempts(*images)
    seen = []
    monkeypatch.setattr(made, "_competing_score", lambda score, others, final: seen.append(others) or 0.0)
    list(made)
    _, thorough = seen
    assert len(thorough) > 3 and len({id(c) for c in thorough}) == len(thorough)


def test_the_right_one_of_places_a_period_apart_is_found_from_the_next_one():
    """A tile repeated six by six times, with one object that breaks the period."""
    rng = np.random.default_rng(7)
    tile = gaussian_filter(rng.normal(size=(40, 40)), 2.5, mode="wrap")
    periodic = np.tile(tile / tile.std(), (7, 7))
    row, column = np.indices(periodic.shape) - np.array([150, 120])[:, None, None]
    specimen = periodic + 6 * np.exp(-(row**2 + column**2) / 2 / 12**2)
    fixed, moving = (
        specimen[y : y + 224, x : x + 224] + rng.normal(0, 0.2, (224, 224)) for x, y in ((10, 10), (22, 17))
    )
    pair, made = PyramidEstimator(weights(), open_engine()).attempts(Image(fixed), Image(moving))
    next_one = Candidate(np.array([[1, 0, -12 + 40.0], [0, 1, -7], [0, 0, 1]]), 0.0)
    found = made._compare(made._refine([next_one])).best
    right = Candidate(np.array([[1, 0, -12.0], [0, 1, -7], [0, 0, 1]]), 0.0)
    assert corner_distance_px(pair, found, right) < 1


@pytest.mark.parametrize(
    ("stage", "share", "fits", "ambiguous"),
    [
        (WHOLE_VIEW, 0.8, False, True),
        (WHOLE_VIEW, 0.7, False, False),
        (INTENSITY, 0.8, True, False),
        (INTENSITY, 0.97, True, True),
        (INTENSITY, 0.97, False, False),
    ],
)
def test_across_contrasts_a_place_a_period_apart_must_score_much_lower(
    monkeypatch, attempted, stage, share, fits, ambiguous
):
    """Where the contrasts are the same, pixel values decide between places of nearly the same score."""
    pair, _, (_, thorough) = attempted
    estimator = PyramidEstimator(weights(), open_engine())
    here = estimator._refine(pair, [thorough.best])[0]
    copy = replace(here, score=share * here.score)
    monkeypatch.setattr(estimator, "_shifted_copies", lambda *_: (30.0, [copy]))
    monkeypatch.setattr(estimator, "_fits_by_intensity", lambda *_: fits)
    attempt = replace(thorough, features=replace(thorough.features, final_stage=stage))
    assert (estimator._ambiguous_period(pair, attempt) is not None) == ambiguous


@pytest.mark.parametrize(("mark", "fits"), [(0.0, True), (9.0, False)])
def test_pixel_values_exclude_a_place_a_period_apart_where_something_breaks_the_period(mark, fits):
    rng = np.random.default_rng(8)
    tile = gaussian_filter(rng.normal(size=(40, 40)), 2.5, mode="wrap")
    row, column = np.indices((256, 256)) - 120
    specimen = np.tile(tile / tile.std(), (7, 7))[:256, :256]
    specimen = specimen + mark * np.exp(-(row**2 + column**2) / 2 / 30**2)
    estimator = PyramidEstimator(weights(), open_engine())
    pair = ImagePair(*(Image(specimen + rng.normal(0, 0.1, specimen.shape)) for _ in range(2)))
    copy = Candidate(np.array([[1, 0, 40.0], [0, 1, 0], [0, 0, 1]]), 0.0)
    assert estimator._fits_by_intensity(pair, copy, Candidate(np.eye(3), 0.0), 40.0) == fits


def test_images_at_the_same_detector_position_are_judged_cautiously(monkeypatch):
    """Where the estimate is the identity, a pattern of the detector may have made it."""
    pixels = Image(read_image(FIXED).gray)
    cautious = []
    agreement = attempts.BlockAgreement.of
    monkeypatch.setattr(
        attempts.BlockAgreement,
        "of",
        lambda evidence, size, careful: cautious.append(careful) or agreement(evidence, size, careful),
    )
    for moving in (pixels, Image(np.roll(pixels.pixels, (20, 30), (0, 1)))):
        next(iter(PyramidEstimator(weights(), open_engine()).attempts(pixels, moving)[1]))
    assert cautious == [True, False]


def test_noisy_images_are_smoothed_in_the_thorough_attempt(monkeypatch, images):
    rng = np.random.default_rng(4)
    noisy = [
        Image((i.pixels + rng.normal(0, 2 * i.pixels.std(), i.shape)).astype(np.float32)) for i in images
    ]
    assert ImagePair(*noisy).is_noisy and not ImagePair(*images).is_noisy
    smoothed = []
    smooth = ImagePair.smoothed
    monkeypatch.setattr(ImagePair, "smoothed", lambda pair: smoothed.append(pair) or smooth(pair))
    for pair, expected in ((images, 0), (noisy, 1)):
        _, made = PyramidEstimator(weights(), open_engine()).attempts(*pair)
        made.quick()
        made._thorough()
        assert len(smoothed) == expected


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_the_noise_share_is_that_of_white_noise(sigma):
    """White noise has a share of 1; smoothed noise one less the correlation of adjacent px."""
    rng = np.random.default_rng(9)
    white = rng.normal(size=(256, 256))
    smooth = gaussian_filter(rng.normal(size=(256, 256)), sigma)
    shares = [noise_share(ImagePyramid(Image(i.astype(np.float32)))) for i in (white, smooth)]
    assert shares == pytest.approx([1, 1 - np.exp(-1 / (4 * sigma**2))], abs=0.03)


def test_a_weak_specimen_in_strong_noise_is_found(truth):
    """Noise of three times the specimen's contrast: right, or not accepted."""
    rng = np.random.default_rng(2)
    noisy = []
    for file in (FIXED, MOVING):
        pixels = read_image(file).gray
        noisy.append(Image((pixels + rng.normal(0, 3 * pixels.std(), pixels.shape)).astype(np.float32)))
    found = PyramidEstimator(weights(), open_engine()).estimate(*noisy)
    error = corner_error(found.transform.matrix, truth, noisy[0].shape)
    assert error < 5 or found.verdict != "accept"


def test_candidates_converge_together_as_each_by_itself(attempted):
    pair, _made, (quick, _) = attempted
    moves = [np.array([[1, 0, x], [0, 1, -x], [0, 0, 1.0]]) for x in (0.2, 3.0, 9.0)]
    starts = [replace(quick.best, moving_from_fixed=quick.best.moving_from_fixed @ move) for move in moves]
    stages = PyramidEstimator(weights(), open_engine()).stages
    together = refine_until_converged(stages.engine, stages.fine, pair, starts)
    alone = [refine_until_converged(stages.engine, stages.fine, pair, [start])[0] for start in starts]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.moving_from_fixed, other.moving_from_fixed, rtol=1e-6, atol=1e-6)
    once = refine_step(stages.engine, stages.fine, pair, starts)
    assert corner_distance_px(pair, once[2], together[2]) > 0  # the third one takes another step
    assert refine_until_converged(stages.engine, stages.fine, pair, []) == []
