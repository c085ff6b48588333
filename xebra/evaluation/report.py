"""The accuracy report of a network on held-out simulated specimens: figures and scores.json."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xebra.align import Aligner
from xebra.arrays import Floats
from xebra.engine import Engine
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.evaluation.parity_plot import parity_figure
from xebra.evaluation.pipeline_figure import pipeline_figure
from xebra.evaluation.simulated import FULL, SIDE, Case, cases
from xebra.evaluation.triptych import triptych
from xebra.image import Image, read_image
from xebra.registration import Registration
from xebra.sample import FIXED, MOVING
from xebra.specimen.pairs import PairSource, Range
from xebra.training.config import TEST_SEED, TRAIN_SEED
from xebra.training.scores import summary
from xebra.transform import Transform, corner_error
from xebra.weights import Weights, weights

SEEDS = {"training": TRAIN_SEED, "test": TEST_SEED}  # the first one draws the first specimens of the training
EXAMPLES = 4
SPACING_UM = 0.05  # arbitrary pixel spacing of simulated specimens, for the scale bar


@dataclass(frozen=True)
class ScoredCase:
    """A case with its registration."""

    case: Case
    found: Registration

    @property
    def error_px(self) -> float:
        """Mean corner error in px at 256."""
        return corner_error(self.found.fixed_from_moving, self.case.truth.matrix, (SIDE, SIDE))


def report(network: str, pairs: int, folder: Path) -> str:
    """Write the figures and scores.json to ``folder``; return the scores as JSON text."""
    folder.mkdir(parents=True, exist_ok=True)
    model, aligner = weights(network), Aligner()
    reach = scored_range(model)
    spread = torch.tensor(reach.spread)
    scored = [ScoredCase(case, register(aligner, case, network)) for case in cases(TEST_SEED, pairs, reach)]
    if model.config["kind"] == "paper":
        parity = {
            label: first_graph_predictions(model, aligner.engine, seed, pairs)
            for label, seed in SEEDS.items()
        }
    else:
        parity = {"test": standardised(scored, spread)}
        fixed, moving = read_image(FIXED), read_image(MOVING)
        estimator = PyramidEstimator(model, aligner.engine)
        pipeline_figure(estimator, fixed, moving).savefig(folder / "pipeline.png")
    parity_figure(parity).savefig(folder / "parity.png")
    first = scored[:EXAMPLES]
    triptych([a.found for a in first], [a.error_px for a in first]).savefig(folder / "registered.png")
    scores = {
        "network": network,
        "weights_sha256": model.sha256,
        "parity": {name: summary(*_with_units(both, spread), spread) for name, both in parity.items()},
        "register": {**_parameter_scores(scored, spread), **_calibration_scores(scored)},
    }
    text = json.dumps(scores, indent=2)
    (folder / "scores.json").write_text(text + "\n")
    return text


def scored_range(model: Weights) -> Range:
    """Return the range of transforms for scoring a network; the paper's network has that of its training."""
    return Range(**model.config["network"]["reach"]) if model.config["kind"] == "paper" else FULL


def standardised(answers: list[ScoredCase], spread: torch.Tensor) -> tuple[Floats, Floats]:
    """Return standardised truth and prediction, both (n, 4); the angles differ by at most half a turn."""
    truth = np.array([_parameters(a.case.truth) for a in answers])
    found = np.array([_parameters(a.found.transform) for a in answers])  # similarities
    found[:, 0] = truth[:, 0] + np.angle(np.exp(1j * (found[:, 0] - truth[:, 0])))
    return truth / spread.numpy(), found / spread.numpy()


def first_graph_predictions(model: Weights, engine: Engine, seed: int, pairs: int) -> tuple[Floats, Floats]:
    """Return standardised truth and the prediction of the first graph alone, both (n, 4)."""
    reach, stage = Range(**model.config["network"]["reach"]), model.stages[0]
    source = PairSource(seed, size=stage.size, pool=math.ceil(pairs / 4), renew=False)
    truth, predicted = [], []
    for start in range(0, pairs, 32):
        batch = source.batch(min(32, pairs - start), reach)
        truth.append(batch.parameters.numpy() / np.array(reach.spread, np.float32))
        both = {"fixed": batch.fixed.numpy(), "moving": batch.moving.numpy()}
        predicted.append(engine.run(stage.graph, **both)["parameters"])
    return np.concatenate(truth), np.concatenate(predicted)


def register(aligner: Aligner, case: Case, network: str) -> Registration:
    """Register a case; the pixel spacing of the moving image is unknown."""
    return aligner.register(Image(case.fixed, SPACING_UM), Image(case.moving), network=network)


def _with_units(both: tuple[Floats, Floats], spread: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return prediction and truth (n, 4) with units."""
    truth, predicted = both
    return torch.from_numpy(predicted).float() * spread, torch.from_numpy(truth).float() * spread


def _parameters(transform: Transform) -> list[float]:
    """Return angle (rad), log scale, shift x, y in widths, as in ``Pairs``."""
    return [transform.angle, math.log(transform.scale), *(t / SIDE for t in transform.translation)]


def _parameter_scores(answers: list[ScoredCase], spread: torch.Tensor) -> dict[str, Any]:
    """Return the scores of each parameter."""
    return summary(*_with_units(standardised(answers, spread), spread), spread)


def _calibration_scores(answers: list[ScoredCase]) -> dict[str, Any]:
    """Return how well expected errors, intervals and verdicts match the true errors."""
    errors = np.array([a.error_px for a in answers])
    expected = np.array([a.found.expected_corner_error_px for a in answers])
    verdicts = np.array([a.found.verdict for a in answers])
    return {
        "error_bar_in_fifths": [
            {"expected_px": round(expected[fifth].mean(), 2), "true_px": round(errors[fifth].mean(), 2)}
            for fifth in np.array_split(np.argsort(expected), 5)
        ],
        "intervals_hold": _interval_coverage(answers),
        "verdicts": {
            verdict: {
                "pairs": int((verdicts == verdict).sum()),
                "under_5_px": int((errors[verdicts == verdict] < 5).sum()),
            }
            for verdict in ("accept", "review", "refuse")
        },
    }


def _interval_coverage(answers: list[ScoredCase]) -> dict[str, float] | None:
    """Return the share of accepted pairs whose 95 % interval contains the truth, for each parameter."""
    accepted = [a for a in answers if a.found.verdict == "accept" and a.found.intervals]
    if not accepted:
        return None
    names = ("scale", "angle_deg", "shift_x_px", "shift_y_px")
    covered = np.array([np.abs(_errors(a)) <= _half_widths(a) for a in accepted]).mean(0)
    return {"answers": len(accepted), **dict(zip(names, covered.round(3).tolist(), strict=True))}


def _errors(scored: ScoredCase) -> list[float]:
    """Return the errors of scale, angle (degrees) and shift x, y (px)."""
    found, truth = scored.found, scored.case.truth
    angle = math.remainder(found.angle_deg - math.degrees(truth.angle), 360)
    return [found.scale - truth.scale, angle, *np.subtract(found.shift_px, truth.translation)]


def _half_widths(scored: ScoredCase) -> list[float]:
    """Return the half widths of the 95 % intervals, in the order of ``_errors``."""
    intervals = scored.found.intervals
    if intervals is None:
        raise ValueError(f"{scored.found.fixed.name}: the network gives no intervals")
    return [intervals["scale"], intervals["angle_deg"], *intervals["shift_px"]]
