"""The refinement: evidence of blocks, one step of Newton's method, black and white halves."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample

from xebra.engine import BATCH, open_engine
from xebra.estimate.displacement import (
    CELL,
    Evidence,
    displacement_at,
    motion_matrix,
    view_corners,
)
from xebra.estimate.refinement import evidence_from_outputs
from xebra.evaluation.export_and_calibrate import golden_difference
from xebra.network.refine import REACH, Refine, RefineConfig, centres, checkerboard, displaced
from xebra.training.refine_task import displacement, newton_step
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import BUNDLED, weights

SIZE = 128
REFINED = [level["graph"] for level in weights().config["refine_levels"]]
CELLS = SIZE // CELL
TRUTH = torch.tensor([0.012, -0.02, 1.3, -0.7])  # turn, skew, cells, cells


@pytest.fixture(scope="module")
def network():
    return Refine(RefineConfig(widths=(8, 16, 24), features=8)).eval()


def evidence_for(where):
    """Evidence (1, 4, 4, 17, 17) of blocks, each a paraboloid over its true shift (16, 2)."""
    line = torch.arange(-8.0, 9.0)
    away = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1) - where[:, None, None]
    return -away.square().sum(-1).view(1, 4, 4, 17, 17) / 2


def outputs_of(network, evidence):
    """The outputs of the exported graph for this evidence."""
    at = network.grid(evidence)[network.grid_scores(evidence).flatten(1).argmax(1)]
    gradient, information = network.newton(evidence, at)
    return Evidence(at[0].numpy().astype(float), gradient[0].numpy(), information[0].numpy(), 0.0)


def corner_distance(one, other):
    apart = np.asarray(one) - np.asarray(other)
    return np.hypot(*displacement_at(apart, view_corners(SIZE)).T).max()


def test_a_newton_step_corrects_a_small_displacement(network):
    evidence = evidence_for(displaced(centres(4, TRUTH), TRUTH[None])[:, 0])
    output = outputs_of(network, evidence)
    assert corner_distance(output.displacement, TRUTH) > 0.3  # the grid's best place is not yet it
    assert corner_distance(output.displacement + output.newton_step(SIZE), TRUTH) < 0.05


def test_training_takes_the_step_that_serving_takes(network):
    evidence = evidence_for(displaced(centres(4, TRUTH), TRUTH[None])[:, 0])
    output = outputs_of(network, evidence)
    found = newton_step(network, evidence, torch.from_numpy(output.displacement).float()[None])
    assert np.allclose(found[0], output.displacement + output.newton_step(SIZE), atol=1e-5)


def test_black_and_white_blocks_are_two_estimates_that_share_nothing(network):
    where = displaced(centres(4, TRUTH), TRUTH[None])[:, 0]
    white = checkerboard(4, where)[1].bool()
    where[white] += torch.tensor([0.5, 0.0])  # what the white blocks alone see half a cell to the right
    output = outputs_of(network, evidence_for(where))
    black, white = (output.displacement + output.newton_step(SIZE, half) for half in (0, 1))
    assert corner_distance(black, TRUTH) < 0.05
    assert np.allclose(white - black, [0, 0, 0.5, 0], atol=0.05)


def test_where_the_evidence_has_no_peak_no_step_is_taken(network):
    valley = -evidence_for(torch.zeros(16, 2))
    at = torch.zeros(1, 4)
    gradient, information = network.newton(valley, at)
    assert not Evidence(np.zeros(4), gradient[0].numpy(), information[0].numpy(), 0.0).newton_step(SIZE).any()
    assert torch.equal(newton_step(network, valley, at), at)


def test_evidence_of_a_shifted_copy_has_its_peak_at_the_shift(network):
    torch.manual_seed(3)
    fixed = torch.nn.functional.normalize(torch.randn(1, 8, CELLS, CELLS), dim=1)
    moving = torch.roll(fixed, (-2, 3), (2, 3))  # what the fixed image shows lies 3 cells right, 2 up
    at = network.grid(network.evidence(fixed, moving, torch.ones(1, 1, CELLS, CELLS)))
    best = (
        network.grid_scores(network.evidence(fixed, moving, torch.ones(1, 1, CELLS, CELLS)))
        .flatten(1)
        .argmax(1)
    )
    assert torch.allclose(at[best], torch.tensor([[0.0, 0.0, 3.0, -2.0]]))


def test_a_displacement_is_the_similarity_that_training_means_by_it():
    parameters = torch.tensor([[0.05, 0.04, 0.02, -0.03], [-0.07, -0.02, 0.0, 0.01]])
    found = displacement(parameters, CELLS).numpy()
    for (angle, log_scale, x, y), one in zip(parameters.tolist(), found, strict=True):
        center, shift = image_center((SIZE, SIZE)), (x * SIZE, y * SIZE)
        truth = SimilarityTransform(math.exp(log_scale), angle, shift, center)
        assert np.allclose(motion_matrix(one, SIZE), truth.inverse().matrix, atol=1e-4)


def test_the_matrix_moves_corners_by_the_displacement():
    corners = view_corners(SIZE)
    px = corners * CELL + (SIZE - 1) / 2
    moved = motion_matrix(TRUTH.numpy(), SIZE) @ np.column_stack([px, np.ones(4)]).T
    assert np.allclose(moved[:2].T - px, CELL * displacement_at(TRUTH.numpy(), corners))


@pytest.mark.parametrize("graph", weights().graphs)
def test_bundled_graphs_give_the_answers_that_torch_gave(graph):
    assert golden_difference(open_engine(), graph) < 1e-3


@pytest.mark.parametrize("graph", REFINED)
def test_block_correlations_at_the_displacement_add_up_to_the_score(graph):
    with np.load(BUNDLED / graph / "golden.npz") as golden:
        outputs = open_engine().run(graph, fixed=golden["fixed"], moving=golden["moving"])
        assert np.allclose(outputs["block_correlation"], golden["block_correlation"], atol=1e-3)
    correlation, at = (torch.from_numpy(outputs[name]) for name in ("block_correlation", "displacement"))
    rows = correlation.shape[1]
    places = displaced(centres(rows, at), at).permute(1, 0, 2)  # (B, block, 2)
    points = (places / REACH).reshape(-1, 1, 1, 2)
    seen = grid_sample(correlation.reshape(-1, 1, 17, 17), points, align_corners=True)
    assert np.allclose(seen.view(len(at), -1).sum(1), outputs["score"], atol=1e-3)


def test_other_members_of_a_batch_do_not_change_the_output():
    graph, engine = weights().config["refine_levels"][0]["graph"], open_engine()
    with np.load(BUNDLED / graph / "golden.npz") as golden:
        fixed, moving = golden["fixed"], golden["moving"]
    together = engine.run(graph, fixed=fixed[::-1].copy(), moving=moving[::-1].copy())
    for member in range(len(fixed)):
        alone = engine.run(graph, fixed=fixed[member : member + 1], moving=moving[member : member + 1])
        one, other = evidence_from_outputs(alone, 0), evidence_from_outputs(together, len(fixed) - 1 - member)
        ends = [output.displacement + output.newton_step(SIZE) for output in (one, other)]
        assert corner_distance(*ends) * CELL < 1e-3


@pytest.mark.parametrize("count", (BATCH, BATCH + 1, 2 * BATCH + 3))
def test_large_batches_give_every_member_its_own_output(count):
    graph, engine = weights().config["refine_levels"][0]["graph"], open_engine()
    with np.load(BUNDLED / graph / "golden.npz") as golden:
        members = np.arange(count) % len(golden["fixed"])
        outputs = engine.run(graph, fixed=golden["fixed"][members], moving=golden["moving"][members])
        for name, values in outputs.items():
            assert np.allclose(values, golden[name][members], rtol=1e-3, atol=1e-3), name
