"""Drift of an instrument as the API represents it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.times import Time
from db.rows import DriftStateRow, DriftWindowRow

PATH = "/api/v1/drift"


class FeatureChange(BaseModel):
    """How a feature of the jobs of a window compares with the reference."""

    feature: str = Field(description="Such as `fixed_noise`, `moving_sharpness` or `error`.")
    side: Literal["image", "result"]
    changed: bool
    distance: float = Field(description="Largest difference of both distribution functions, 0 to 1.")
    p_value: float = Field(description="Probability of such a distance without a change.")
    reference_median: float
    median: float


class DriftWindow(BaseModel):
    """50 jobs in a row."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    first_at: Time
    last_at: Time
    verdicts: dict[str, int] = Field(description="Number of jobs by verdict.")
    changed: bool
    changes: list[FeatureChange] | None = Field(
        description="The most changed feature first; null where the window is part of the reference."
    )


class DriftExamples(BaseModel):
    """Registrations that are typical before and after the change, by the most changed feature."""

    before: list[str]
    after: list[str]


class Drift(BaseModel):
    """Whether the latest jobs of this instrument are distributed as those of its reference."""

    state: Literal["reference", "unchanged", "changed"] = Field(
        description="`reference`: the first jobs are collected, to compare later ones with."
    )
    reference_jobs: int
    reference_from: Time | None
    reference_until: Time | None
    changed_at: Time | None
    changed_window: int | None
    features: list[str] = Field(description="What has changed, the most changed feature first.")
    examples: DriftExamples
    windows: list[DriftWindow] = Field(description="The latest ones, newest first.")

    @classmethod
    def of(
        cls,
        row: DriftStateRow | None,
        features: list[str],
        examples: dict[str, list[str]],
        windows: list[DriftWindowRow],
    ) -> Drift:
        """Return the drift of an instrument; ``row``: None before its first window."""
        names = ("reference_jobs", "reference_from", "reference_until", "changed_at", "changed_window")
        known: dict[str, Any] = {name: getattr(row, name, None) for name in names}
        known |= {
            "state": row.state if row else "reference",
            "reference_jobs": row.reference_jobs if row else 0,
        }
        shown = [DriftWindow.model_validate(window) for window in windows]
        return cls(**known, features=features, examples=DriftExamples(**examples), windows=shown)
