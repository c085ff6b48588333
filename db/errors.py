"""Errors of the storage layer; HTTP status codes are assigned in ``api.problem_kinds``."""


class BackendUnknown(ValueError):
    """A URL names an unsupported backend; the message lists the supported ones."""


class UploadNotFound(LookupError):
    """No file was uploaded to this presigned URL."""


class UploadsOnlyThroughApi(Exception):
    """The image store does not support presigned uploads."""


class ObjectMissing(LookupError):
    """The image store has no object under this key."""


class ObjectAltered(Exception):
    """The content of a stored object differs from the content that was uploaded."""


class StoreUnavailable(Exception):
    """The image store does not respond or has no space; a retry may succeed."""


class ImageNotFound(LookupError):
    """There is no image with this id."""


class ImageInUse(Exception):
    """A registration uses the image, which therefore cannot be deleted."""


class RegistrationNotFound(LookupError):
    """There is no registration with this id."""


class TooManyTags(ValueError):
    """The registration would have more tags than allowed."""


class BatchNotFound(LookupError):
    """There is no batch with this id."""


class SeriesNotFound(LookupError):
    """There is no series, or no such frame of it, with this id."""


class SeriesFinished(Exception):
    """The series has ended; no frame can be appended."""


class FrameNumberReused(ValueError):
    """A frame with another content has this number."""


class CorrectionNotFound(LookupError):
    """The registration has no such correction."""


class InstrumentUnknown(LookupError):
    """There is no instrument with this name."""


class ApiKeyUnknown(LookupError):
    """The API key does not exist or was revoked."""


class SessionUnknown(LookupError):
    """The session cookie is invalid or has expired."""


class QuotaExceeded(Exception):
    """The instrument has reached a quota."""


class WebhookNotFound(LookupError):
    """There is no webhook with this id."""


class IdempotencyKeyReused(ValueError):
    """An Idempotency-Key was sent with a request that differs from the first one."""


class IdempotencyKeyInFlight(Exception):
    """The first request with this Idempotency-Key has no response yet."""


class RegistrationEnded(Exception):
    """The registration is in a final state and can no longer be changed."""


class NetworkVersionNotFound(LookupError):
    """The instrument has no such version of a network."""


class NetworkInvalid(ValueError):
    """A folder does not hold an adapted network."""


class NetworkStateInvalid(Exception):
    """The version of a network is in a state that does not allow this."""


class NetworkNotAcceptable(Exception):
    """The version of a network is worse than its parent beyond a margin."""


class NoActiveNetwork(Exception):
    """The bundled network answers for the instrument; there is nothing to roll back."""


class LabelNotFound(LookupError):
    """The instrument has no such label."""


class LabelsTooFew(Exception):
    """The instrument has too few labels for an adaptation."""


class AdaptationRunning(Exception):
    """The instrument has an adaptation that has not ended."""


class DriftUnchanged(Exception):
    """The jobs of the instrument do not differ from its reference; there is nothing to acknowledge."""
