"""Times as the API writes them: RFC 3339, UTC, with a Z."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
