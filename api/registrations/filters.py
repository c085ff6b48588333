"""Filters of the list of registrations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Select, exists

from api.registrations.schemas import State
from api.times import GivenTime
from db.rows import CorrectionRow, RegistrationRow, ResultRow
from xebra.correction import VERDICT


class RegistrationFilters(BaseModel):
    """Filters; a registration must match all that are given."""

    state: State | None = None
    verdict: Literal["accept", "review", "refuse", "corrected"] | None = None
    batch_id: str | None = Field(None, max_length=100, pattern=r"^[^\x00]*$")
    fixed_image_id: str | None = Field(None, max_length=100, pattern=r"^[^\x00]*$")
    moving_image_id: str | None = Field(None, max_length=100, pattern=r"^[^\x00]*$")
    created_after: GivenTime | None = None
    created_before: GivenTime | None = None

    def apply(self, query: Select[Any]) -> Select[Any]:
        """Return the query restricted by these filters."""
        for name in ("state", "batch_id", "fixed_image_id", "moving_image_id"):
            if (value := getattr(self, name)) is not None:
                query = query.where(getattr(RegistrationRow, name) == value)
        if self.created_after is not None:
            query = query.where(RegistrationRow.created_at > self.created_after)
        if self.created_before is not None:
            query = query.where(RegistrationRow.created_at < self.created_before)
        corrected = exists().where(CorrectionRow.registration_id == RegistrationRow.id)
        if self.verdict == VERDICT:
            query = query.where(corrected)
        elif self.verdict is not None:
            query = query.where(~corrected)
            query = query.join(ResultRow, ResultRow.registration_id == RegistrationRow.id)
            query = query.where(ResultRow.body["verdict"].as_string() == self.verdict)
        return query
