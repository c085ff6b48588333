"""What can go wrong, in the words of the specimen; no status codes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xebra.readers.channel import Channel


class RegistrationError(Exception):
    """The pair cannot be registered for a reason that lies in the input; the message says what to do."""


class ImageUnreadable(RegistrationError):
    """The file is missing, truncated, of an unknown type or larger than Xebra takes."""


class ImageChoiceNeeded(ImageUnreadable):
    """The file holds several images and none was chosen; ``choices`` lists them."""

    def __init__(self, message: str, choices: Sequence[Channel] = ()):
        super().__init__(message)
        self.choices = list(choices)


class ImageUnusable(RegistrationError):
    """The pixels were read, but show nothing that could be aligned (NaN, constant, too small)."""


class PixelSpacingInvalid(RegistrationError):
    """A pixel spacing must be a positive, finite number of micrometres per pixel."""


class NetworkUnknown(RegistrationError):
    """No network of this name is installed."""


class EngineFailed(Exception):
    """The inference engine did not answer: the system is at fault, not the input."""
