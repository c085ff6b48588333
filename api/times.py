"""Times in the API: RFC 3339, UTC, with the suffix Z."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, PlainSerializer


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]


def _check_date(value: object) -> object:
    """Refuse a number, which pydantic takes for seconds since 1970 and the API's document does not allow."""
    if isinstance(value, datetime) or (isinstance(value, str) and re.match(r"\d{4}-", value)):
        return value
    raise ValueError("give a date and time as in RFC 3339: 2026-03-01T09:30:00Z")


GivenTime = Annotated[AwareDatetime, BeforeValidator(_check_date)]
