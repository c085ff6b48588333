"""Exceptions of the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xebra.readers.channel import Channel


class RegistrationError(Exception):
    """The input cannot be registered; the message states the remedy."""


class ImageUnreadable(RegistrationError):
    """The file is missing, truncated, of an unknown type or too large."""


class ImageChoiceNeeded(ImageUnreadable):
    """The file holds several images and none was chosen; ``choices`` lists them."""

    def __init__(self, message: str, choices: Sequence[Channel] = ()):
        super().__init__(message)
        self.choices = list(choices)


class ImageUnusable(RegistrationError):
    """The image cannot be aligned: NaN, constant or too small."""


class MaskInvalid(RegistrationError):
    """A mask has another shape or type than the image needs, or leaves too few pixels."""


class ModelUnsupported(RegistrationError):
    """The model of the transform is unknown, or the network does not find it."""


class PointsInvalid(RegistrationError):
    """A table of points or a file of regions cannot be read."""


class PriorInvalid(RegistrationError):
    """A prior or a tilt that is known is not possible."""


class PixelSpacingInvalid(RegistrationError):
    """A pixel spacing must be a positive, finite number of micrometres per pixel."""


class NetworkUnknown(RegistrationError):
    """No network of this name is installed."""


class PairingInvalid(RegistrationError):
    """File name patterns or a table do not say which images belong together."""


class SeriesInvalid(RegistrationError):
    """Frames are no series, or what is known of them does not fit their number."""


class LabelsInvalid(RegistrationError):
    """A folder of labelled pairs cannot be read, or is too small to train and to judge."""


class FormatUnknown(RegistrationError):
    """There is no transform format of this name."""


class EngineFailed(Exception):
    """The inference engine failed; the input is not the cause."""
