"""A detail is found in an overview, whichever is fixed; elongated frames are registered by tiles."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from support.quality_features import SURE

import xebra
from xebra.arrays import Matrix, Pixels
from xebra.estimate import elongated_frames
from xebra.estimate.attempts import Attempt
from xebra.estimate.elongated_frames import Tile, tiles
from xebra.estimate.field_of_view import elongated_hypotheses, known_detail, possible_details
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.quality_features import BLOCKS, WHOLE_VIEW
from xebra.estimate.repeated_places import masked_correlation
from xebra.estimate.template_correlation import TemplateCorrelation, turned_templates
from xebra.estimate.volume_peaks import volume_peaks
from xebra.image import Image
from xebra.registration import Registration
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error

OVERVIEW, DETAIL = 900, 200


def clouds(shape: tuple[int, int], seed: int) -> Pixels:
    """Return noise at all lengths from 4 px to a quarter of the side."""
    random = np.random.default_rng(seed)
    image, cell = np.zeros(shape, np.float32), 4
    while cell < max(shape) // 4:
        coarse = random.standard_normal([side // cell + 2 for side in shape]).astype(np.float32)
        image += ndimage.zoom(coarse, cell, order=1)[: shape[0], : shape[1]] * cell**0.5
        cell *= 2
    return image


def detail_of(
    overview: Pixels, ratio: float, angle: float, center: tuple[float, float]
) -> tuple[Pixels, Matrix]:
    """Return a detail with 3 % noise, and overview_from_detail."""
    middle = (DETAIL - 1) / 2
    scale = max(overview.shape) / ratio / DETAIL
    shift = center[0] - middle, center[1] - middle
    matrix = SimilarityTransform(scale, angle, shift, (middle, middle)).matrix
    detail = resample(overview, matrix, (DETAIL, DETAIL))
    noise = np.random.default_rng(7).normal(0, 0.03 * detail.std(), detail.shape)
    return (detail + noise).astype(np.float32), matrix


@pytest.fixture(scope="module")
def overview() -> Pixels:
    return clouds((OVERVIEW, OVERVIEW), 3)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("swapped", [True, False])
@pytest.mark.parametrize(("ratio", "angle"), [(3.0, 2.0), (6.5, -0.3)])
def test_a_detail_is_found_in_an_overview(
    overview: Pixels, known: bool, swapped: bool, ratio: float, angle: float
) -> None:
    detail, truth = detail_of(overview, ratio, angle, (560, 380))
    spacing = float(np.sqrt(np.linalg.det(truth[:2, :2])))
    images, spacings = (overview, detail), (1.0, spacing)
    if swapped:
        images, spacings, truth = images[::-1], spacings[::-1], np.linalg.inv(truth)
    given = {"fixed_spacing": spacings[0], "moving_spacing": spacings[1]} if known else {}
    found = xebra.register(*images, **given)
    assert found.verdict == "accept", found.reason
    overview_from_detail = found.moving_from_fixed if swapped else found.fixed_from_moving
    right = np.linalg.inv(truth) if swapped else truth
    difference = np.linalg.inv(right) @ overview_from_detail
    assert corner_error(difference, np.eye(3), (DETAIL, DETAIL)) < 0.01 * DETAIL
    assert found.expected_corner_error_px < 0.02 * DETAIL * (1 if swapped else spacing)


def test_the_best_scores_of_the_search_are_at_the_angle_and_scale_of_the_result(overview: Pixels) -> None:
    detail, _ = detail_of(overview, 4.0, 1.0, (400, 500))
    for images in ((overview, detail), (detail, overview)):
        found = xebra.register(*images)
        scores = np.array(found.search.scores)
        scale, angle = np.unravel_index(scores.argmax(), scores.shape)
        turned = (found.search.angles_deg[angle] - found.angle_deg + 180) % 360 - 180
        assert abs(turned) < 11
        assert abs(np.log(found.search.scales[scale] / found.scale)) < 0.25


def test_a_detail_at_the_edge_of_the_overview_is_found(overview: Pixels) -> None:
    whole = clouds((OVERVIEW, OVERVIEW + 200), 5)
    detail, truth = detail_of(whole[:, :OVERVIEW].copy(), 4.0, 0.2, (120, 450))
    cut = np.ascontiguousarray(whole[:, 60:OVERVIEW])  # a third of the detail lies outside
    found = xebra.register(cut, detail)
    truth = np.array([[1, 0, -60], [0, 1, 0], [0, 0, 1.0]]) @ truth
    difference = np.linalg.inv(truth) @ found.fixed_from_moving
    assert found.verdict == "accept", found.reason
    assert corner_error(difference, np.eye(3), (DETAIL, DETAIL)) < 0.02 * DETAIL


def test_the_overview_of_another_specimen_is_not_accepted(overview: Pixels) -> None:
    detail, _ = detail_of(clouds((OVERVIEW, OVERVIEW), 11), 4.0, 0.5, (400, 450))
    assert xebra.register(overview, detail).verdict != "accept"
    assert xebra.register(overview, detail, fixed_spacing=1.0, moving_spacing=1.1).verdict != "accept"


def test_several_places_that_fit_are_reported_with_their_number() -> None:
    tile = clouds((300, 300), 8)
    overview = np.tile(tile, (3, 3))
    detail, _ = detail_of(overview, 4.5, 0.0, (450, 450))
    found = xebra.register(overview, detail, fixed_spacing=1.0, moving_spacing=1.0)
    assert found.verdict == "review"
    assert "places in the overview fit nearly as well" in found.reason
    assert 2 <= len(found.places) <= 5
    first, second = found.places[:2]
    assert np.allclose(first.fixed_from_moving, found.fixed_from_moving)
    assert first.probability < 20 * second.probability, "within 3 in log odds"
    shifts = (second.fixed_from_moving - first.fixed_from_moving)[:2, 2] / 300
    assert np.allclose(shifts, shifts.round(), atol=0.05) and shifts.round().any(), "one tile or more apart"


def test_a_single_place_has_the_whole_probability_also_of_a_mirrored_image(overview: Pixels) -> None:
    detail, _ = detail_of(overview, 4.0, 0.6, (500, 400))
    for images in ((overview, detail), (detail, overview)):
        found = xebra.register(*images)
        assert np.allclose(found.places[0].fixed_from_moving, found.fixed_from_moving)
        assert found.places[0].probability > 0.9
        others = [each.probability for each in found.places[1:]]
        assert others == sorted(others, reverse=True) and sum(others) < 0.1
        reflected = xebra.register(images[0], np.ascontiguousarray(images[1][:, ::-1]), mirror=True)
        assert np.allclose(reflected.places[0].fixed_from_moving, reflected.fixed_from_moving)
        again = Registration.from_json(json.loads(json.dumps(found.to_json())), found.fixed, found.moving)
        assert again.to_json()["places"] == found.to_json()["places"]


def test_equal_fields_of_view_have_no_further_places(overview: Pixels) -> None:
    assert xebra.register(overview[:500, :500], overview[20:520, 30:530]).places == ()


def test_small_differences_tell_the_copies_of_a_pattern_apart() -> None:
    overview = np.tile(clouds((300, 300), 8), (3, 3))
    overview += 0.15 * overview.std() * clouds((900, 900), 9) / clouds((900, 900), 9).std()
    detail, truth = detail_of(overview, 4.5, 0.4, (450, 440))
    found = xebra.register(overview, detail, fixed_spacing=1.0, moving_spacing=1.0)
    difference = np.linalg.inv(truth) @ found.fixed_from_moving
    assert corner_error(difference, np.eye(3), (DETAIL, DETAIL)) < 0.01 * DETAIL


def test_masked_correlation_is_pearsons_of_the_overlap() -> None:
    random = np.random.default_rng(3)
    overview = np.stack([random.random((30, 40)), random.random((30, 40)) > 0.2])
    template = np.stack([random.random((9, 7)), random.random((9, 7)) > 0.2])
    scores = masked_correlation(overview, template)
    assert scores.shape == (38, 46)
    part = overview[:, 11:20, 20:27]
    both = (part[1] > 0) & (template[1] > 0)
    expected = np.corrcoef(part[0][both], template[0][both])[0, 1]
    assert scores[11 + 8, 20 + 6] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("aspect", [4, 8, 16])
def test_elongated_frames_are_registered(aspect: int) -> None:
    length = 1024
    height = length // aspect
    wide = clouds((2 * height, length), 20 + aspect)
    center = (length - 1) / 2, (height - 1) / 2
    shift = 0.15 * length, 0.1 * height
    truth = SimilarityTransform(1.02, 0.2 * height / length, shift, center).matrix  # moving_from_fixed
    fixed_in_wide = np.array([[1, 0, 0], [0, 1, height / 2], [0, 0, 1.0]])
    fixed = resample(wide, fixed_in_wide, (height, length))
    moving = resample(wide, fixed_in_wide @ np.linalg.inv(truth), (height, length))
    noise = np.random.default_rng(3).normal(0, 0.03 * wide.std(), (2, height, length)).astype(np.float32)
    for one, other, right in (
        (fixed + noise[0], moving + noise[1], truth),
        (moving.T + noise[1].T, fixed.T + noise[0].T, transposed(np.linalg.inv(truth))),
    ):
        found = xebra.register(one, other)
        assert found.verdict == "accept", found.reason
        error = corner_error(found.fixed_from_moving @ right, np.eye(3), one.shape)
        assert error < 1.0, "px of the frame"


def transposed(matrix: Matrix) -> Matrix:
    """Return a 3 x 3 between images whose axes are exchanged."""
    exchange = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]])
    return exchange @ matrix @ exchange


def test_tiles_cover_the_frame_and_keep_their_place() -> None:
    image = Image(clouds((100, 1000), 1))
    found = tiles(image)
    assert sorted(tile.left for tile in found) == [0, 225, 450, 675, 900]
    for tile in found:
        assert np.array_equal(tile.of(image).pixels, image.pixels[:, tile.left : tile.left + 100])


def test_a_transform_of_a_tile_becomes_that_of_the_frame() -> None:
    moved = SimilarityTransform(1.1, 0.3, (4.0, 5.0), (20.0, 10.0))
    whole = Tile(30, 7, 64).whole(Candidate(moved.matrix, 0.0)).moving_from_fixed
    assert np.allclose((whole @ [35, 9, 1])[:2], moved(np.array([5.0, 2.0])))


def test_without_blocks_a_frame_is_as_much_less_precise_than_its_tile_as_it_is_longer(monkeypatch) -> None:
    """The lengths of a tile's attempt are px at 256 of the tile, and its error grows with the distance."""
    pair = ImagePair(*[Image(clouds((100, 400), seed=3))] * 2)
    known = replace(SURE, final_stage=WHOLE_VIEW, final_uncertainty_px=0.5, network_distance_px=0.4)
    attempt = Attempt(Candidate(np.eye(3), 20.0), known, ())
    for blocks, expected in ((False, (2.0, 1.6, WHOLE_VIEW)), (True, (0.3, 0.0, BLOCKS))):
        moved = Candidate(np.eye(3), 20.0)
        monkeypatch.setattr(elongated_frames, "uncertainty_px", lambda _: 0.3)
        monkeypatch.setattr(
            elongated_frames,
            "refine_blocks",
            lambda _engine, _graph, _pair, start, _step, found=moved if blocks else None: found or start,
        )
        features = elongated_frames.whole_frame(None, "", pair, Tile(0, 0, 100), attempt).features
        found = features.final_uncertainty_px, features.network_distance_px, features.final_stage
        assert found == pytest.approx(expected)


