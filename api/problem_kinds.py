"""The table of problems: HTTP status, code and title of each error."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError

from api import errors as api_errors
from db import errors as db_errors
from xebra.errors import (
    EngineFailed,
    ImageChoiceNeeded,
    ImageUnreadable,
    ImageUnusable,
    MaskInvalid,
    ModelUnsupported,
    NetworkUnknown,
    PixelSpacingInvalid,
    PointsInvalid,
    PriorInvalid,
)


@dataclass(frozen=True)
class Kind:
    """A kind of problem; its type is ``/problems/CODE``."""

    status: int
    code: str
    title: str


REQUEST_INVALID = Kind(422, "request-invalid", "The request does not match the API description")
INTERNAL_ERROR = Kind(500, "internal-error", "Internal error")
DATABASE_UNAVAILABLE = Kind(503, "database-unavailable", "The database is not available")
TABLE: dict[type[Exception], Kind] = {
    ImageChoiceNeeded: Kind(422, "image-choice-needed", "The file holds several images"),
    ImageUnreadable: Kind(422, "image-unreadable", "The image cannot be read"),
    ImageUnusable: Kind(422, "image-unusable", "The image has no content that can be registered"),
    PointsInvalid: Kind(422, "points-invalid", "The points or regions cannot be read"),
    PixelSpacingInvalid: Kind(422, "pixel-spacing-invalid", "The pixel spacing is not a positive number"),
    MaskInvalid: Kind(422, "mask-invalid", "The mask does not fit the image"),
    ModelUnsupported: Kind(422, "model-unsupported", "The network does not find this family of transforms"),
    PriorInvalid: Kind(422, "prior-invalid", "The prior or the tilt is not possible"),
    NetworkUnknown: Kind(422, "network-unknown", "The network does not exist"),
    EngineFailed: Kind(503, "engine-failed", "The inference engine is not available"),
    RequestValidationError: REQUEST_INVALID,
    OperationalError: DATABASE_UNAVAILABLE,
    api_errors.CursorInvalid: Kind(422, "cursor-invalid", "The cursor is invalid"),
    api_errors.UploadTooLarge: Kind(413, "upload-too-large", "The request is too large"),
    api_errors.UploadStalled: Kind(408, "upload-stalled", "The request was not completed in time"),
    api_errors.WebhookUnsafe: Kind(422, "webhook-unsafe", "The webhook does not use https"),
    api_errors.ApiKeyMissing: Kind(401, "api-key-missing", "An API key is required"),
    api_errors.CrossSiteRequest: Kind(403, "other-site", "The request came from a page of another site"),
    api_errors.HostUnknown: Kind(421, "host-unknown", "The service is not addressed by this host name"),
    api_errors.TooManyStreams: Kind(429, "too-many-streams", "Too many event streams are open"),
    api_errors.ScopeMissing: Kind(403, "scope-missing", "The API key does not have the required scope"),
    api_errors.RateLimitExceeded: Kind(429, "rate-exceeded", "The rate limit is exceeded"),
    api_errors.DeadlineMissed: Kind(504, "deadline-missed", "The deadline was missed"),
    api_errors.NoResult: Kind(409, "registration-not-succeeded", "The registration has no result"),
    api_errors.DecodersBusy: Kind(503, "decoders-busy", "Too many uploads are being decoded"),
    api_errors.DrawingBusy: Kind(503, "drawing-busy", "Too many pictures are being drawn"),
    api_errors.FrameInvalid: Kind(422, "frame-invalid", "The frame does not match the series"),
    api_errors.SeriesBusy: Kind(503, "series-busy", "Too many frames of the series are waiting"),
    api_errors.DecoderStuck: Kind(503, "decoder-stuck", "A decoder has exceeded its deadline"),
    api_errors.NotReady: Kind(503, "not-ready", "The service is not ready"),
    db_errors.ImageNotFound: Kind(404, "image-not-found", "The image does not exist"),
    db_errors.ImageInUse: Kind(409, "image-in-use", "The image belongs to a registration"),
    db_errors.RegistrationNotFound: Kind(404, "registration-not-found", "The registration does not exist"),
    db_errors.TooManyTags: Kind(422, "too-many-tags", "The registration has too many tags"),
    db_errors.UploadsOnlyThroughApi: Kind(
        409, "uploads-only-through-api", "The image store does not support presigned uploads"
    ),
    db_errors.UploadNotFound: Kind(404, "upload-not-found", "No file was uploaded"),
    db_errors.WebhookNotFound: Kind(404, "webhook-not-found", "The webhook does not exist"),
    db_errors.ApiKeyUnknown: Kind(401, "api-key-unknown", "The API key is unknown or revoked"),
    db_errors.SessionUnknown: Kind(401, "session-ended", "The session has ended"),
    db_errors.InstrumentUnknown: Kind(404, "instrument-not-found", "The instrument does not exist"),
    db_errors.QuotaExceeded: Kind(429, "quota-exceeded", "A quota of the instrument is exceeded"),
    db_errors.BatchNotFound: Kind(404, "batch-not-found", "The batch does not exist"),
    db_errors.SeriesNotFound: Kind(404, "series-not-found", "The series or frame does not exist"),
    db_errors.SeriesFinished: Kind(409, "series-finished", "The series has ended"),
    db_errors.FrameNumberReused: Kind(409, "frame-number-reused", "Another frame has this number"),
    db_errors.CorrectionNotFound: Kind(404, "correction-not-found", "The correction does not exist"),
    db_errors.IdempotencyKeyReused: Kind(
        422, "idempotency-key-reused", "The Idempotency-Key belongs to another request"
    ),
    db_errors.IdempotencyKeyInFlight: Kind(
        409, "idempotency-key-in-flight", "The first request with this Idempotency-Key is in progress"
    ),
    db_errors.RegistrationEnded: Kind(409, "registration-ended", "The registration has ended"),
    db_errors.NetworkVersionNotFound: Kind(
        404, "network-version-not-found", "The version of the network does not exist"
    ),
    db_errors.NetworkInvalid: Kind(422, "network-invalid", "The folder holds no adapted network"),
    db_errors.NetworkStateInvalid: Kind(
        409, "network-state-invalid", "The state of the network version does not allow this"
    ),
    db_errors.NetworkNotAcceptable: Kind(
        409, "network-not-acceptable", "The network version is worse than its parent"
    ),
    db_errors.NoActiveNetwork: Kind(409, "no-active-network", "The bundled network answers already"),
    db_errors.LabelNotFound: Kind(404, "label-not-found", "The label does not exist"),
    db_errors.LabelsTooFew: Kind(409, "labels-too-few", "There are too few labels for an adaptation"),
    db_errors.AdaptationRunning: Kind(409, "adaptation-running", "An adaptation is in progress"),
    db_errors.DriftUnchanged: Kind(409, "drift-unchanged", "Nothing has changed since the reference"),
    db_errors.ObjectMissing: Kind(500, "object-missing", "A stored file is missing"),
    db_errors.ObjectAltered: Kind(500, "object-altered", "A stored file was altered"),
    db_errors.StoreUnavailable: Kind(503, "image-store-unavailable", "The image store is not available"),
}
FRAMEWORK = {
    status: Kind(status, status.phrase.lower().replace(" ", "-"), status.phrase)
    for status in HTTPStatus
    if status >= 400
}
HEADERS: dict[int, dict[str, str]] = {
    503: {"Retry-After": "2"},
    429: {"Retry-After": "10"},
    401: {"WWW-Authenticate": "Bearer"},
}
KINDS = {kind.code: kind for kind in (*FRAMEWORK.values(), *TABLE.values(), INTERNAL_ERROR)}
