"""Images of real specimens with known transforms: accepted results of the API are correct."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.specimens import seen_twice, specimen

from xebra import SimilarityTransform, read_image
from xebra.resample import resample
from xebra.specimen.instruments import (
    absorption,
    backscattered_electrons,
    fluorescence,
    secondary_electrons,
)
from xebra.transform import corner_error, image_center

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "pairs"
LARGEST_SIDE = 512
MAX_ANGLE_DEG, MAX_SCALE, MAX_SHIFT = 30, 1.25, 0.15  # the training range of the networks
TOLERANCE = 0.02  # largest corner error of an accepted result, relative to the side of the image
UNRELATED = 8  # pairs of two specimens
SIMULATED_SIDE = 256
CONTRASTS = (  # of simulated specimens where there are no real images
    (backscattered_electrons, absorption),
    (secondary_electrons, secondary_electrons),
    (backscattered_electrons, fluorescence),
    (absorption, absorption),
)


@dataclass
class Case:
    """A pair cut from one scan, and its true transform."""

    name: str
    fixed: np.ndarray
    moving: np.ndarray
    fixed_from_moving: np.ndarray


def cut(name: str, fixed: np.ndarray, moving: np.ndarray, moving_from_fixed_scan: np.ndarray, rng) -> Case:
    """Return the centre of the fixed scan, and a rotated, scaled and shifted view of the moving scan."""
    side = min(min(fixed.shape[:2]) // 2, LARGEST_SIDE)
    centre = image_center((side, side))
    angle, log_scale, x, y = rng.uniform(-1, 1, 4) * [MAX_ANGLE_DEG, math.log(MAX_SCALE), *[MAX_SHIFT] * 2]
    known = SimilarityTransform(math.exp(log_scale), math.radians(angle), (x * side, y * side), centre)
    scan_from_fixed = np.eye(3)
    scan_from_fixed[:2, 2] = np.round(np.subtract(image_center(fixed.shape), centre))
    shape = (side, side)
    return Case(
        name,
        resample(fixed, scan_from_fixed, shape),
        resample(moving, moving_from_fixed_scan @ scan_from_fixed @ known.matrix, shape),
        known.matrix,
    )


def simulated(number: int, rng: np.random.Generator) -> Case:
    """Return two images of one specimen by two instruments, or by one, with independent noise."""
    angle, log_scale, x, y = rng.uniform(-1, 1, 4) * [MAX_ANGLE_DEG, math.log(MAX_SCALE), *[MAX_SHIFT] * 2]
    shift, centre = (x * SIMULATED_SIDE, y * SIMULATED_SIDE), image_center((SIMULATED_SIDE, SIMULATED_SIDE))
    truth = SimilarityTransform(math.exp(log_scale), math.radians(angle), shift, centre)
    contrasts = CONTRASTS[number % len(CONTRASTS)]
    fixed, moving = seen_twice(specimen(2 * SIMULATED_SIDE, seed=number), contrasts, truth, SIMULATED_SIDE)
    return Case(f"simulated {number}", fixed, moving, truth.matrix)


def cases() -> list[Case]:
    """Return the real pairs that are large enough, or pairs of simulated specimens without them."""
    rng = np.random.default_rng(7)
    if not PAIRS.is_dir():
        print(f"There are no real images at {PAIRS}: simulated specimens are used instead.")
        return [simulated(number, rng) for number in range(8)]
    residuals = json.loads((PAIRS.parent / "offsets.json").read_text())
    found = []
    for path in sorted(PAIRS.glob("*_fixed.tif")):
        name = path.name.removesuffix("_fixed.tif")
        fixed, moving = (read_image(PAIRS / f"{name}_{side}.tif").pixels for side in ("fixed", "moving"))
        if min(fixed.shape[:2]) >= 128:
            found.append(cut(name, fixed, moving, residual_of(name, fixed.shape, residuals), rng))
    print(f"{len(found)} real pairs from {PAIRS}")
    return found


def residual_of(name: str, shape: tuple[int, ...], residuals: dict) -> np.ndarray:
    """Return the measured residual transform between the two scans of a pair."""
    for prefix, residual in residuals.items():
        if name.startswith(prefix):
            shift, angle = (residual["dx"], residual["dy"]), math.radians(residual["rot_deg"])
            return SimilarityTransform(residual["scale"], angle, shift, image_center(shape)).matrix
    return np.eye(3)


@pytest.fixture(scope="module")
def answers(service) -> list[tuple[Case, dict]]:
    """All cases with their finished registrations."""
    jobs = []
    for case in cases():
        images = [service.upload(pixels, f"{case.name}.tif") for pixels in (case.fixed, case.moving)]
        jobs.append((case, service.submit(*images)))
    return [(case, service.wait(job)) for case, job in jobs]


def error_px(case: Case, job: dict) -> float:
    found = np.array(job["result"]["fixed_from_moving"])
    return corner_error(found, case.fixed_from_moving, case.fixed.shape)


def test_every_pair_has_a_finite_result(answers):
    assert answers
    for case, job in answers:
        assert job["state"] == "succeeded", (case.name, job["failure"])
        result = job["result"]
        numbers = [result["scale"], result["angle_deg"], result["expected_corner_error_px"]]
        assert np.isfinite([*numbers, *result["shift_px"]]).all(), case.name
        assert result["verdict"] in ("accept", "review", "refuse") and result["reason"]


def test_accepted_results_are_correct(answers):
    wrong, accepted = [], 0
    for case, job in answers:
        error, verdict = error_px(case, job), job["result"]["verdict"]
        accepted += verdict == "accept"
        print(f"{case.name:<28}{len(case.fixed):>5} px  corner error {error:7.2f} px  {verdict}")
        if verdict == "accept" and error > TOLERANCE * len(case.fixed):
            wrong.append(f"{case.name}: {error:.1f} px")
    assert wrong == []
    assert accepted >= len(answers) / 4, "verdicts that never accept are of no use"


def test_an_accepted_result_is_expected_to_be_within_the_tolerance(answers):
    for case, job in answers:
        result = job["result"]
        if result["verdict"] == "accept":
            assert result["expected_corner_error_px"] <= TOLERANCE * max(case.fixed.shape), case.name


def test_two_specimens_are_not_accepted_and_mostly_refused(service, answers):
    found = [case for case, _ in answers]
    half = len(found) // 2
    couples = list(zip(found[:half], found[half:], strict=False))[:UNRELATED]
    jobs = []
    for first, second in couples:
        images = [
            service.upload(first.fixed, f"{first.name}.tif"),
            service.upload(second.moving, f"{second.name}.tif"),
        ]
        jobs.append(service.submit(*images))
    verdicts = [service.wait(job)["result"]["verdict"] for job in jobs]
    assert "accept" not in verdicts
    assert verdicts.count("refuse") >= 0.75 * len(verdicts), verdicts
