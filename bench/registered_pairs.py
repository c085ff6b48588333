"""What ``xebra.register`` returns for labelled pairs, with a calibration that is not installed yet."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xebra.align import Aligner
from xebra.estimate.confidence import Confidence
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.evaluation.corner_bound import bound_ratio, parameter_errors
from xebra.evaluation.labelled_pairs import Judged, LabelledPair
from xebra.registration import Registration
from xebra.transform import corner_error, corners, image_center
from xebra.weights import BUNDLED, weights


@dataclass(frozen=True)
class RegisteredPair(Judged):
    """The answer for a pair; lengths are mean corner distances in px at 256."""

    verdict: str
    expected_px: float
    error_px: float  # infinite where no transform is right
    bound_ratio: float  # largest corner error over its 95 % bound; NaN where no transform is right
    by_pixel_values: bool  # the final stage compares pixel values, as the reason states
    kind: str
    source: str
    truth_px: float  # uncertainty of the truth


def networks_with(calibration: Confidence, folder: Path) -> Path:
    """Return a folder with links to the bundled graphs, and the default network with another calibration."""
    default = weights()
    for graph in default.graphs:
        (folder / graph).symlink_to(BUNDLED / graph)
    (folder / default.name).mkdir()
    config = {**default.config, "confidence": dataclasses.asdict(calibration)}
    (folder / default.name / "config.json").write_text(json.dumps(config))
    return folder


def registered(networks: Path, pairs: Iterable[LabelledPair]) -> Iterator[RegisteredPair]:
    """Yield what ``xebra.register`` returns for each pair with the networks of a folder."""
    aligner = Aligner(folder=networks)
    for pair in pairs:
        yield _judged(aligner.register(pair.fixed, pair.moving), pair)


def _judged(found: Registration, pair: LabelledPair) -> RegisteredPair:
    """Return an answer with its error."""
    shape, truth = pair.fixed.shape, pair.moving_from_fixed
    error = ratio = math.nan
    if truth is not None:
        error = corner_error(found.fixed_from_moving @ truth, np.eye(3), shape)
        center = np.linalg.inv(truth) @ [*image_center(pair.moving.shape), 1]
        errors = parameter_errors(found.fixed_from_moving, np.linalg.inv(truth), pair.moving.shape)
        ratio = bound_ratio(errors, found.covariance[:4, :4], corners(shape) - center[:2])
    px = max(shape) / REFERENCE_WIDTH
    return RegisteredPair(
        found.verdict,
        found.expected_corner_error_px / px,
        math.inf if truth is None else error / px,
        ratio,
        "pixel intensities" in found.reason,
        pair.kind,
        pair.source,
        pair.truth_px,
    )
