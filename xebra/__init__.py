"""Xebra aligns X-ray and electron-beam microscopy images without a human in the loop.

Names are loaded when first used, so that training finds this package on a machine with torch and numpy alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and the Python reference
    from xebra.align import register
    from xebra.image import Image, inspect, read_image
    from xebra.masks import PolygonMask
    from xebra.output import load
    from xebra.prior import Prior
    from xebra.registration import Registration
    from xebra.series.register import register_series
    from xebra.series.result import Series
    from xebra.series.tracker import Position, Tracker
    from xebra.transform import AffineTransform, SimilarityTransform, corner_error

_HOME = {
    "Image": "xebra.image",
    "inspect": "xebra.image",
    "load": "xebra.output",
    "read_image": "xebra.image",
    "PolygonMask": "xebra.masks",
    "Prior": "xebra.prior",
    "Registration": "xebra.registration",
    "AffineTransform": "xebra.transform",
    "Position": "xebra.series.tracker",
    "Series": "xebra.series.result",
    "SimilarityTransform": "xebra.transform",
    "Tracker": "xebra.series.tracker",
    "corner_error": "xebra.transform",
    "register": "xebra.align",
    "register_series": "xebra.series.register",
}
__all__ = [
    "AffineTransform",
    "Image",
    "PolygonMask",
    "Position",
    "Prior",
    "Registration",
    "Series",
    "SimilarityTransform",
    "Tracker",
    "corner_error",
    "inspect",
    "load",
    "read_image",
    "register",
    "register_series",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'xebra' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__]
