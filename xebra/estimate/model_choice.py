"""The choice between a similarity, an affine transform and a field, by blocks that are held out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Matrix
from xebra.engine import Engine
from xebra.estimate.estimate import Estimate
from xebra.estimate.field_refinement import FieldEstimate, FieldLevel, refine_field
from xebra.estimate.field_selection import Candidate
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.verdict import LOOK, imprecise
from xebra.field.displacement_field import DisplacementField
from xebra.image import Image
from xebra.models import TransformModel

# Of a model over a simpler one on held-out blocks of 512 x 512 px: development images reach 100 without a
# bend, and at least 530 with one of 4 px.
MIN_GAIN = 250.0
LEAST_GAIN = 40.0  # of smaller images
COMMON = 0.5  # of that gain, which nine tenths of the blocks must reach without those that gain most
MIN_SHARE = 0.5  # of what a model predicts beyond a simpler one that held-out blocks must confirm

NO_PLACE = "similarity: the place is not sure, so that no field was estimated"
NO_OVERLAP = "similarity: the overlap is too small, or too much without contrast, for a field"
NOT_SUPPORTED = "similarity: held-out blocks do not support a field"
AFFINE = "affine: held-out blocks confirm {share:.0%} of it, and {further:.0%} of a field beyond it"
FIELD = "field: held-out blocks confirm {share:.0%} of a displacement of {rms:.2f} px RMS"


@dataclass(frozen=True)
class ModelChoice:
    """The model that the images support, with its field and the reason."""

    model: TransformModel
    reason: str | None = None
    field: DisplacementField | None = None

    def with_error(self, estimate: Estimate, tolerance_px: float, um_per_px: float | None = None) -> Estimate:
        """Return an estimate whose expected error includes the field's, for review if it is too large.

        ``um_per_px``: pixel spacing of the fixed image, where it is known.
        """
        if self.field is None:
            return estimate
        expected = math.hypot(estimate.expected_corner_error_px, self.field.error_px)
        found = replace(estimate, expected_corner_error_px=expected)
        if estimate.verdict != "accept" or expected <= tolerance_px:
            return found
        reason = f"{imprecise(expected, tolerance_px, um_per_px)}; {LOOK}"
        return replace(found, verdict="review", reason=reason)


def without_place() -> ModelChoice:
    """Return the choice where no place was found."""
    return ModelChoice("similarity", NO_PLACE)


def choose_model(
    engine: Engine,
    level: FieldLevel,
    images: tuple[Image, Image],
    moving_from_fixed: Matrix,
    affine_too: bool,
) -> ModelChoice:
    """Return the simplest model that the held-out blocks of a fixed and a moving image support.

    ``affine_too``: an affine transform may be chosen in place of a field.
    """
    found = refine_field(engine, level, ImagePair(*images), moving_from_fixed)
    if found is None:
        return ModelChoice("similarity", NO_OVERLAP)
    similarity, affine = (_best(found, model) for model in ("similarity", "affine"))
    field, least = found.chosen, max(LEAST_GAIN, MIN_GAIN * found.area / 512**2)
    share = _confirmed(field, similarity, least)
    further = _confirmed(field, affine, least)
    stretched = _confirmed(affine, similarity, least)
    if affine_too and stretched is not None and further is None:
        return ModelChoice("affine", AFFINE.format(share=stretched, further=_share(field, affine)))
    if share is None:
        return ModelChoice("similarity", NOT_SUPPORTED)
    return ModelChoice("field", FIELD.format(share=share, rms=found.field.rms_px), found.field)


def _best(found: FieldEstimate, model: str) -> Candidate:
    """Return the candidate of a linear model."""
    return next(each for each in found.candidates if each.model == model)


def _confirmed(one: Candidate, simpler: Candidate, least: float) -> float | None:
    """Return the share of what a model predicts beyond a simpler one that is confirmed; None: too little."""
    share, common = _share(one, simpler), min(one.common_gain_beyond(each) for each in (simpler, None))
    supported = one.gain - max(simpler.gain, 0.0) > least and share > MIN_SHARE and common > COMMON * least
    return share if supported else None


def _share(one: Candidate, simpler: Candidate) -> float:
    """Return the gain over a simpler model relative to what the difference of both would explain."""
    energy = one.energy_beyond(simpler)
    return float(np.clip((one.gain - simpler.gain) / max(energy, 1e-12), -1, 1))
