"""Whether an adapted network may take its parent's place."""

from __future__ import annotations

from xebra.adaptation.scores import Measured, Score
from xebra.estimate.confidence import Confidence
from xebra.evaluation.certificate import MAX_WRONG

MOST_LOST = 0.02  # share of the benchmark's pairs: two of the 128 pairs
MORE_WRONG = 0.01  # by which the bound of wrong accepted estimates may exceed the parent's


def judge(before: Measured, after: Measured, confidence: Confidence) -> tuple[bool, list[str]]:
    """Return whether a candidate is acceptable, and the reasons in words.

    It is if the mean error of held-out labels is smaller, each counted with at most 20 px, the fixed
    benchmark loses at most ``MOST_LOST`` of its pairs, and the bound of wrong accepted estimates is not worse
    than 1 % or the parent's, each by ``MORE_WRONG``.

    Args:
        before: the parent at held-out labels and benchmark.
        after: the candidate at the same pairs.
        confidence: the candidate's calibration.
    """
    own, parent = after.score("held_out", confidence), before.score("held_out")
    checks = [
        _held_out(own, parent),
        _benchmark(before, after, confidence),
        _certificate(before, after, confidence),
        (own.accepted_wrong <= parent.accepted_wrong, _accepted(own, parent)),
    ]
    return all(good for good, _ in checks), [("" if good else "not met: ") + text for good, text in checks]


def _held_out(own: Score, parent: Score) -> tuple[bool, str]:
    """Return whether held-out labels are registered better, by their errors: few of them count badly."""
    text = f"held-out labels: {_wrong(own)}, {parent.wrong} before"
    if own.mean_error_px is None or parent.mean_error_px is None:
        return False, text
    mean = f"mean error {own.mean_error_px:.2f} px, {parent.mean_error_px:.2f} px before"
    return own.mean_error_px < parent.mean_error_px, f"{text}; {mean}"


def _benchmark(before: Measured, after: Measured, confidence: Confidence) -> tuple[bool, str]:
    """Return whether the fixed benchmark is as good, of both its parts."""
    own = [after.score(role, confidence) for role in ("choose", "certify")]
    parent = [before.score(role) for role in ("choose", "certify")]
    pairs = sum(score.pairs for score in own)
    right, was = (sum(score.right for score in scores) for scores in (own, parent))
    text = f"fixed benchmark: {right} of {pairs} right, {was} before"
    return was - right <= MOST_LOST * pairs, text


def _certificate(before: Measured, after: Measured, confidence: Confidence) -> tuple[bool, str]:
    """Return whether accepted estimates are wrong as rarely as the parent's."""
    own, parent = after.certified(confidence), before.certified()
    allowed = max(MAX_WRONG, parent.wrong_upper_bound) + MORE_WRONG
    text = f"accepted on the fixed benchmark: {own.accepted_wrong} of {own.accepted} wrong"
    return own.wrong_upper_bound <= allowed, f"{text}, {parent.accepted_wrong} of {parent.accepted} before"


def _wrong(score: Score) -> str:
    return f"{score.wrong} of {score.pairs} wrong"


def _accepted(own: Score, parent: Score) -> str:
    """Return how many of the accepted held-out labels are wrong."""
    return (
        f"accepted held-out labels: {own.accepted_wrong} of {own.accepted} wrong, "
        f"{parent.accepted_wrong} of {parent.accepted} before"
    )
