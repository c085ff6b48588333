"""Compare jobs with a reference: a two-sample test of each feature at a stated rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats

REFERENCE_JOBS = 200
WINDOW_JOBS = 50
FALSE_ALARMS = 0.1  # expected in 10,000 jobs without a change
PER_WINDOW = FALSE_ALARMS * WINDOW_JOBS / 10_000  # probability of a false alarm
LEAST_DISTANCE = 0.5  # of the distribution functions: a smaller change is none, however certain
LEAST_SHARE = 0.5  # of the jobs that must have a feature, in reference and window
MAX_LAG = 10  # jobs
MAX_CORRELATED = 6.0  # jobs that count as one at most: a longer run of one specimen is a change
SIDES = ("fixed", "moving")


@dataclass(frozen=True)
class Change:
    """How a feature of a window differs from the reference."""

    feature: str
    distance: float  # largest difference of the distribution functions, 0 to 1 (Kolmogorov-Smirnov)
    p_value: float  # of this distance or a larger one without a change
    reference_median: float
    median: float
    changed: bool

    @property
    def side(self) -> str:
        """Return ``image`` or ``result``: what the feature belongs to."""
        return "image" if self.feature.startswith(SIDES) else "result"


def compare(
    reference: Mapping[str, Sequence[float | None]], window: Mapping[str, Sequence[float | None]]
) -> list[Change]:
    """Return how each feature of a window compares with a reference, the largest distance first.

    Two-sample Kolmogorov-Smirnov test of each feature, with the Bonferroni correction for their number: a
    window without a change is reported with a probability of ``PER_WINDOW`` at most. Jobs in a row are not
    independent. The numbers of jobs are therefore divided by the autocorrelation time of the feature in the
    reference, and those of images by how often one image is used.

    Args:
        reference: Values of each feature by job, in the order of time; None where a job has none.
        window: Likewise.

    Examples:
        >>> import numpy as np
        >>> random = np.random.default_rng(0)
        >>> before, after = random.normal(0, 1, 200), random.normal(2, 1, 50)
        >>> [change.changed for change in compare({"noise": before}, {"noise": after})]
        [True]
    """
    known = sorted(name for name in reference if name in window)
    pairs = {name: (_present(reference[name]), _present(window[name])) for name in known}
    tested = {
        name: (before, now)
        for name, (before, now) in pairs.items()
        if 0 < LEAST_SHARE * len(reference[name]) <= len(before)
        and 0 < LEAST_SHARE * len(window[name]) <= len(now)
    }
    images = [_distinct_images(each) for each in (reference, window)]
    found = []
    for name, (before, now) in tested.items():
        counts = [each.get(name.split("_")[0], math.inf) for each in images]
        found.append(_compared(name, before, now, counts, len(tested)))
    return sorted(found, key=lambda change: -change.distance)


def _compared(name: str, before: Floats, now: Floats, images: Sequence[float], features: int) -> Change:
    distance, correlated = ks_distance(before, now), autocorrelation_time(before)
    jobs = [min(len(each) / correlated, count) for each, count in zip((before, now), images, strict=True)]
    p_value = ks_p_value(distance, *jobs)
    changed = p_value <= PER_WINDOW / features and distance >= LEAST_DISTANCE
    return Change(name, distance, p_value, float(np.median(before)), float(np.median(now)), changed)


def ks_distance(first: Floats, second: Floats) -> float:
    """Return the largest difference of the empirical distribution functions of two samples.

    Examples:
        >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
        0.5
    """
    levels = np.union1d(first, second)
    shares = (np.searchsorted(np.sort(each), levels, side="right") / len(each) for each in (first, second))
    return float(np.max(np.abs(np.subtract(*shares))))


def ks_p_value(distance: float, first: float, second: float) -> float:
    """Return the probability of such a distance of two samples of one distribution with these numbers.

    The first term of Kolmogorov's series with the correction of M. A. Stephens, Journal of the Royal
    Statistical Society B 32 (1970), for small numbers; within 15 % of the exact value for 200 and 50.

    Examples:
        >>> round(ks_p_value(0.2, 200, 50), 2)
        0.07
    """
    root = math.sqrt(first * second / (first + second))
    return min(1.0, 2 * math.exp(-2 * ((root + 0.12 + 0.11 / root) * distance) ** 2))


def autocorrelation_time(values: Floats) -> float:
    """Return how many jobs in a row count as one: 1 + 2 x the sum of the autocorrelations of the ranks.

    The sum ends at the first lag whose autocorrelation is not significant; A. Sokal, Monte Carlo methods in
    statistical mechanics (1997).

    Examples:
        >>> autocorrelation_time(np.random.default_rng(0).normal(size=200))
        1.0
    """
    ranks = np.searchsorted(np.sort(values), values, side="left").astype(float)
    ranks -= ranks.mean()
    variance = float(np.mean(ranks**2))
    if variance == 0:
        return 1.0
    total = 1.0
    for lag in range(1, min(MAX_LAG, len(ranks) // 4) + 1):
        correlation = float(np.mean(ranks[lag:] * ranks[:-lag])) / variance
        if correlation < 2 / math.sqrt(len(ranks)):
            break
        total += 2 * correlation
    return min(total, MAX_CORRELATED)


def _present(values: Sequence[float | None]) -> Floats:
    return np.array([value for value in values if value is not None], float)


def _distinct_images(values: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    """Return the number of different images on each side; one image may be that of many jobs."""
    return {side: len({*values.get(f"{side}_level", ())}) for side in SIDES if f"{side}_level" in values}
