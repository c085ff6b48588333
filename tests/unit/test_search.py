"""The search: correlation over all shifts, heads that keep cells in place, and peaks of the scores."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from support.specimens import seen_twice, specimen
from torch.nn import functional as F  # noqa: N812

from xebra.engine import open_engine
from xebra.estimate.image_pair import ImagePair, full_view_matrix
from xebra.estimate.search_peaks import UNSEARCHED_SCORE, SearchGrid, find_peaks
from xebra.image import Image
from xebra.network.correlate import Correlate, conjugate_product
from xebra.network.features import FeatureHead, normalised
from xebra.network.search import SearchConfig, hypotheses
from xebra.specimen.instruments import absorption
from xebra.training.refine_task import RefineTask
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import weights

GRID = SearchGrid(size=128, cells=16, angles=36, scales=7)


def test_correlation_by_matrix_products_is_the_sum_of_products_at_every_place():
    correlate, random = Correlate(8), torch.Generator().manual_seed(1)
    canvas, over = (torch.randn(2, n, n, 3, generator=random) for n in (16, 8))
    spectra = correlate.spectrum(canvas), correlate.spectrum(over)
    found = correlate.places(conjugate_product(*spectra)).permute(0, 3, 1, 2).flatten(0, 1)
    maps = over.permute(0, 3, 1, 2).reshape(6, 1, 8, 8)
    expected = F.conv2d(canvas.permute(0, 3, 1, 2).reshape(1, 6, 16, 16), maps, groups=6)[0]
    assert torch.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_head_keeps_its_cells_where_they_are(stride):
    """With kernels that half a turn does not change, half a turn of the image turns the map and no more."""
    torch.manual_seed(2)
    head = FeatureHead((8, 16, 24), 6, stride)
    for part in head.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.weight.data = (part.weight.data + part.weight.data.rot90(2, (2, 3))) / 2
    view = torch.cat([torch.randn(1, 1, 64, 64), torch.ones(1, 1, 64, 64)], 1)
    assert torch.allclose(head(view.rot90(2, (2, 3))), head(view).rot90(2, (2, 3)), atol=1e-5)


def test_values_outside_the_image_have_no_effect():
    view = torch.rand(1, 2, 32, 32)
    view[:, 1] = 0
    view[:, 1, 4:20, 6:30] = 1
    other = torch.where(view[:, 1:] > 0, view, torch.rand(1, 2, 32, 32) * 9)
    other[:, 1] = view[:, 1]
    assert torch.allclose(normalised(view), normalised(other), atol=1e-5)
    inside = normalised(view)[view[:, 1:] > 0]
    assert abs(inside.mean()) < 0.01 and abs(inside.std() - 1) < 0.01


def test_the_grid_has_the_order_of_the_network():
    of_network = hypotheses(SearchConfig()).numpy()
    for number in (0, 5, 100, 251):
        angle, scale = divmod(number, GRID.scales)
        transform = SimilarityTransform.from_matrix(np.linalg.inv(GRID.transform(angle, scale, np.zeros(2))))
        assert math.remainder(transform.angle - of_network[number, 0], 2 * math.pi) == pytest.approx(
            0, abs=1e-6
        )
        assert math.log(transform.scale) == pytest.approx(of_network[number, 1], abs=1e-6)


def paraboloids(*tops):
    """Return scores (252, 17, 17) with paraboloids at some tops (angle, scale, column, row, height)."""
    angle, scale, row, column = np.ogrid[:36, :7, :17, :17]
    scores = np.zeros((36, 7, 17, 17))
    for at_angle, at_scale, at_column, at_row, height in tops:
        turned = (angle - at_angle + 18) % 36 - 18
        away = turned**2 + (scale - at_scale) ** 2 + (column - at_column) ** 2 + (row - at_row) ** 2
        scores = np.maximum(scores, height - 6 * away)
    return scores.reshape(-1, 17, 17)


def four(peak):
    """Return a peak's angle (steps), scale (steps) and shift (cells)."""
    found = SimilarityTransform.from_matrix(np.linalg.inv(peak.moving_from_fixed), (63.5, 63.5))
    steps = math.log(found.scale) / (2 * math.log(2) / 6) + 3
    return [math.degrees(found.angle) / 10 % 36, steps, *(-t / 8 for t in found.translation)]


