"""The families that a transform can be chosen from; quick to import, for the command line."""

from typing import Literal

# "field" is a similarity with a smooth displacement, "auto" the simplest of similarity, affine and field that
# the images support; a result states the one that was chosen.
TransformModel = Literal["translation", "rigid", "similarity", "affine", "field", "auto"]
BENT: tuple[TransformModel, ...] = ("field", "auto")  # models that may bend the image
