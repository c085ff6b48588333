"""Xebra aligns X-ray and electron-beam microscopy images without a human in the loop.

Names are loaded when first used, so that training finds this package on a machine with torch and numpy alone.
"""

from importlib import import_module

_HOME = {
    "Image": "xebra.image",
    "inspect": "xebra.image",
    "load": "xebra.output",
    "read_image": "xebra.image",
    "Registration": "xebra.registration",
    "SimilarityTransform": "xebra.transform",
    "corner_error": "xebra.transform",
    "register": "xebra.align",
}
__all__ = [*_HOME]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'xebra' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
