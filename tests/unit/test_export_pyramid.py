"""Export of the default network: the bundled checkpoints give graphs that answer as the bundled ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.golden_pairs import golden

from xebra.engine import BATCH, OnnxEngine
from xebra.evaluation.export_and_calibrate import TOLERANCE, checked_difference
from xebra.training.export import export_pyramid
from xebra.weights import BUNDLED, DEFAULT, read_weights


def test_the_checkpoints_give_the_bundled_graphs(tmp_path: Path) -> None:
    bundled = BUNDLED / DEFAULT
    config = export_pyramid(bundled / "search.pt", bundled / "refine.pt", tmp_path / DEFAULT)
    assert config["graphs"] == read_weights(bundled).graphs
    exported = OnnxEngine(tmp_path)
    assert checked_difference(exported, config) < TOLERANCE
    for graph in config["graphs"]:
        golden = np.load(BUNDLED / graph / "golden.npz")
        inputs = {name: golden[name] for name in ("fixed", "moving", "view") if name in golden}
        for name, values in exported.run(graph, **inputs).items():
            np.testing.assert_allclose(
                values, golden[name], rtol=1e-3, atol=1e-3 * np.abs(golden[name]).max()
            )


@pytest.mark.parametrize("graph", ["pyramid_128", "pyramid_256"])
def test_one_fixed_view_serves_a_batch_of_several_parts(
    graph: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Equal to the last bit, and without a complaint of ONNX Runtime about the dimensions."""
    pairs, engine = golden(graph), OnnxEngine(BUNDLED)
    fixed, moving = pairs["fixed"][:1], np.concatenate([pairs["moving"], pairs["moving"][:2]])
    assert len(moving) > BATCH
    once = engine.run(graph, fixed=fixed, moving=moving)
    repeated = engine.run(graph, fixed=np.repeat(fixed, len(moving), 0), moving=moving)
    for name, values in repeated.items():
        assert len(values) == len(moving)
        np.testing.assert_array_equal(once[name], values)
    assert "onnxruntime" not in capfd.readouterr().err
