"""What can go wrong with remembered things, in words; no status codes here."""


class BackendUnknown(ValueError):
    """A URL names a backend that does not exist; the message says which ones do."""


class UploadNotFound(LookupError):
    """Nothing has arrived under this presigned upload."""


class UploadsOnlyThroughApi(Exception):
    """The image store takes files from this service only."""


class ObjectMissing(LookupError):
    """The image store holds nothing under this key."""


class ObjectAltered(Exception):
    """The image store gave back other bytes than were put into it."""


class StoreUnavailable(Exception):
    """The image store does not answer, or cannot take more; it may do so again in a moment."""


class ImageNotFound(LookupError):
    """No image of this id was uploaded."""


class RegistrationNotFound(LookupError):
    """No registration of this id was submitted."""


class BatchNotFound(LookupError):
    """No batch of this id was submitted."""


class CorrectionNotFound(LookupError):
    """The registration was not corrected, or not by this one."""


class InstrumentUnknown(LookupError):
    """There is no instrument of this name."""


class KeyUnknown(LookupError):
    """No API key of this text or id was given out, or it was revoked."""


class SessionUnknown(LookupError):
    """Nobody signed in with this cookie, or that has ended."""


class QuotaExceeded(Exception):
    """The instrument has as much as it may have."""


class WebhookNotFound(LookupError):
    """No webhook of this id is called."""


class KeyReused(ValueError):
    """An Idempotency-Key came with another request than the first time."""


class KeyInFlight(Exception):
    """The first request with this Idempotency-Key has not been answered yet."""


class RegistrationEnded(Exception):
    """The registration has reached its final state and can no longer be changed."""
