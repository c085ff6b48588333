"""Filters of the list of registrations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Select, exists, func
from sqlalchemy.orm import aliased

from api.fields import Tag
from api.registrations.schemas import State
from api.times import GivenTime
from db import reviews, search, tags
from db.rows import CorrectionRow, ImageRow, RegistrationRow, ResultRow
from xebra.correction import VERDICT


class RegistrationFilters(BaseModel):
    """Filters; a registration must match all that are given."""

    state: State | None = None
    verdict: Literal["accept", "review", "refuse", "corrected"] | None = None
    search: str | None = Field(
        None,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="Words that the names of the images contain.",
    )
    review: Literal["accept", "reject", "none"] | None = Field(
        None, description="The newest decision of a person."
    )
    tag: Tag | None = Field(None, description="A tag that the registration has.")
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
        if self.search is not None:
            fixed, moving = aliased(ImageRow), aliased(ImageRow)
            query = query.join(fixed, fixed.id == RegistrationRow.fixed_image_id)
            query = query.join(moving, moving.id == RegistrationRow.moving_image_id)
            query = query.where(search.named(self.search, fixed.name, moving.name))
        if self.review is not None:
            decision = func.coalesce(reviews.latest_decision(), reviews.WITHDRAW)
            query = query.where(decision == (reviews.WITHDRAW if self.review == "none" else self.review))
        if self.tag is not None:
            query = query.where(tags.has(self.tag))
        corrected = exists().where(CorrectionRow.registration_id == RegistrationRow.id)
        if self.verdict == VERDICT:
            query = query.where(corrected)
        elif self.verdict is not None:
            query = query.where(~corrected)
            query = query.join(ResultRow, ResultRow.registration_id == RegistrationRow.id)
            query = query.where(ResultRow.body["verdict"].as_string() == self.verdict)
        return query
