"""Times in the API: RFC 3339, UTC, with the suffix Z."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
