"""From checkpoints to weights that may serve: export, check against torch, calibrate the error bar."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from xebra.engine import Engine, OnnxEngine
from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.regressed import RegressedEstimator
from xebra.evaluation import confide
from xebra.evaluation.calibrate import as_config, calibrate, measure
from xebra.evaluation.simulated import FULL, cases
from xebra.specimen.pairs import Range
from xebra.training.export import export_paper, export_pyramid
from xebra.training.run import CALIBRATION_SEED
from xebra.weights import read_weights

TOLERANCE = 1e-3  # px, and of scores, as a share: between torch and ONNX
LARGE = 512  # px: side of images on which windows have the last word
DISPLACED = ("displacement", "parameters", "scores", "score")  # outputs that are compared


def release_paper(checkpoint: Path, folder: Path, pairs: int) -> float:
    """Write the paper's network; returns how far ONNX and torch are apart on the golden pairs."""
    config = export_paper(checkpoint, folder)
    apart = _checked(OnnxEngine(folder.parent), config)
    reach = Range(**config["network"]["reach"])
    config["calibration"] = {"disagreement_px": [0.0, 1.0], "expected_corner_error_px": [0.0, 0.0]}
    _write(folder, config)  # the estimator reads it, though its error bar means nothing yet
    estimator = RegressedEstimator(read_weights(folder), OnnxEngine(folder.parent))
    config["calibration"] = as_config(calibrate(*measure(estimator, cases(CALIBRATION_SEED, pairs, reach))))
    _write(folder, config)
    return apart


def release_pyramid(search: Path, refine: Path, folder: Path, pairs: int) -> float:
    """Write the default network; returns how far ONNX and torch are apart on the golden pairs."""
    config = export_pyramid(search, refine, folder)
    apart = _checked(OnnxEngine(folder.parent), config)
    config["confidence"] = dataclasses.asdict(confide.NONE)
    _write(folder, config)
    estimator = PyramidEstimator(read_weights(folder), OnnxEngine(folder.parent))
    seen = confide.measure(estimator, cases(CALIBRATION_SEED, pairs, FULL))
    large = confide.measure(estimator, cases(CALIBRATION_SEED + LARGE, max(8, pairs // 8), FULL, LARGE))
    config["confidence"] = dataclasses.asdict(confide.fit(seen, large))
    _write(folder, config)
    return apart


def _checked(engine: Engine, config: dict) -> float:
    apart = max(golden_difference(engine, graph) for graph in config["graphs"])
    if not apart < TOLERANCE:
        raise RuntimeError(f"ONNX and torch differ by {apart:.2g} on the golden pairs of {config['name']}")
    return apart


def golden_difference(engine: Engine, graph: str) -> float:
    """Largest difference between an engine's and torch's answers on a graph's golden pairs.

    Of lengths in cells or widths; of scores as a share of the largest.
    """
    golden = np.load(engine.folder / graph / "golden.npz")
    answers = engine.run(graph, fixed=golden["fixed"], moving=golden["moving"])
    return max(
        float(np.abs(answers[name] - golden[name]).max() / max(1.0, _largest(golden[name])))
        for name in DISPLACED
        if name in golden
    )


def _largest(values: np.ndarray) -> float:
    """Of the values that are scores: the mark of what is not scored aside."""
    return float(np.abs(values[values > -1e3]).max())


def _write(folder: Path, config: dict) -> None:
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
