"""Export checkpoints to ONNX, compare with torch on golden pairs, and calibrate the error estimate."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xebra.arrays import Floats
from xebra.engine import Engine, OnnxEngine
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.regression_estimator import RegressionEstimator
from xebra.evaluation import fit_calibration, fit_disagreement_calibration
from xebra.evaluation.labelled_pairs import LabelledPair, from_simulated, unrelated
from xebra.evaluation.simulated import FULL, cases
from xebra.specimen.pairs import Range
from xebra.training.config import CALIBRATION_SEED
from xebra.training.export import export_paper, export_pyramid
from xebra.weights import read_weights

TOLERANCE = 1e-3  # largest difference of torch and ONNX: px, or a share of the largest score
LARGE = 512  # px: side of images on which block refinement is the final stage
MIN_LARGE_PAIRS = 8
COMPARED_OUTPUTS = ("displacement", "maps", "parameters", "scores", "score")
MASKED_SCORE = -1e3  # lower values mark what the network does not score


def export_paper_network(checkpoint: Path, folder: Path, pairs: int) -> float:
    """Write the paper's network; return the largest difference of ONNX and torch on the golden pairs."""
    config = export_paper(checkpoint, folder)
    difference = checked_difference(OnnxEngine(folder.parent), config)
    reach = Range(**config["network"]["reach"])
    config["calibration"] = {"disagreement_px": [0.0, 1.0], "expected_corner_error_px": [0.0, 0.0]}
    _write_config(folder, config)  # a placeholder that the estimator reads until it is calibrated
    estimator = RegressionEstimator(read_weights(folder), OnnxEngine(folder.parent))
    measured = fit_disagreement_calibration.measure(estimator, cases(CALIBRATION_SEED, pairs, reach))
    config["calibration"] = dataclasses.asdict(fit_disagreement_calibration.fit(*measured))
    _write_config(folder, config)
    return difference


def export_pyramid_network(search: Path, refine: Path, folder: Path, pairs: int) -> float:
    """Write the default network; return the largest difference of ONNX and torch on the golden pairs."""
    config = export_pyramid(search, refine, folder)
    difference = checked_difference(OnnxEngine(folder.parent), config)
    config["confidence"] = dataclasses.asdict(fit_calibration.UNCALIBRATED)
    _write_config(folder, config)
    estimator = PyramidEstimator(read_weights(folder), OnnxEngine(folder.parent))
    measured = list(fit_calibration.measure(estimator, simulated_pairs(pairs)))
    config["confidence"] = dataclasses.asdict(fit_calibration.fit(measured))
    _write_config(folder, config)
    return difference


def simulated_pairs(count: int) -> Iterator[LabelledPair]:
    """Yield simulated pairs for the calibration: at 256 px, so large that blocks end, and unrelated ones."""
    yield from from_simulated(cases(CALIBRATION_SEED, count, FULL))
    yield from from_simulated(cases(CALIBRATION_SEED + LARGE, max(MIN_LARGE_PAIRS, count // 8), FULL, LARGE))
    yield from unrelated(*(cases(CALIBRATION_SEED + seed, count // 3, FULL) for seed in (1, 2)))


def checked_difference(engine: Engine, config: dict[str, Any]) -> float:
    """Return the largest difference over a network's graphs; raise RuntimeError above the tolerance."""
    difference = max(golden_difference(engine, graph) for graph in config["graphs"])
    if not difference < TOLERANCE:
        raise RuntimeError(
            f"ONNX and torch differ by {difference:.2g} on the golden pairs of {config['name']}"
        )
    return difference


def golden_difference(engine: Engine, graph: str) -> float:
    """Return the largest difference of an engine's and torch's outputs on a graph's golden pairs.

    Lengths are in cells or widths, scores relative to the largest score.
    """
    golden = np.load(engine.folder / graph / "golden.npz")
    inputs = {name: golden[name] for name in ("fixed", "moving", "view", "reference") if name in golden}
    outputs = engine.run(graph, **inputs)
    return max(
        float(np.abs(outputs[name] - golden[name]).max() / max(1.0, _largest(golden[name])))
        for name in COMPARED_OUTPUTS
        if name in golden
    )


def _largest(values: Floats) -> float:
    """Return the largest absolute value that is not masked."""
    return float(np.abs(values[values > MASKED_SCORE]).max())


def _write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write config.json."""
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
