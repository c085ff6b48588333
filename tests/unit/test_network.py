"""The parts of the paper's network."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from xebra.network.heads import normalise
from xebra.network.joins import Correlation
from xebra.network.model import NetworkConfig, TwoHeadedNetwork
from xebra.training.matching import matching_loss, true_displacements
from xebra.training.scores import corner_errors, inverse, r2
from xebra.transform import SimilarityTransform, corner_error, image_center

SMALL = NetworkConfig(size=64, features=16, radius=4)


@pytest.mark.parametrize("join", ["correlation", "concatenation"])
def test_two_images_in_four_parameters_out(join):
    network = TwoHeadedNetwork(dataclasses.replace(SMALL, join=join))
    assert network(torch.rand(3, 1, 64, 64), torch.rand(3, 1, 64, 64)).shape == (3, 4)


def test_brightness_and_contrast_of_an_image_do_not_matter():
    torch.manual_seed(0)
    network = TwoHeadedNetwork(SMALL).eval()
    fixed, moving = torch.rand(1, 1, 64, 64), torch.rand(1, 1, 64, 64)
    assert torch.allclose(network(fixed, moving), network(fixed * 400 + 1000, moving * 0.01), atol=1e-3)


def test_normalised_images_have_no_mean_and_unit_spread():
    image = normalise(torch.rand(2, 1, 32, 32) * 7 + 100)
    assert torch.allclose(image.mean((1, 2, 3)), torch.zeros(2), atol=1e-4)
    assert torch.allclose(image.flatten(1).std(1), torch.ones(2), atol=1e-2)


def test_a_shifted_copy_is_found_where_it_was_put():
    """Random features moved by whole cells: every cell in view has that displacement."""
    join = Correlation(cells=16, radius=5)
    fixed = torch.nn.functional.normalize(torch.randn(1, 24, 16, 16), dim=1)
    moving = torch.roll(fixed, (2, -3), (2, 3))  # 2 cells down, 3 to the left
    best = join.correlation(fixed, moving).argmax(2).view(16, 16)
    dx, dy = join.displacement[best].unbind(-1)
    assert torch.allclose(dx[:12, 4:] * 5, torch.full((12, 12), -3.0))
    assert torch.allclose(dy[:12, 4:] * 5, torch.full((12, 12), 2.0))


def test_true_displacements_are_those_of_the_transform():
    join = Correlation(cells=16, radius=8)
    angle, log_scale, x, y = 0.3, 0.1, 0.05, -0.1
    target, known = true_displacements(join, torch.tensor([[angle, log_scale, x, y]]))
    columns, rows = target.index % 17, target.index // 17
    found = torch.stack([(columns * target.weight).sum(-1), (rows * target.weight).sum(-1)], -1) - 8
    center = image_center((16, 16))
    transform = SimilarityTransform(math.exp(log_scale), angle, (x * 16, y * 16), center).inverse()
    fixed = np.stack(np.meshgrid(np.arange(16), np.arange(16)), -1).reshape(-1, 2)
    expected = transform(fixed) - fixed
    in_view = known[0].bool().numpy()
    assert in_view.mean() > 0.5
    assert np.allclose(found[0].numpy()[in_view], expected[in_view], atol=1e-4)


def test_matching_loss_is_least_where_the_match_is_true():
    join = Correlation(cells=16, radius=5)
    fixed = torch.nn.functional.normalize(torch.randn(1, 24, 16, 16), dim=1)
    correlation = join.correlation(fixed, torch.roll(fixed, (0, 2), (2, 3)))
    # A moving image whose content sits 2 cells to the right: fixed_from_moving goes 2 cells to the left.
    right, wrong = (torch.tensor([[0.0, 0.0, cells / 16, 0.0]]) for cells in (-2, 2))
    assert matching_loss(join, correlation, right) < matching_loss(join, correlation, wrong) - 1


def test_inverse_parameters_undo_the_transform():
    parameters = torch.tensor([[0.4, 0.2, 0.1, -0.05], [-1.0, -0.3, 0.0, 0.2]])
    assert torch.allclose(inverse(inverse(parameters)), parameters, atol=1e-6)
    for one, other in zip(parameters.tolist(), inverse(parameters).tolist(), strict=True):
        there, back = (_transform(p) for p in (one, other))
        assert np.allclose(back.after(there).matrix, np.eye(3), atol=1e-5)


def _transform(parameters, side=256):
    angle, log_scale, x, y = parameters
    return SimilarityTransform(math.exp(log_scale), angle, (x * side, y * side), image_center((side, side)))


def test_corner_error_in_training_is_the_one_in_use():
    one, other = [0.1, 0.05, 0.02, 0.03], [0.12, 0.02, -0.01, 0.04]
    by_training = corner_errors(torch.tensor([one]), torch.tensor([other]))
    by_transform = corner_error(_transform(one).matrix, _transform(other).matrix, (256, 256))
    assert float(by_training) == pytest.approx(by_transform, abs=1e-3)


def test_r2_is_one_for_truth_and_zero_for_the_mean():
    truth = torch.randn(50, 4)
    assert torch.allclose(r2(truth, truth), torch.ones(4))
    assert torch.allclose(r2(truth.mean(0).expand(50, 4), truth), torch.zeros(4), atol=1e-5)
