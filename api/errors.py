"""What can go wrong at the front door itself; status codes are in ``api.problems``."""

from starlette.exceptions import HTTPException


class UploadTooLarge(HTTPException):
    """More bytes than the service takes; FastAPI lets only its own kind of error out of a half-read body."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the request is larger than the {limit} bytes that this service takes")

    def __str__(self) -> str:
        return self.detail


class UploadStalled(HTTPException):
    """Nothing more of the request has come for a while, and its end is still to come."""

    def __init__(self, after_s: float) -> None:
        detail = f"nothing has come for {after_s:g} s; send the request again"
        super().__init__(408, detail, {"Connection": "close"})

    def __str__(self) -> str:
        return self.detail


class CursorInvalid(ValueError):
    """A cursor that no list of this service has given out."""


class NotFinished(Exception):
    """The registration has no result: not yet, or because it failed or was cancelled."""


class DeadlineMissed(Exception):
    """The registration was not done when its answer was due."""


class NothingMore(Exception):
    """The stream of events is at its end; a browser that hears so does not ask again."""


class WebhookUnsafe(ValueError):
    """Anybody on the way could read, or change, what is sent there."""


class KeyMissing(Exception):
    """The service asks for API keys, and the request has none."""


class OtherSite(Exception):
    """Another page made the browser ask, with the cookie of this one."""


class ScopeMissing(Exception):
    """The API key does not allow this."""


class RateExceeded(Exception):
    """The instrument asks more often than it may."""

    def __init__(self, detail: str, headers: dict[str, str]) -> None:
        super().__init__(detail)
        self.headers = headers


class NotReady(Exception):
    """Parts of the service are down; ``more`` says which."""

    def __init__(self, down: dict[str, str]) -> None:
        super().__init__("; ".join(f"{part}: {reason}" for part, reason in down.items()))
        self.more = {"down": [{"part": part, "detail": reason} for part, reason in down.items()]}
