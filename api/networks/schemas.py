"""Versions of a network as the API represents them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.times import Time
from db.rows import NetworkRow

PATH = "/api/v1/networks"
State = Literal["queued", "running", "failed", "cancelled", "candidate", "shadow", "active", "retired"]


class NewAdaptation(BaseModel):
    """How the network of the instrument is adapted to its labels."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"minutes": 10, "seed": 0}})

    minutes: float = Field(10, ge=0.5, le=240, description="Time for training, at most.")
    seed: int = Field(0, ge=0, le=2**31 - 1)
    base_id: str | None = Field(
        None,
        max_length=36,
        description="Version to start from; default: the active one.",
    )


class VerdictCount(BaseModel):
    """Number of jobs with these two verdicts."""

    shown: str = Field(description="Verdict of the result.")
    shadow: str = Field(description="Verdict of this version.")
    jobs: int


class Comparison(BaseModel):
    """Answers of this version in shadow mode beside the results that were shown."""

    jobs: int
    agree: int = Field(description="Both transforms are the same within 2 % of the longer side.")
    verdict_changed: int
    verdicts: list[VerdictCount]


class NetworkVersion(BaseModel):
    """A version of the network of this instrument, or the adaptation that makes it."""

    id: str
    state: State
    weights_sha256: str | None = Field(description="As in results; None until it is adapted.")
    archive_sha256: str | None = Field(description="Of the folder with graphs, calibration and report.")
    parent_id: str | None = Field(description="The version that was adapted; None: the bundled network.")
    previous_id: str | None = Field(description="Active before its promotion; a rollback returns to it.")
    parent_sha256: str | None
    labels_sha256: str | None
    label_count: int | None = Field(description="Labels of the instrument when it was submitted.")
    seed: int
    minutes: float
    scores: dict[str, Any] | None = Field(
        description="Of the parent and this version: held-out labels, benchmark."
    )
    certificate: dict[str, Any] | None
    acceptable: bool | None = Field(description="Whether it may be promoted as far as the adaptation knows.")
    reasons: list[str] | None = Field(description="Why it may not.")
    progress: float = Field(description="Of the adaptation, 0 to 1.")
    message: str | None = Field(description="Present step of the adaptation, or why it has failed.")
    actor: str
    created_at: Time
    changed_at: Time = Field(description="Time of the present state.")

    @classmethod
    def of(cls, row: NetworkRow) -> NetworkVersion:
        """Return the version of a row."""
        return cls.model_validate(row, from_attributes=True)


class ComparedVersion(NetworkVersion):
    """A version with its comparison in shadow mode."""

    comparison: Comparison


class NetworkPage(BaseModel):
    """One page of versions, newest first."""

    items: list[NetworkVersion]
    next_cursor: str | None


class Rollback(BaseModel):
    """The version that answers again."""

    active_id: str | None = Field(description="None: the bundled network.")
