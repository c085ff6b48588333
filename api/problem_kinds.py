"""Every kind of problem: from what went wrong to status, code and title."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError

from api.errors import (
    CursorInvalid,
    DeadlineMissed,
    KeyMissing,
    NotFinished,
    NotReady,
    OtherSite,
    RateExceeded,
    ScopeMissing,
    UploadStalled,
    UploadTooLarge,
    WebhookUnsafe,
)
from db.errors import (
    BatchNotFound,
    CorrectionNotFound,
    ImageNotFound,
    InstrumentUnknown,
    KeyInFlight,
    KeyReused,
    KeyUnknown,
    ObjectAltered,
    ObjectMissing,
    QuotaExceeded,
    RegistrationEnded,
    RegistrationNotFound,
    SessionUnknown,
    StoreUnavailable,
    UploadNotFound,
    UploadsOnlyThroughApi,
    WebhookNotFound,
)
from xebra.errors import EngineFailed, ImageUnreadable, ImageUnusable, NetworkUnknown, PixelSpacingInvalid


@dataclass(frozen=True)
class Kind:
    """A kind of problem; ``/problems/CODE`` is its type."""

    status: int
    code: str
    title: str


REQUEST_INVALID = Kind(422, "request-invalid", "The request is not as the API describes it")
INTERNAL_ERROR = Kind(500, "internal-error", "Xebra is at fault")
TABLE: dict[type[Exception], Kind] = {
    ImageUnreadable: Kind(422, "image-unreadable", "The image cannot be read"),
    ImageUnusable: Kind(422, "image-unusable", "The image shows nothing that could be aligned"),
    PixelSpacingInvalid: Kind(422, "pixel-spacing-invalid", "The pixel spacing is not a positive number"),
    NetworkUnknown: Kind(422, "network-unknown", "There is no such network"),
    RequestValidationError: REQUEST_INVALID,
    CursorInvalid: Kind(422, "cursor-invalid", "The cursor was not made by this list"),
    UploadTooLarge: Kind(413, "upload-too-large", "The upload is too large"),
    UploadStalled: Kind(408, "upload-stalled", "The request has not come to its end"),
    ImageNotFound: Kind(404, "image-not-found", "There is no such image"),
    RegistrationNotFound: Kind(404, "registration-not-found", "There is no such registration"),
    UploadsOnlyThroughApi: Kind(409, "uploads-only-through-api", "The store takes no files from elsewhere"),
    UploadNotFound: Kind(404, "upload-not-found", "Nothing has arrived"),
    WebhookNotFound: Kind(404, "webhook-not-found", "There is no such webhook"),
    WebhookUnsafe: Kind(422, "webhook-unsafe", "The webhook's address is not safe"),
    KeyMissing: Kind(401, "api-key-missing", "The service asks for an API key"),
    KeyUnknown: Kind(401, "api-key-unknown", "The API key opens nothing"),
    SessionUnknown: Kind(401, "session-ended", "Nobody is signed in"),
    OtherSite: Kind(403, "other-site", "Another page asks with the cookie of this service"),
    InstrumentUnknown: Kind(404, "instrument-not-found", "There is no such instrument"),
    ScopeMissing: Kind(403, "scope-missing", "The API key does not allow this"),
    RateExceeded: Kind(429, "rate-exceeded", "Too many requests in a minute"),
    QuotaExceeded: Kind(429, "quota-exceeded", "The instrument has as much as it may have"),
    BatchNotFound: Kind(404, "batch-not-found", "There is no such batch"),
    CorrectionNotFound: Kind(404, "correction-not-found", "There is no such correction"),
    KeyReused: Kind(422, "idempotency-key-reused", "The Idempotency-Key belongs to another request"),
    KeyInFlight: Kind(409, "idempotency-key-in-flight", "The first request with this key is still at work"),
    DeadlineMissed: Kind(504, "deadline-missed", "The answer would have come too late"),
    RegistrationEnded: Kind(409, "registration-ended", "The registration has ended already"),
    NotFinished: Kind(409, "registration-not-succeeded", "The registration has no result"),
    ObjectMissing: Kind(500, "object-missing", "The image store has lost something"),
    ObjectAltered: Kind(500, "object-altered", "The image store has altered something"),
    StoreUnavailable: Kind(503, "image-store-unavailable", "The image store does not answer"),
    EngineFailed: Kind(503, "engine-failed", "The inference engine does not answer"),
    NotReady: Kind(503, "not-ready", "The service cannot do its work now"),
    OperationalError: Kind(503, "database-unavailable", "The database does not answer"),
}
FRAMEWORK = {
    status: Kind(status, status.phrase.lower().replace(" ", "-"), status.phrase)
    for status in HTTPStatus
    if status >= 400
}
TRY_AGAIN = {503: {"Retry-After": "2"}, 429: {"Retry-After": "10"}, 401: {"WWW-Authenticate": "Bearer"}}
KINDS = {kind.code: kind for kind in (*FRAMEWORK.values(), *TABLE.values(), INTERNAL_ERROR)}
