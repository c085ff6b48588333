"""Cross-modality image synthesis: the network, its training, and pairs with a synthesised image."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import ndimage
from support.labelled import pair, textured
from support.synthesis_graph import GRAPH, write_synthesis

from xebra.adaptation import train_synthesis as train_module
from xebra.adaptation.label_pairs import LabelViews
from xebra.adaptation.labels import Label
from xebra.adaptation.synthesis_evidence import SynthesisEvidence, label_evidence, problem
from xebra.adaptation.train_synthesis import SynthesisTraining, squared_error, train_synthesis
from xebra.engine import OnnxEngine
from xebra.estimate import detail_attempts, synthesis_attempts
from xebra.estimate import resemblance as resemblance_module
from xebra.estimate.confidence import SYNTHESIS_PREFERENCE, SYNTHESIS_PROBABILITY
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px, translation
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.quality_features import WHOLE_VIEW
from xebra.estimate.resemblance import Placed, Resemblance, correlation, explained
from xebra.estimate.synthesis_attempts import joint_attempts
from xebra.estimate.synthesis_level import NETWORK_INFORMATION, SynthesisedPair
from xebra.estimate.synthesis_results import SynthesisParts, SynthesisResults
from xebra.estimate.verdict import Findings, decide
from xebra.evaluation.fit_calibration import MeasuredAttempt, measure
from xebra.evaluation.fit_calibration import accepted as is_accepted
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.image import Image
from xebra.models import TransformModel
from xebra.network.synthesis import MeanSynthesis, Synthesis, SynthesisConfig, standardised
from xebra.specimen.draw import Draw
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.weights import BUNDLED, DEFAULT, Weights, read_weights


def resampled(image: np.ndarray, moving_from_fixed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the moving image of a shape whose content a fixed image holds."""
    back = np.linalg.inv(moving_from_fixed)
    moving = ndimage.affine_transform(
        image, back[1::-1, 1::-1], back[1::-1, 2], shape, order=1, mode="reflect"
    )
    return moving.astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 64), (96, 160)])
