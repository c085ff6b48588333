"""The certificate of a calibration: how many accepted estimates are wrong, with which confidence.

The upper bound is that of Clopper and Pearson (Biometrika 26, 404, 1934) for a share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scipy.stats import beta

MAX_WRONG = 0.01  # of the accepted estimates
CONFIDENCE = 0.95


@dataclass(frozen=True)
class CertifiedGroup:
    """Counts over one group of pairs, all of specimens that no threshold was chosen on."""

    pairs: int
    accepted: int
    accepted_wrong: int
    right: int  # estimates that are right, accepted or not
    refused: int

    @property
    def wrong_upper_bound(self) -> float:
        """Return the share of accepted estimates that are wrong, at most, with 95 % confidence."""
        return upper_bound(self.accepted_wrong, self.accepted)

    @property
    def certified(self) -> bool:
        """Return whether at most 1 % of the accepted estimates are wrong with 95 % confidence."""
        return self.wrong_upper_bound <= MAX_WRONG

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the bound for config.json."""
        return {
            **vars(self),
            "wrong_upper_bound": round(self.wrong_upper_bound, 5),
            "certified": self.certified,
        }


def upper_bound(wrong: int, accepted: int, confidence: float = CONFIDENCE) -> float:
    """Return the upper confidence bound of the share of ``wrong``; 1 where none is accepted."""
    if wrong >= accepted:
        return 1.0
    return float(beta.ppf(confidence, wrong + 1, accepted - wrong))


def group(verdicts: Iterable[tuple[str, bool]]) -> CertifiedGroup:
    """Return the counts over pairs, each a verdict and whether the estimate is right."""
    held = list(verdicts)
    accepted = [right for verdict, right in held if verdict == "accept"]
    return CertifiedGroup(
        pairs=len(held),
        accepted=len(accepted),
        accepted_wrong=sum(not right for right in accepted),
        right=sum(right for _, right in held),
        refused=sum(verdict == "refuse" for verdict, _ in held),
    )
