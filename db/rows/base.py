"""The base class of all rows and the values of their enumerations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, MetaData, String
from sqlalchemy.orm import DeclarativeBase

from db.types import UtcTime

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
FINAL_STATES = ("succeeded", "failed", "cancelled")
DELIVERED_STATES = (  # of events that webhooks receive: of series, versions of a network and drift, too
    *(*FINAL_STATES, "finished"),
    *("candidate", "active"),
    *("changed", "unchanged"),
)
PRIORITIES = ("collection", "bulk")  # in the order in which they are served
LOCAL = "local"  # the only instrument of a service without API keys
GIVEN, INSTRUMENT = "given", "instrument"  # sources of a pixel spacing: the upload, the instrument's default
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeclarativeBase):
    """Base class of all rows."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcTime, dict[str, Any]: JSON, str: String}  # noqa: RUF012