def test_a_synthesised_view_has_the_shape_of_the_view(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = MeanSynthesis([Synthesis(SynthesisConfig()) for _ in range(2)]).eval()
    views, references = torch.rand(3, 2, *shape), torch.rand(3, 2, 64, 48)
    with torch.no_grad():
        together, alone = network(views, references), network(views[1:2], references[1:2])
    assert together.shape == (3, 1, *shape)
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale, offset", [(1.0, 0.0), (0.2, 0.5)])
def test_brightness_and_contrast_change_nothing(scale: float, offset: float) -> None:
    view = torch.rand(1, 2, 32, 32, generator=torch.Generator().manual_seed(1))
    view[:, 1, :8] = 0
    other = torch.cat([offset + scale * view[:, :1], view[:, 1:]], 1)
    found = standardised(other)
    torch.testing.assert_close(found, standardised(view), rtol=1e-3, atol=1e-4)
    assert not found[..., :8, :].any()


def test_views_of_a_label_show_the_same_place() -> None:
    image = textured(3)
    about = image_center(image.shape)
    matrix = SimilarityTransform(1.1, 0.4, (6.0, -4.0), about).matrix
    moving = resampled(image, matrix, image.shape)
    first, second, _ = LabelViews([Label(image, moving, matrix)]).batch(Draw(5, 4), 4, 64)
    both = (first[:, 1] * second[:, 1]) > 0.99
    for one, other, inside in zip(first[:, 0], second[:, 0], both, strict=True):
        assert inside.float().mean() > 0.2
        assert np.corrcoef(one[inside], other[inside])[0, 1] > 0.95


def of_steps(count: int, minutes: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training take a number of steps, however fast the machine is: each takes the same share."""
    clock = (step * 60 * minutes / count for step in itertools.count())
    monkeypatch.setattr(train_module, "time", SimpleNamespace(process_time=lambda: next(clock)))


def test_training_learns_the_other_modality(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [textured(seed) for seed in range(10)]
    labels = [Label(image, 1 - image, np.eye(3)) for image in images]
    training = SynthesisTraining(minutes=1, seed=1, size=64)
    of_steps(90, training.minutes, monkeypatch)
    shares: list[float] = []
    network, steps = train_synthesis(labels[:6], training, SynthesisConfig(depth=2), shares.append)
    first, second, reference = LabelViews(labels[6:]).batch(Draw(6, 16), 16, 64)
    with torch.no_grad():
        error = float(squared_error(network(first, reference), second, first[:, 1:]))
    assert error < 0.5  # 1: the mean of each image
    assert steps == len(shares) == 90 and shares[-1] == 1.0


def test_a_reference_shows_the_second_image_elsewhere() -> None:
    fixed, moving = textured(3), 10 + textured(4)
    recordings = LabelViews([Label(fixed, moving, np.eye(3))]).pairs
    recordings.recordings[0] = replace(
        recordings.recordings[0], images=(torch.from_numpy(fixed), torch.from_numpy(moving))
    )
    draw, seconds = Draw(7, 1), []
    for _ in range(12):
        (first, _), (second, _), (reference, inside) = recordings.draw_with_reference(draw, 64)
        shown = reference[inside > 0.99]
        assert (second[16:48, 16:48].mean() > 5) == (shown.mean() > 5) != (first[16:48, 16:48].mean() > 5)
        assert np.abs(np.corrcoef(reference.flatten(), second.flatten())[0, 1]) < 0.9
        seconds.append(bool(shown.mean() > 5))
    assert len(set(seconds)) == 2  # either image comes first


def edges(image: np.ndarray) -> np.ndarray:
    """Return the contrast of another element: nothing but edges."""
    steps = np.hypot(*np.gradient(ndimage.gaussian_filter(image, 1.5)))
    return (steps / steps.max()).astype(np.float32)


def test_the_reference_decides_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [textured(seed) for seed in range(6)]
    labels = [Label(image, other, np.eye(3)) for image in images[:4] for other in (image, edges(image))]
    training = SynthesisTraining(minutes=1, seed=1, size=64)
    of_steps(240, training.minutes, monkeypatch)
    network, _ = train_synthesis(labels, training, SynthesisConfig(depth=2), lambda share: None)

    def view(image: np.ndarray) -> torch.Tensor:
        values = torch.from_numpy(image)[None, None]
        return torch.cat([values, torch.ones_like(values)], 1)

    for contrast, other in [(np.array, edges), (edges, np.array)]:
        with torch.no_grad():
            shown = network(view(images[4]), view(contrast(images[5]))).flatten()
        alike, unlike = (abs(np.corrcoef(shown, each(images[4]).ravel())[0, 1]) for each in (contrast, other))
        assert alike > 0.6 and alike > unlike + 0.2, (contrast, alike, unlike)


def alike(noise: float) -> tuple[Resemblance, Candidate]:
    """Return the resemblance of a pair of one contrast with noise in one image, and its true place."""
    fixed, moving, matrix = scaled_pair(4, (256, 256), 0.8)
    grain = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=moving.pixels.shape), 3)
    moving = Image(moving.pixels + 6 * noise * grain)
    images, eye = ImagePair(fixed, moving), np.eye(3)
    pairs = tuple(SynthesisedPair(fixed, moving, eye, eye) for _ in range(2))
    return Resemblance(images, pairs, (images, images)).band_passed(), Candidate(matrix, 0.0)


@pytest.mark.parametrize("noise, left", [(0.0, (0.0, 0.05)), (1.5, (0.1, 0.3)), (4.0, (0.3, 0.75))])
def test_an_estimate_is_refined_by_its_resemblance(noise: float, left: tuple[float, float]) -> None:
    """The more alike the images are, the more the place of their largest correlation counts."""
    shown, truth = alike(noise)
    images, matrix = shown.images, truth.moving_from_fixed

    def apart(candidate: Candidate) -> float:
        return corner_distance_px(images, truth, candidate)

    def refined(shift: tuple[float, float]) -> tuple[float, bool]:
        start = replace(truth, moving_from_fixed=matrix @ SimilarityTransform(1.01, 0.01, shift).matrix)
        placed = shown.placed(start)
        return apart(shown.refined(start, placed, NETWORK_INFORMATION)) / apart(start), placed.confirms

    for shift in [(2.0, -3.5), (6.0, 5.0)]:
        share, confirms = refined(shift)
        assert confirms and left[0] <= share <= left[1], share
    if not noise:
        assert refined((40.0, -30.0)) == (pytest.approx(1, abs=0.01), False)


@pytest.mark.parametrize("noise, followed", [(0.0, True), (4.0, False)])
def test_a_place_further_away_is_returned_where_the_images_are_much_alike(
    monkeypatch: pytest.MonkeyPatch, noise: float, followed: bool
) -> None:
    monkeypatch.setattr(resemblance_module, "MAX_AVERAGED_PX", 2.0)
    shown, truth = alike(noise)
    images, matrix = shown.images, truth.moving_from_fixed
    start = replace(truth, moving_from_fixed=matrix @ SimilarityTransform(1.01, 0.01, (6.0, 5.0)).matrix)
    placed = shown.placed(start)
    found = shown.refined(start, placed, NETWORK_INFORMATION)
    assert not placed.confirms
    assert corner_distance_px(images, found, truth if followed else start) < 0.5


@pytest.mark.parametrize(
    "information, near, draws", [(0.5, 4.0, (0.1, 0.4)), (0.0, 4.0, (0.0, 0.01)), (0.5, 60.0, (0.0, 0.01))]
)
def test_the_estimate_without_synthesis_counts_by_its_information_where_it_is_near(
    information: float, near: float, draws: tuple[float, float]
) -> None:
    shown, start = alike(4.0)
    images, shift = shown.images, SimilarityTransform(1.0, 0.0, (near, 0.0)).matrix
    known = replace(start, moving_from_fixed=start.moving_from_fixed @ shift)
    placed = shown.placed(start)
    alone = shown.refined(start, placed, NETWORK_INFORMATION)
    found = shown.refined(start, placed, NETWORK_INFORMATION, known, information)
    drawn = corner_distance_px(images, alone, found) / corner_distance_px(images, alone, known)
    assert draws[0] <= drawn <= draws[1], drawn


@pytest.mark.parametrize("information, left", [(0.0, 0.0), (0.3, 0.5), (1e9, 1.0)])
def test_the_networks_estimate_counts_by_its_information(information: float, left: float) -> None:
    shown, truth = alike(1.5)
    start = replace(truth, moving_from_fixed=truth.moving_from_fixed @ translation(5.0, 0.0))
    placed = replace(shown.placed(start), information=0.3)
    found = shown.refined(start, placed, information)
    apart = corner_distance_px(shown.images, placed.candidate, found)
    assert apart == pytest.approx(left * corner_distance_px(shown.images, placed.candidate, start), abs=0.05)


@dataclass(frozen=True)
class Fixed:
    """Attempts that find the same candidates, each with its score, and refine none."""

    found: list[tuple[Candidate, float]]

    def searched(self) -> list[tuple[Candidate, float]]:
        return self.found

    def scored(self, candidates: list[Candidate]) -> list[tuple[Candidate, float]]:
        return [(candidate, candidate.score) for candidate in candidates]

    def at(self, candidate: Candidate, others: list[Candidate]) -> Candidate:
        return candidate


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight, right", [(synthesis_attempts.SCORE_WEIGHT, True), (10.0, False)])
def test_what_the_images_explain_of_each_other_outweighs_the_score(
    monkeypatch: pytest.MonkeyPatch, seed: int, weight: float, right: bool
) -> None:
    monkeypatch.setattr(synthesis_attempts, "SCORE_WEIGHT", weight)
    fixed, moving, matrix = scaled_pair(seed, (256, 256), 0.8)
    images, eye = ImagePair(fixed, moving), np.eye(3)
    pairs = tuple(SynthesisedPair(fixed, moving, eye, eye) for _ in range(2))
    shown = Resemblance(images, pairs, (images, images)).band_passed()
    near, far = (
        Candidate(matrix @ SimilarityTransform(1.02, angle, shift).matrix, score)
        for angle, shift, score in [(0.02, (3.0, -4.0), 1.0), (1.5, (60.0, 40.0), 3.0)]
    )
    direction = Fixed([(far, far.score), (near, near.score)])
    best, _ = joint_attempts(images, [direction, direction], shown)
    distance = corner_distance_px(images, Candidate(matrix, 0.0), best)
    assert distance < 2 if right else distance > 30


def test_what_lies_outside_of_the_overlap_is_not_explained() -> None:
    fixed, moving, matrix = scaled_pair(4, (256, 256), 1.0)
    assert explained(ImagePair(fixed, moving), matrix) <= correlation(ImagePair(fixed, moving), matrix)
    cut = Image(np.ascontiguousarray(fixed.pixels[:, :100]))
    part, whole = ImagePair(cut, fixed), ImagePair(fixed, cut)
    assert correlation(part, np.eye(3)) == pytest.approx(1.0, abs=1e-3)
    squared = (fixed.pixels - fixed.pixels.mean()) ** 2
    share = float(squared[:, :100].sum() / squared.sum())
    assert explained(part, np.eye(3)) == pytest.approx(math.sqrt(share), abs=0.02)
    assert explained(whole, np.eye(3)) == pytest.approx(1.0, abs=0.02)
    inverted = ImagePair(fixed, Image(fixed.pixels.max() - fixed.pixels))
    assert explained(inverted, np.eye(3)) == 0.0


def with_graph(folder: Path, weight: float) -> PyramidEstimator:
    """Return an estimator with a graph that multiplies the view's values by a weight, and trusts no estimate.

    A weight of 1 shows an image as it is: what is measured on it must be converted to the image's own px.
    """
    for graph in read_weights(BUNDLED / DEFAULT).graphs:
        (folder / graph).symlink_to(BUNDLED / graph)
    write_synthesis(folder, weight)
    config = json.loads((BUNDLED / DEFAULT / "config.json").read_text())
    config["graphs"] = [*config["graphs"], GRAPH]
    config["synthesis"] = {"graph": GRAPH, "size": 256, "reference": 128}
    return PyramidEstimator(Weights(folder / DEFAULT, config), OnnxEngine(folder))


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PyramidEstimator]:
    folder = tmp_path_factory.mktemp("synthesis")
    yield with_graph(folder, 1.0)
    shutil.rmtree(folder)


def scaled_pair(seed: int, shape: tuple[int, int], scale: float) -> tuple[Image, Image, np.ndarray]:
    """Return two images of one contrast and another size, and moving_from_fixed."""
    source = textured(seed, 512)
    fixed = source[: shape[0], : shape[1]]
    matrix = np.diag([scale, scale, 1.0]) @ SimilarityTransform(1, 0.2, (5, 3), image_center(shape)).matrix
    size = round(scale * shape[0]), round(scale * shape[1])
    return Image(fixed), Image(resampled(fixed, matrix, size)), matrix


@pytest.mark.parametrize("shape, scale", [((256, 256), 1.0), ((400, 400), 0.7), ((300, 420), 1.0)])
def test_results_with_a_synthesised_image_are_about_the_pair(
    estimator: PyramidEstimator, shape: tuple[int, int], scale: float
) -> None:
    fixed, moving, matrix = scaled_pair(4, shape, scale)
    results = [r for r in estimator.all_results(fixed, moving) if r.origin == "synthesis"]
    assert len(results) == 1 and not results[0].unconfirmed
    difference = np.linalg.inv(results[0].moving_from_fixed) @ matrix
    assert corner_error(difference, np.eye(3), shape) < 2 * max(shape) / 256


@pytest.mark.parametrize("model", ["translation", "rigid", "similarity"])
def test_an_estimate_by_synthesis_has_the_parameters_of_its_model(
    estimator: PyramidEstimator, model: TransformModel
) -> None:
    fixed, moving, _ = scaled_pair(4, (256, 256), 1.02)
    found = list(estimator._synthesis_results(fixed, moving, model))
    assert found
    for result in found:
        left = SimilarityTransform.from_matrix(result.moving_from_fixed)
        assert (abs(left.scale - 1) < 1e-6) == (model != "similarity")
        assert (abs(left.angle) < 1e-6) == (model == "translation")


def test_the_bundled_network_synthesises_nothing() -> None:
    estimator = PyramidEstimator(read_weights(BUNDLED / DEFAULT), OnnxEngine(BUNDLED))
    label = pair(2)
    results = list(estimator.all_results(Image(label.fixed), Image(label.moving)))
    assert results and all(result.origin == "search" for result in results)


def test_an_image_of_one_grey_value_is_left_out(tmp_path: Path) -> None:
    estimator = with_graph(tmp_path, 0.0)
    label = pair(2)
    results = list(estimator.all_results(Image(label.fixed), Image(label.moving)))
    assert results and all(result.origin == "search" for result in results)


def test_an_unconfirmed_result_is_for_review(estimator: PyramidEstimator) -> None:
    fixed, moving, _ = scaled_pair(4, (256, 256), 1.0)
    found = next(r for r in estimator.all_results(fixed, moving) if r.origin == "synthesis")
    confidence, known = estimator.confidence, Findings(256, 5.12)
    assert decide(confidence, found.features, known)[0] == "accept" and not found.is_ambiguous
    assert "synthesis" not in decide(confidence, found.features, known)[1]
    verdict, reason = decide(confidence, found.features, replace(known, synthesised=found.synthesised))
    assert verdict == "accept" and "image synthesis" in reason
    verdict, reason = decide(confidence, found.features, replace(known, unconfirmed=True))
    assert verdict == "review" and "does not confirm" in reason
    alone = replace(found, unconfirmed=True)
    assert alone.is_ambiguous  # so that it is not accepted
    assert confidence.expected_error_px(alone.features, alone.places_alike) > 5


def test_an_unsure_synthesised_estimate_is_preferred(estimator: PyramidEstimator) -> None:
    fixed, moving, _ = scaled_pair(4, (256, 256), 1.0)
    features = next(iter(estimator.all_results(fixed, moving))).features
    confidence = estimator.confidence
    plain, preferred = (confidence.preference(features, each) for each in (False, True))
    assert plain == confidence.log_odds(features) and preferred == plain + SYNTHESIS_PREFERENCE > plain


@pytest.mark.parametrize("shape, scale", [((256, 256), 1.0), ((400, 300), 0.7), ((90, 140), 1.3)])
def test_resemblance_is_the_correlation_at_a_transform(shape: tuple[int, int], scale: float) -> None:
    fixed, moving, matrix = scaled_pair(4, shape, scale)
    views = ImagePair(fixed, moving)
    aside, outside = np.eye(3), np.eye(3)
    aside[0, 2], outside[0, 2] = 0.2 * shape[1], 1.1 * shape[1]
    assert correlation(views, matrix) > 0.95
    assert correlation(views, matrix @ aside) < 0.5
    assert correlation(views, matrix @ outside) == 0.0
    negative = ImagePair(Image(1 - fixed.pixels), moving)
    assert correlation(negative, matrix) == pytest.approx(-correlation(views, matrix), abs=0.01)
    assert correlation(views.swapped(), np.linalg.inv(matrix)) == pytest.approx(1, abs=0.05)


def test_masked_px_do_not_count_in_the_resemblance() -> None:
    fixed, moving, matrix = scaled_pair(4, (256, 256), 1.0)
    spoilt, used = fixed.pixels.copy(), np.ones(fixed.shape, bool)
    spoilt[:120] = spoilt[:120][::-1] + np.linspace(0, 5, 256)
    used[:122] = False
    assert correlation(ImagePair(Image(spoilt), moving), matrix) < 0.7
    assert correlation(ImagePair(Image(spoilt).with_mask(used), moving), matrix) > 0.95


def test_images_that_do_not_resemble_what_was_learnt_are_not_synthesised(
    estimator: PyramidEstimator,
) -> None:
    label = pair(2)  # of two contrasts: the graph shows both images as they are, which fits neither
    fixed, moving = Image(label.fixed), Image(label.moving)
    shown = estimator.resemblance(fixed, moving)
    assert shown is not None
    found = shown.least(Candidate(label.moving_from_fixed, 0.0))
    assert found < 0.3
    for least, count in [(found + 0.1, 0), (-1.0, 1)]:
        guarded = copy(estimator)
        guarded.synthesis = replace(guarded.synthesis, resemblance=least)
        origins = [result.origin for result in guarded.all_results(fixed, moving)]
        assert origins.count("synthesis") == count and "search" in origins


@pytest.mark.parametrize("shape, scale", [((256, 256), 1.0), ((200, 300), 1.2)])
@pytest.mark.parametrize(
    "angle, shift", [(0.0, (30.0, 0.0)), (0.0, (-21.0, 21.0)), (0.6, (0.0, 0.0)), (3.0, (60.0, 40.0))]
)
def test_synthesised_images_contradict_a_label_that_is_wrong(
    estimator: PyramidEstimator,
    shape: tuple[int, int],
    scale: float,
    angle: float,
    shift: tuple[float, float],
) -> None:
    fixed, moving, matrix = scaled_pair(7, shape, scale)
    px = max(shape) / 256
    aside = SimilarityTransform(1.0, angle, (px * shift[0], px * shift[1]), image_center(shape)).matrix
    off = corner_error(aside, np.eye(3), shape) / px
    right, wrong = (
        label_evidence(estimator, Label(fixed.pixels, moving.pixels, each))
        for each in (matrix, matrix @ aside)
    )
    assert right.near > 1.5 and right.far < right.near / 2
    assert wrong.near < wrong.far / 2 and wrong.far > 0.8 * right.near
    assert abs(wrong.distance_px - off) < 4
    assert problem([right] * 16 + [wrong] * 4, range(20)) is not None
    assert problem([right] * 18 + [wrong] * 2, range(20)) is None  # a tenth
    assert problem([right] * 17 + [wrong] * 3, range(20)) is not None
    assert problem([right] * 7 + [wrong], range(8)) is None
    assert problem([right] * 9 + [wrong] * 11, range(20)) is None  # they are not learnt, then


@pytest.mark.parametrize("near, far, found", [(0.3, 0.7, True), (0.4, 0.7, False), (0.1, 0.35, False)])
def test_a_label_is_contradicted_only_by_another_place_that_fits(
    near: float, far: float, found: bool
) -> None:
    usual, other = SynthesisEvidence(0.8, 0.3, 20.0), SynthesisEvidence(near, far, 30.0)
    assert (problem([usual] * 8 + [other] * 2, range(10)) is not None) == found


@pytest.mark.parametrize(
    "least, detail, information, confirms, taken",
    [
        (0.31, 0.0, 0.1, True, True),
        (0.31, 0.25, 1.9, False, False),
        (0.31, 0.25, 2.1, False, True),
        (0.29, 0.25, 2.1, False, False),
        (0.29, 0.15, 1.0, True, False),
        (0.29, 0.25, 1.0, True, True),
        (0.14, 0.25, 1.0, True, False),
    ],
)
def test_fine_detail_confirms_an_estimate_by_synthesis(
    estimator: PyramidEstimator, least: float, detail: float, information: float, confirms: bool, taken: bool
) -> None:
    assert estimator.synthesis is not None
    level = replace(estimator.synthesis, resemblance=0.3)
    results = SynthesisResults(level, estimator.stages.engine, estimator.confidence, None, None)
    assert (
        results._resembles(least, Placed(Candidate(np.eye(3), 0.0), detail, information, confirms)) == taken
    )


def test_the_parts_of_a_synthesised_estimate_are_near_its_place(estimator: PyramidEstimator) -> None:
    fixed, moving, matrix = scaled_pair(4, (256, 256), 1.0)
    parts = estimator.synthesis_parts(fixed, moving)
    assert isinstance(parts, SynthesisParts) and parts.information > 2  # the graph shows images as they are
    for part in (parts.network, parts.values):
        assert corner_error(np.linalg.inv(part.moving_from_fixed) @ matrix, np.eye(3), (256, 256)) < 1


def test_other_attempts_are_those_of_the_parent(estimator: PyramidEstimator) -> None:
    parent = PyramidEstimator(read_weights(BUNDLED / DEFAULT), OnnxEngine(BUNDLED))
    labels = [pair(seed) for seed in range(4)]
    same = Label(labels[0].fixed, labels[0].fixed.copy(), np.eye(3))
    held = [LabelledPair(x.fixed, x.moving, x.moving_from_fixed, "multi") for x in [*labels, same]]
    held.append(LabelledPair(labels[0].fixed, labels[1].moving, None, "different"))
    own, before = list(measure(estimator, held)), list(measure(parent, held))
    assert any(m.synthesised for attempts in own for m in attempts)
    for attempts, expected in zip(own, before, strict=True):
        kept = [m for m in attempts if not m.synthesised]
        assert [m.features for m in kept] == [m.features for m in expected]
        assert [m.error_px for m in kept] == [m.error_px for m in expected]
        assert [m.mirrored for m in kept] == [m.mirrored for m in expected]


def test_a_synthesised_estimate_needs_a_higher_probability(estimator: PyramidEstimator) -> None:
    fixed, moving, _ = scaled_pair(4, (256, 256), 1.0)
    result = next(r for r in estimator.all_results(fixed, moving) if r.origin == "synthesis")
    result = replace(result, features=replace(result.features, final_stage=WHOLE_VIEW))
    confidence = estimator.confidence
    known_odds = float(result.features.vector @ np.array(confidence.weights))  # without bias and limits
    for probability, accepted in [
        (SYNTHESIS_PROBABILITY + 0.002, True),
        (SYNTHESIS_PROBABILITY - 0.002, False),
    ]:
        wanted = math.log(probability / (1 - probability))
        shifted = replace(confidence, tail_gain=0.0, bias=wanted - known_odds)
        assert shifted.accept_probability < SYNTHESIS_PROBABILITY - 0.002
        assert shifted.finds(result.features) and shifted.finds(result.features, True) == accepted
        known = Findings(256, 20.0, synthesised=True)
        assert (decide(shifted, result.features, known)[0] == "accept") == accepted
        assert decide(shifted, result.features, replace(known, synthesised=False))[0] == "accept"
        judged = MeasuredAttempt(result.features, 1.0, np.zeros(4), synthesised=True)
        assert is_accepted(shifted, judged) == accepted
        assert is_accepted(shifted, replace(judged, synthesised=False))
        other = copy(estimator)
        other.confidence = shifted
        assert other._accepts(result, 20.0) == accepted


def test_image_synthesis_is_the_last_attempt(
    estimator: PyramidEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detail_attempts, "LIKELY_SCORE", 0.0)
    label = pair(3)  # what the parent accepts at any attempt, the adapted network accepts
    unsure = copy(estimator)
    unsure.confidence = replace(estimator.confidence, accept_probability=1.0)
    results = list(unsure.all_results(Image(label.fixed), Image(label.moving)))
    assert [result.origin for result in results].index("synthesis") == len(results) - 1
    assert any(result.detail for result in results)


def test_a_place_that_is_found_is_not_searched_for_as_a_detail(estimator: PyramidEstimator) -> None:
    label = pair(3)
    results = list(estimator.all_results(Image(label.fixed), Image(label.moving)))
    last = [result for result in results if result.origin == "search" and not result.detail][-1]
    assert estimator.confidence.finds(last.features) and not last.is_ambiguous
    assert not any(result.detail for result in results)
    assert results[-1].origin == "synthesis"  # it may be more precise
