"""The graphs of feature maps give the same outputs as in torch, for views of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xebra.engine import open_engine
from xebra.evaluation.export_and_calibrate import TOLERANCE, golden_difference
from xebra.training.tasks import trained
from xebra.weights import weights

GRAPH = weights().config["detail_search"]["graph"]
DENSE = weights().config["field"]["graph"]


@pytest.mark.parametrize("graph", [GRAPH, DENSE])
def test_maps_are_those_of_torch(graph: str) -> None:
    assert golden_difference(open_engine(), graph) < TOLERANCE


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (128, 64), (200, 328)])
def test_a_view_of_any_size_gives_cells_of_8_px(rows: int, columns: int) -> None:
    view = np.random.default_rng(1).random((2, 2, rows, columns), np.float32)
    maps = open_engine().run(GRAPH, view=view)["maps"]
    assert maps.shape == (2, 9, rows // 8, columns // 8) and np.isfinite(maps).all()


def test_the_search_correlates_with_the_parameters_of_the_trained_network() -> None:
    network = trained(torch.load(weights().folder / "search.pt", map_location="cpu")).network
    config = weights().config["detail_search"]
    assert config["sharpness"] == pytest.approx(float(network.sharpness.exp()), rel=1e-5)
    assert config["overlap_exponent"] == pytest.approx(0.5 * float(network.preference.sigmoid()), rel=1e-4)


@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (136, 64)])
def test_dense_features_have_the_cells_that_the_configuration_states(rows: int, columns: int) -> None:
    view = np.random.default_rng(1).random((1, 2, rows, columns), np.float32)
    maps, cell = open_engine().run(DENSE, view=view)["maps"], weights().config["field"]["cell"]
    assert maps.shape == (1, 8, rows // cell, columns // cell) and np.isfinite(maps).all()


def test_the_field_is_searched_with_the_sharpness_of_the_trained_network() -> None:
    network = trained(torch.load(weights().folder / "refine.pt", map_location="cpu")).network
    assert weights().config["field"]["sharpness"] == pytest.approx(float(network.sharpness.exp()), rel=1e-5)
