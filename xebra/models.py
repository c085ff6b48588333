"""The families that a transform can be chosen from; quick to import, for the command line."""

from typing import Literal

TransformModel = Literal["translation", "rigid", "similarity", "affine"]
