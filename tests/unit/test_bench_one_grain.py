"""The pairs of ``./dev bench one_grain``: one grain of both images is left, at the places of the case."""

import numpy as np
import pytest
from cases import Case
from one_grain import RIGHT_PX, SHARES, counted, cut_down
from support.instrument_scenes import texture

from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center

SHAPE = (256, 256)
KNOWN = SimilarityTransform(0.8, 0.4, (6, -9), image_center(SHAPE)).matrix


@pytest.fixture(scope="module")
def case() -> Case:
    fixed = texture(SHAPE, 3)
    moving = resample(np.pad(fixed, 80, mode="reflect"), _padded(np.linalg.inv(KNOWN)), SHAPE)
    return Case("mono_easy_000", "mono", "easy", fixed, moving, KNOWN)


def _padded(fixed_from_moving: np.ndarray) -> np.ndarray:
    return np.array([[1, 0, 80], [0, 1, 80], [0, 0, 1.0]]) @ fixed_from_moving


@pytest.mark.parametrize("seed", range(4))
def test_the_grain_lies_at_the_places_of_the_case(case, seed) -> None:
    one, other = cut_down(case, np.random.default_rng(seed))
    kept = np.abs(one - case.fixed) < 1e-6
    assert 0.3 * SHARES[0] < kept.mean() < 1.5 * SHARES[1]
    there = resample(other.astype(np.float64), KNOWN, SHAPE)
    shown = kept & (there != 0)
    assert np.corrcoef(there[shown], case.fixed[shown])[0, 1] > 0.95


def test_an_estimate_is_counted_with_its_expected_error(case) -> None:
    kind, px, expected, accepted = counted((case, 5))
    assert kind == "mono" and expected > 0
    assert px < RIGHT_PX or not accepted