def test_fields_of_view_are_compared_by_their_pixel_spacings() -> None:
    large, small = np.eye(800, dtype=np.float32), np.eye(200, dtype=np.float32)
    assert known_detail(Image(large, 1.0), Image(small, 1.0)).detail == "moving"
    assert known_detail(Image(large, 0.1), Image(small, 1.0)).detail == "fixed"
    assert known_detail(Image(large, 0.25), Image(small, 1.0)) is None
    assert known_detail(Image(large), Image(small, 1.0)) is None
    assert [each.detail for each in possible_details(Image(large), Image(small))] == ["moving", "fixed"]
    assert not elongated_hypotheses(Image(large), Image(small))


def test_a_template_correlates_best_where_it_was_cut() -> None:
    maps = np.random.default_rng(2).standard_normal((5, 40, 60)).astype(np.float32)
    maps[-1] = 1
    part = maps[:, 11:24, 30:43]
    scores = TemplateCorrelation(maps, 19, 10.0, 0.1).scores(turned_templates(part, np.array([0.0]), 0.0, 19))
    peak = volume_peaks(scores[:, None], 1, 3.0)[0]
    assert (round(peak.row), round(peak.column)) == (17, 36)
    assert peak.score == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize("log_scale", [-0.46, 0.0, 0.23])
def test_templates_are_the_maps_turned_and_scaled(log_scale) -> None:
    maps = np.random.default_rng(3).standard_normal((5, 24, 24)).astype(np.float32)
    angles, side = np.array([0.0, 0.4, 2.0, 4.5]), 31
    found = turned_templates(maps, angles, log_scale, side)
    scale, line = np.exp(-log_scale), np.arange(side) - (side - 1) / 2
    smooth = ndimage.gaussian_filter(maps, (0, *2 * (0.4 * np.sqrt(scale**2 - 1),))) if scale > 1.2 else maps
    for template, angle in zip(found, angles, strict=True):
        down, right = np.meshgrid(line, line, indexing="ij")
        columns = scale * (np.cos(angle) * right + np.sin(angle) * down) + 11.5
        rows = scale * (np.cos(angle) * down - np.sin(angle) * right) + 11.5
        padded = np.pad(smooth, ((0, 0), (8, 8), (8, 8)))
        expected = [ndimage.map_coordinates(each, (rows + 8, columns + 8), order=1) for each in padded]
        np.testing.assert_allclose(template, expected, atol=1e-5)
