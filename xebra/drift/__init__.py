"""Drift: whether the images and results of an instrument are distributed as they were in a reference."""

from xebra.drift.comparison import Change, compare
from xebra.drift.features import image_features, result_features

__all__ = ["Change", "compare", "image_features", "result_features"]
