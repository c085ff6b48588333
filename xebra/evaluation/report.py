"""Everything that is claimed of a network on simulated specimens, measured on those that it never saw."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from xebra.align import Aligner
from xebra.engine import Engine
from xebra.estimate.estimator import PyramidEstimator
from xebra.evaluation.anatomy import anatomy
from xebra.evaluation.parity import parity_figure
from xebra.evaluation.simulated import FULL, SIDE, Case, cases
from xebra.evaluation.triptych import triptych
from xebra.image import Image, read_image
from xebra.registration import Registration
from xebra.sample import FIXED, MOVING
from xebra.specimen.pairs import PairSource, Range
from xebra.training.run import TEST_SEED, TRAIN_SEED
from xebra.training.scores import summary
from xebra.transform import SimilarityTransform, corner_error
from xebra.weights import Weights, weights

STREAMS = {
    "training": TRAIN_SEED,
    "test": TEST_SEED,
}  # the first draws the specimens that training began with
EXAMPLES = 4
SPACING_UM = 0.05  # simulated specimens have no size of their own; this one makes the scale bar


@dataclass(frozen=True)
class Answer:
    """A case and what ``xebra.register`` made of it."""

    case: Case
    found: Registration

    @property
    def error_px(self) -> float:
        return corner_error(self.found.fixed_from_moving, self.case.truth.matrix, (SIDE, SIDE))


def report(network: str, pairs: int, folder: Path) -> str:
    """Write parity.png, registered.png and scores.json to ``folder``; returns the scores as text."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen, aligner = weights(network), Aligner()
    reach = reach_of(chosen)
    spread = torch.tensor(reach.spread)
    answers = [Answer(case, register(aligner, case, network)) for case in cases(TEST_SEED, pairs, reach)]
    if chosen.config["kind"] == "paper":
        parity = {label: one_pass(chosen, aligner.engine, seed, pairs) for label, seed in STREAMS.items()}
    else:
        parity = {"test": standardised(answers, spread)}
        fixed, moving = read_image(FIXED), read_image(MOVING)
        estimator = PyramidEstimator(chosen, aligner.engine)
        anatomy(estimator, fixed, moving).savefig(folder / "anatomy.png")
    parity_figure(parity).savefig(folder / "parity.png")
    first = answers[:EXAMPLES]
    triptych([a.found for a in first], [a.error_px for a in first]).savefig(folder / "registered.png")
    scores = {
        "network": network,
        "weights_sha256": chosen.sha256,
        "parity": {name: summary(*_with_units(both, spread), spread) for name, both in parity.items()},
        "register": {**_parameter_scores(answers, spread), **_trust(answers)},
    }
    text = json.dumps(scores, indent=2)
    (folder / "scores.json").write_text(text + "\n")
    return text


def reach_of(chosen: Weights) -> Range:
    """The range of transforms that a network is scored on: the paper's, what it was trained for."""
    return Range(**chosen.config["network"]["reach"]) if chosen.config["kind"] == "paper" else FULL


def standardised(answers: list[Answer], spread: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Standardised truth and prediction, both (n, 4); the predicted turn is the one nearest to the true."""
    truth = np.array([_four(a.case.truth) for a in answers])
    found = np.array([_four(a.found.transform) for a in answers])
    found[:, 0] = truth[:, 0] + np.angle(np.exp(1j * (found[:, 0] - truth[:, 0])))
    return truth / spread.numpy(), found / spread.numpy()


def one_pass(chosen: Weights, engine: Engine, seed: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised truth and the first graph's own answer, both (n, 4)."""
    reach, stage = Range(**chosen.config["network"]["reach"]), chosen.stages[0]
    source = PairSource(seed, size=stage.size, pool=math.ceil(pairs / 4), renew=False)
    truth, answers = [], []
    for start in range(0, pairs, 32):
        batch = source.batch(min(32, pairs - start), reach)
        truth.append(batch.parameters.numpy() / np.array(reach.spread, np.float32))
        both = {"fixed": batch.fixed.numpy(), "moving": batch.moving.numpy()}
        answers.append(engine.run(stage.graph, **both)["parameters"])
    return np.concatenate(truth), np.concatenate(answers)


def register(aligner: Aligner, case: Case, network: str) -> Registration:
    """Hand a case over as a user would: the moving image's pixel spacing is unknown."""
    return aligner.register(Image(case.fixed, SPACING_UM), Image(case.moving), network=network)


def _with_units(
    both: tuple[np.ndarray, np.ndarray], spread: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    truth, answers = both
    return torch.from_numpy(answers).float() * spread, torch.from_numpy(truth).float() * spread


def _four(transform: SimilarityTransform) -> list[float]:
    """Angle, log scale, shift in widths, as in ``Pairs``."""
    return [transform.angle, math.log(transform.scale), *(t / SIDE for t in transform.translation)]


def _parameter_scores(answers: list[Answer], spread: torch.Tensor) -> dict:
    return summary(*_with_units(standardised(answers, spread), spread), spread)


def _trust(answers: list[Answer]) -> dict:
    """Does the error bar hold, and does ``accept`` mean what it says?"""
    errors = np.array([a.error_px for a in answers])
    expected = np.array([a.found.expected_corner_error_px for a in answers])
    verdicts = np.array([a.found.verdict for a in answers])
    return {
        "error_bar_in_fifths": [
            {"expected_px": round(expected[fifth].mean(), 2), "true_px": round(errors[fifth].mean(), 2)}
            for fifth in np.array_split(np.argsort(expected), 5)
        ],
        "intervals_hold": _held(answers),
        "verdicts": {
            verdict: {
                "pairs": int((verdicts == verdict).sum()),
                "under_5_px": int((errors[verdicts == verdict] < 5).sum()),
            }
            for verdict in ("accept", "review", "refuse")
        },
    }


def _held(answers: list[Answer]) -> dict | None:
    """Share of the accepted answers whose 95 % interval holds the truth, for each parameter."""
    accepted = [a for a in answers if a.found.verdict == "accept" and a.found.intervals]
    if not accepted:
        return None
    names = ("scale", "angle_deg", "shift_x_px", "shift_y_px")
    held = np.array([np.abs(_apart(a)) <= _half_widths(a) for a in accepted]).mean(0)
    return {"answers": len(accepted), **dict(zip(names, held.round(3).tolist(), strict=True))}


def _apart(answer: Answer) -> list[float]:
    """Errors of scale, angle (degrees) and shift (px)."""
    found, truth = answer.found, answer.case.truth
    turned = math.remainder(found.angle_deg - math.degrees(truth.angle), 360)
    return [found.scale - truth.scale, turned, *np.subtract(found.shift_px, truth.translation)]


def _half_widths(answer: Answer) -> list[float]:
    intervals = answer.found.intervals
    return [intervals["scale"], intervals["angle_deg"], *intervals["shift_px"]]
