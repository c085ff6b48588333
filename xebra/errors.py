"""Exceptions of the library."""


class RegistrationError(Exception):
    """The input cannot be registered; the message says what to do."""


class ImageUnreadable(RegistrationError):
    """The file is missing, truncated, of an unknown type or too large."""


class ImageUnusable(RegistrationError):
    """The image cannot be aligned: NaN, constant or too small."""


class PixelSpacingInvalid(RegistrationError):
    """A pixel spacing must be a positive, finite number of micrometres per pixel."""


class NetworkUnknown(RegistrationError):
    """No network of this name is installed."""


class EngineFailed(Exception):
    """The inference engine failed; the input is not the cause."""