def test_peaks_are_not_neighbours_of_better_ones():
    first, second = find_peaks(paraboloids((35, 3, 8, 8, 20), (12, 5, 4, 10, 15)), GRID, 2)
    assert four(first) == pytest.approx([35, 3, 0, 0], abs=1e-6)
    assert four(second) == pytest.approx([12, 5, -4, 2], abs=1e-6)
    assert (first.score, second.score) == (20, 15)


def test_one_rotation_and_scale_may_have_two_peaks():
    best, other = find_peaks(paraboloids((12, 5, 4, 10, 20), (12, 5, 12, 10, 18)), GRID, 2)
    assert four(best) == pytest.approx([12, 5, -4, 2], abs=1e-6)
    assert four(other) == pytest.approx([12, 5, 4, 2], abs=1e-6)
    assert (best.score, other.score) == (20, 18)


def test_a_peak_between_the_steps_of_the_grid_is_found_there():
    best = find_peaks(paraboloids((0.3, 3.2, 8.4, 9.7, 20)), GRID, 1)[0]
    assert four(best) == pytest.approx([0.3, 3.2, 0.4, 1.7], abs=1e-6)


def test_the_score_near_a_transform_is_the_highest_within_a_step():
    scores = paraboloids((35, 3, 8, 8, 20), (12, 5, 4, 10, 15))
    near = GRID.transform(11.7, 5.2, np.array([-3.6, 1.8]))
    assert GRID.score_near(scores, near) == 15
    assert GRID.score_near(scores, GRID.transform(35.6, 3, np.zeros(2))) == 20
    angle, scale, shift = GRID.position(near)
    assert [angle, scale, *shift] == pytest.approx([11.7, 5.2, -3.6, 1.8])
    for beyond in (GRID.transform(3, 8.5, np.zeros(2)), GRID.transform(3, 3, np.array([40, 0]))):
        assert GRID.score_near(scores, beyond) == UNSEARCHED_SCORE


def test_a_known_scale_leaves_hypotheses_of_that_scale_only():
    scores = paraboloids((3, 1, 8, 8, 20), (20, 3, 8, 8, 10))
    assert four(find_peaks(scores, GRID, 1)[0])[1] == pytest.approx(1)
    for peak in find_peaks(scores, GRID, 8, max_log_scale=0.1):
        assert four(peak)[1] == pytest.approx(3, abs=0.5)


@pytest.fixture(scope="module")
def layers():
    return specimen(576, seed=9)


@pytest.mark.parametrize("stage", ["coarse_search", "fine_search"])
@pytest.mark.parametrize(
    ("angle_deg", "scale", "shift"), [(160, 1.0, (20, -10)), (-75, 1.4, (0, 30)), (30, 0.7, (-25, 15))]
)
def test_a_turned_scaled_and_shifted_copy_is_found(layers, angle_deg, scale, shift, stage):
    truth = SimilarityTransform(scale, math.radians(angle_deg), shift, image_center((256, 256)))
    fixed, moving = seen_twice(layers, (absorption, absorption), truth, side=256)
    pair = ImagePair(Image(fixed), Image(moving))
    views = [each.view(full_view_matrix(each.shape, 128), 128)[None] for each in (pair.fixed, pair.moving)]
    search = weights().config[stage]
    scores = open_engine().run(search["graph"], fixed=views[0], moving=views[1])["scores"][0]
    best = find_peaks(scores, replace(GRID, cells=search["cells"]), 1)[0]
    x, y = shift
    middle = image_center((128, 128))
    seen = SimilarityTransform(scale, math.radians(angle_deg), (x / 2, y / 2), middle)
    left = SimilarityTransform.from_matrix(np.linalg.inv(best.moving_from_fixed @ seen.matrix), middle)
    reach = RefineTask.reach  # what the next stage corrects
    assert abs(math.degrees(left.angle)) < reach.angle_deg
    assert 1 / reach.scale < left.scale < reach.scale
    assert np.abs(left.translation).max() < reach.shift * 128
