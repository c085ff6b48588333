"""Of estimates of which none is accepted, an unexpected detail in an overview must lead to be reported."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from support.quality_features import BUNDLED, features

from xebra.engine import open_engine
from xebra.estimate import detail_attempts
from xebra.estimate.confidence import DETAIL_PREFERENCE
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.pyramid_result import PyramidResult
from xebra.evaluation.fit_calibration import MeasuredAttempt, measure, reported
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.image import Image
from xebra.weights import weights

LINEAR = replace(BUNDLED, weights=[1.0, *[0.0] * 10], bias=0.0, tail_gain=0.0, accept_probability=0.99999)
LEADS = [
    (0.5, True, False),
    (-DETAIL_PREFERENCE - 0.1, True, False),
    (-DETAIL_PREFERENCE + 0.1, True, True),
    (0.1, False, True),
    (-0.1, False, False),
]


def unrelated(side: int, seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(size=(side, side))
    return Image((np.tanh(ndimage.gaussian_filter(noise, 4) * 20) + 0.1 * noise).astype(np.float32))


@pytest.fixture(scope="module")
def estimator() -> PyramidEstimator:
    return PyramidEstimator(weights(), open_engine())


@pytest.mark.parametrize(
    "sides, spacings, expected",
    [
        ((200, 200), (None, None), []),
        ((200, 210), (None, None), []),
        ((200, 420), (None, None), ["fixed"]),
        ((420, 200), (None, None), ["moving"]),
        ((300, 300), (1.0, 0.3), ["moving"]),
    ],
)
def test_sizes_and_spacings_make_a_detail_expected(
    monkeypatch: pytest.MonkeyPatch,
    estimator: PyramidEstimator,
    sides: tuple[int, int],
    spacings: tuple[float | None, float | None],
    expected: list[str],
) -> None:
    monkeypatch.setattr(detail_attempts, "LIKELY_SCORE", 0.0)
    fixed, moving = (
        replace(unrelated(side, seed), pixel_spacing=spacing)
        for side, seed, spacing in zip(sides, (1, 2), spacings, strict=True)
    )
    results = list(estimator.all_results(fixed, moving))
    details = [result for result in results if result.detail is not None]
    assert details and not any(result.unexpected for result in results if result.detail is None)
    assert sorted({str(result.detail) for result in details if not result.unexpected}) == expected
    pair = LabelledPair(fixed.pixels, moving.pixels, None, "different")
    if spacings == (None, None):
        (attempts,) = measure(estimator, [pair])
        assert [m.unexpected for m in attempts] == [result.unexpected for result in results]


def specimen(side: int) -> np.ndarray:
    """Return grey values (side, side) with structures of many sizes."""
    noise = np.random.default_rng(8).normal(size=(side, side))
    layers = [np.tanh(5 * sigma * ndimage.gaussian_filter(noise, sigma)) for sigma in (3, 8, 20)]
    return np.sum(layers, 0).astype(np.float32)


@pytest.mark.parametrize("detail", ["fixed", "moving"])
def test_an_unexpected_detail_is_found_in_an_image_of_equal_size(
    estimator: PyramidEstimator, detail: str
) -> None:
    whole = specimen(768)
    overview, part = ndimage.zoom(whole, 1 / 3, order=1), whole[150:406, 200:456]
    images = (Image(part), Image(overview)) if detail == "fixed" else (Image(overview), Image(part))
    result = estimator.find(*images)
    assert (result.detail, result.unexpected) == (detail, True)
    overview_from_detail = result.best.moving_from_fixed  # the detail is the fixed image of its pair
    assert np.allclose(overview_from_detail[:2, :2], np.eye(2) / 3, atol=0.01)
    assert np.allclose(overview_from_detail @ [0, 0, 1], [200 / 3, 150 / 3, 1], atol=1.0)


@pytest.mark.parametrize("seed", range(4))
def test_an_image_with_nothing_alike_has_no_unexpected_detail(
    estimator: PyramidEstimator, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = unrelated(200, 2 * seed), unrelated(200, 2 * seed + 1)
    assert not any(result.unexpected for result in estimator.all_results(*images))
    monkeypatch.setattr(detail_attempts, "LIKELY_SCORE", 0.0)
    assert any(result.unexpected for result in estimator.all_results(*images))


@pytest.mark.parametrize("lead, unexpected, reports_detail", LEADS)
def test_a_detail_is_reported_where_it_leads(
    estimator: PyramidEstimator, lead: float, unexpected: bool, reports_detail: bool
) -> None:
    image = unrelated(160, 3)
    start = next(iter(estimator.all_results(image, image)))
    whole = replace(start, features=features(math.exp(-1.0)))
    detail = replace(whole, detail="moving", unexpected=unexpected, features=features(math.exp(lead - 1.0)))

    class Known(PyramidEstimator):
        def _results(self, *_: object) -> Iterator[PyramidResult]:
            yield from (whole, detail)

    known = Known(weights(), open_engine())
    known.confidence = LINEAR
    assert (known.find(image, image).detail == "moving") == reports_detail
    attempts = [
        MeasuredAttempt(
            result.features, 1.0, np.zeros(4), detail=result is detail, unexpected=result.unexpected
        )
        for result in (whole, detail)
    ]
    assert reported(LINEAR, attempts).detail == reports_detail


def test_an_accepted_detail_needs_no_lead(estimator: PyramidEstimator) -> None:
    sure = MeasuredAttempt(features(math.exp(8.0)), 1.0, np.zeros(4), detail=True, unexpected=True)
    whole = replace(sure, features=features(math.exp(7.5)), detail=False, unexpected=False)
    lenient = replace(LINEAR, accept_probability=0.999)
    strict = [replace(whole, features=features(math.exp(6.0))), sure]
    assert reported(lenient, strict) is sure
