"""Errors of the API itself; status codes are assigned in ``api.problem_kinds``."""

from typing import Any

from starlette.exceptions import HTTPException


class UploadTooLarge(HTTPException):
    """The request body exceeds the limit.

    A subclass of ``HTTPException``, because FastAPI replaces other errors raised while a body is read.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the request is larger than the limit of {limit} bytes")

    def __str__(self) -> str:
        return self.detail


class UploadStalled(HTTPException):
    """The client stopped sending before the end of the request body."""

    def __init__(self, after_s: float) -> None:
        detail = f"no data was received for {after_s:g} s; send the request again"
        super().__init__(408, detail, {"Connection": "close"})

    def __str__(self) -> str:
        return self.detail


class CursorInvalid(ValueError):
    """The pagination cursor was not created by this service."""


class DecodersBusy(Exception):
    """No decoder became free in time; a retry may succeed."""


class DrawingBusy(Exception):
    """Too many requests wait for a drawing; a retry may succeed."""


class FrameInvalid(ValueError):
    """The pixel values of a frame do not have the size and type of the series."""


class SeriesBusy(Exception):
    """Too many frames of one series wait for their turn."""


class ClientLeft(Exception):
    """The client has closed the connection before the response."""


class NoResult(Exception):
    """The registration has no result: it has not finished, has failed, or was cancelled."""


class DeadlineMissed(Exception):
    """The registration was not finished before its deadline."""


class StreamEnded(Exception):
    """The event stream is complete; the status 204 tells a browser not to reconnect."""


class WebhookUnsafe(ValueError):
    """The URL of the webhook does not use https."""


class ApiKeyMissing(Exception):
    """The service requires an API key and the request has none."""


class CrossSiteRequest(Exception):
    """A page of another origin sent the request with the session cookie."""


class HostUnknown(Exception):
    """The Host header has a name that is not one of this service."""


class TooManyStreams(Exception):
    """The maximum number of event streams is open."""


class ScopeMissing(Exception):
    """The API key does not have the required scope."""


class RateLimitExceeded(Exception):
    """The instrument has exceeded its request rate."""

    def __init__(self, detail: str, headers: dict[str, str]) -> None:
        super().__init__(detail)
        self.headers = headers


class DecoderStuck(Exception):
    """A decoder has exceeded its deadline and was not ended: this process must be restarted."""


class NotReady(Exception):
    """Parts of the service are down; ``fields`` lists them."""

    def __init__(self, down: dict[str, str]) -> None:
        super().__init__("; ".join(f"{part}: {reason}" for part, reason in down.items()))
        self.fields: dict[str, Any] = {"down": [{"part": p, "detail": reason} for p, reason in down.items()]}
