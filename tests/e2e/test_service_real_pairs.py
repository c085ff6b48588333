"""Real specimens under known transformations go through the running API, and what is accepted is right."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from xebra import SimilarityTransform, read_image, sample
from xebra.resample import resample
from xebra.transform import corner_error, image_center

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "pairs"
LARGEST_SIDE = 512
REACH_DEG, REACH_SCALE, REACH_SHIFT = 30, 1.25, 0.15  # what the networks were trained for
TOLERANCE = 0.05  # corner error of an accepted answer, as a share of the image's side
AMBIGUOUS = ("LATTICE", "PERIODIC")  # a shift by one period cannot be told apart


@dataclass
class Case:
    """A pair cut from one scan, and where the moving image truly lies."""

    name: str
    fixed: np.ndarray
    moving: np.ndarray
    fixed_from_moving: np.ndarray


def cut(name: str, fixed: np.ndarray, moving: np.ndarray, moving_from_fixed_scan: np.ndarray, rng) -> Case:
    """The middle of the fixed scan, and a view of the moving one that is turned, scaled and shifted."""
    side = min(min(fixed.shape[:2]) // 2, LARGEST_SIDE)
    centre = image_center((side, side))
    angle, log_scale, x, y = rng.uniform(-1, 1, 4) * [REACH_DEG, math.log(REACH_SCALE), *[REACH_SHIFT] * 2]
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


def cases() -> list[Case]:
    """Every real pair that is large enough; the bundled pair where there are none."""
    rng = np.random.default_rng(7)
    if not PAIRS.is_dir():
        print(f"There are no real images at {PAIRS}: the bundled simulated image stands in for them.")
        pixels = read_image(sample.FIXED).pixels
        return [cut(f"bundled {number}", pixels, pixels, np.eye(3), rng) for number in range(8)]
    rests = json.loads((PAIRS.parent / "offsets.json").read_text())
    found = []
    for path in sorted(PAIRS.glob("*_fixed.tif")):
        name = path.name.removesuffix("_fixed.tif")
        fixed, moving = (read_image(PAIRS / f"{name}_{side}.tif").pixels for side in ("fixed", "moving"))
        if min(fixed.shape[:2]) >= 128:
            found.append(cut(name, fixed, moving, rest_of(name, fixed.shape, rests), rng))
    print(f"{len(found)} real pairs from {PAIRS}")
    return found


def rest_of(name: str, shape: tuple[int, ...], rests: dict) -> np.ndarray:
    """What is left between the two recordings of one scan, as it was measured."""
    for prefix, rest in rests.items():
        if name.startswith(prefix):
            shift, angle = (rest["dx"], rest["dy"]), math.radians(rest["rot_deg"])
            return SimilarityTransform(rest["scale"], angle, shift, image_center(shape)).matrix
    return np.eye(3)


@pytest.fixture(scope="module")
def answers(service) -> list[tuple[Case, dict]]:
    """All cases, submitted at once."""
    jobs = []
    for case in cases():
        images = [service.upload(pixels, f"{case.name}.tif") for pixels in (case.fixed, case.moving)]
        jobs.append((case, service.submit(*images)))
    return [(case, service.wait(job)) for case, job in jobs]


def error_px(case: Case, job: dict) -> float:
    found = np.array(job["result"]["fixed_from_moving"])
    return corner_error(found, case.fixed_from_moving, case.fixed.shape)


def test_every_real_pair_gets_a_finite_answer(answers):
    assert answers
    for case, job in answers:
        assert job["state"] == "succeeded", (case.name, job["failure"])
        result = job["result"]
        numbers = [result["scale"], result["angle_deg"], result["expected_corner_error_px"]]
        assert np.isfinite([*numbers, *result["shift_px"]]).all(), case.name
        assert result["verdict"] in ("accept", "review", "refuse") and result["reason"]


def test_an_accepted_answer_on_a_real_pair_is_right(answers):
    wrong, accepted = [], 0
    for case, job in answers:
        error, verdict = error_px(case, job), job["result"]["verdict"]
        accepted += verdict == "accept"
        print(f"{case.name:<28}{len(case.fixed):>5} px  corner error {error:7.2f} px  {verdict}")
        clear = not any(word in case.name for word in AMBIGUOUS)
        if clear and verdict == "accept" and error > TOLERANCE * len(case.fixed):
            wrong.append(f"{case.name}: {error:.1f} px")
    assert wrong == []
    assert accepted > 0, "who refuses everything is never wrong"
