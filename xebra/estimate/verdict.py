"""The verdict on an estimate, and a reason with the remedy.

Lengths in a reason are px of the fixed image, and um where its pixel spacing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from xebra.estimate.confidence import MIN_SCORE_MARGIN, RIGHT_PX, Confidence
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.peak_flatness import FLAT_PX
from xebra.estimate.quality_features import CALIBRATED, INTENSITY, WHOLE_VIEW, QualityFeatures
from xebra.lengths import pixels_and_length
from xebra.prior import Deviation
from xebra.registration import Verdict

MAX_DISAGREEMENT_PX = 3.0  # at 256: a larger disagreement is stated as the reason of a verdict
VISIBLE_STRETCH_PX = 3.0  # at 256, at the corners: a larger stretch is stated as the reason of a verdict
SMALL_OVERLAP = 0.3  # of the fixed view: stated as the reason of a verdict
SPACING_TOLERANCE = 0.05  # relative: pixel spacings that contradict the images by more are reported

AMBIGUOUS = "another rotation, scale or position fits nearly as well"
IMPRECISE = "the corner error to expect, {expected}, is above the tolerance of {tolerance}"
UNSAFE = "the corner error can reach {largest}, above the limit of {limit}"
STRETCHED = (
    "no similarity fits: one image is stretched by {stretch:.1f} % along {axis:.0f} degrees, as by a tilt of "
    'about {tilt:.0f} degrees or a sheared scan; register it with model="affine" (--model affine)'
)
PLACES = "{places} places in the overview fit nearly as well"
UNCONFIRMED = "found with a synthesised image only, and the other image synthesised does not confirm it"
PERIODIC = "the pattern repeats every {period}: a shift by that fits nearly as well"
SPACINGS = (
    "the pixel sizes contradict the images: they fit at {scale:.3f} times the scale that the pixel sizes "
    "give; correct the pixel size of one of them, or leave both out"
)
HELD = (
    "the images fit at {scale:.3f} times the scale and {angle:+.1f} degrees from the angle that this model "
    'holds: register them with model="similarity" (--model similarity), or correct the pixel sizes'
)
PRIOR = (
    "the images contradict the prior: they fit {shift}, {angle:+.1f} degrees and {scale:.3f} times in "
    "scale from it"
)
MIRRORED = "the moving image is mirrored: register it with mirror=True (--mirror)"
SMALL = "only {coverage:.0f} % of the fixed image is covered: take images with more overlap"
METHODS = "network and {method} differ by {distance}"
HALVES = "estimates from two halves of the image differ by {distance}"
WEAK = "the images correlate weakly at the estimated position"
AGREE = "the network and {method} find the same position"
SYNTHESISED = ", with one image shown as the other modality of this instrument (image synthesis)"

FLAT = (
    "the images fit nearly as well several px aside, as along a straight edge; take views that show "
    "structure in all directions"
)
EXTRAPOLATED = (
    "both images show structure in a small part of the view only, and the error grows with the distance from "
    "it; crop the images to that part, or take views that it fills"
)
LOOK = "look at the overlay before use"
UNSUPPORTED = (
    "nothing supports this position or any other: check that both images show the same specimen, that their "
    "fields of view overlap, and that there are enough counts"
)


@dataclass(frozen=True)
class Findings:
    """What is known about an estimate beside its quality features."""

    width_px: (
        float  # longer side of the fixed image, or of the detail where the moving image is one; fixed px
    )
    tolerance_px: float  # of the fixed image
    period_px: float | None = None  # a shift by it fits nearly as well
    spacing_scale: float | None = None  # scale over the one that known pixel spacings give
    mirrored: bool = False  # the reflected moving image would be accepted
    places: int = 1  # of the overview that fit nearly as well
    other_spacing_scale: float | None = None  # likewise, of a sure estimate without the spacings
    held: tuple[float, float] | None = None  # scale and angle (deg) beside those that the model holds
    beside_prior: Deviation | None = None  # of an estimate outside the tolerances of the prior
    synthesised: bool = False  # found with a synthesised image
    unconfirmed: bool = False  # found by image synthesis in one direction only
    um_per_px: float | None = None  # pixel spacing of the fixed image, where it is known

    @property
    def spacings_contradict(self) -> bool:
        """Return whether the images fit at another scale than their pixel spacings give."""
        return self.spacing_scale is not None and abs(self.spacing_scale - 1) > SPACING_TOLERANCE

    def length(self, px: float, decimals: int = 1) -> str:
        """Return a length in px of the fixed image as text."""
        return pixels_and_length(px, self.um_per_px, decimals)

    def length_at_reference(self, px: float) -> str:
        """Return a length in px at the reference width as text in px of the fixed image."""
        return self.length(px * self.width_px / REFERENCE_WIDTH)


def decide(confidence: Confidence, features: QualityFeatures, findings: Findings) -> tuple[Verdict, str]:
    """Return the verdict and its reason."""
    if findings.mirrored:
        return "refuse", MIRRORED
    if findings.held is not None:
        word: Verdict = "review" if confidence.finds(features) else "refuse"
        return word, HELD.format(scale=findings.held[0], angle=findings.held[1])
    if findings.other_spacing_scale is not None:
        return "refuse", SPACINGS.format(scale=findings.other_spacing_scale)
    if not confidence.finds(features, findings.synthesised):
        return _unsure(confidence, features, findings)
    if findings.beside_prior is not None:
        by = findings.beside_prior
        return "review", PRIOR.format(
            shift=findings.length(by.shift_px, 0), angle=by.angle_deg, scale=by.scale
        )
    if findings.places > 1:
        return "review", f"{PLACES.format(places=findings.places)}: {LOOK}"
    if findings.unconfirmed:
        return "review", f"{UNCONFIRMED}: {LOOK}"
    if findings.period_px:
        return "review", PERIODIC.format(period=findings.length(findings.period_px, 0))
    if findings.spacings_contradict:
        return "review", SPACINGS.format(scale=findings.spacing_scale)
    return _by_precision(confidence, features, findings)


def _unsure(confidence: Confidence, features: QualityFeatures, findings: Findings) -> tuple[Verdict, str]:
    """Return the verdict on an estimate whose place is not sure."""
    weakness = _weakest_feature(features, findings)
    if confidence.probability(features) >= confidence.review_probability:
        if findings.places > 1:
            weakness = PLACES.format(places=findings.places)
        return "review", f"{weakness}: {LOOK}"
    return "refuse", f"{weakness}; {UNSUPPORTED}"


def _by_precision(
    confidence: Confidence, features: QualityFeatures, findings: Findings
) -> tuple[Verdict, str]:
    """Return the verdict on an estimate at the right place."""
    scale = findings.width_px / REFERENCE_WIDTH
    if confidence.is_precise(features, findings.tolerance_px / scale):
        how = SYNTHESISED if findings.synthesised else ""
        return "accept", AGREE.format(method=_independent_method(features)) + how
    affine = features.affine
    if affine.stretch and 2 * affine.corner_px > confidence.precision_px(features):
        return "review", _stretched(features)
    if features.network_distance_px > MAX_DISAGREEMENT_PX:
        distance = findings.length_at_reference(features.network_distance_px)
        return "review", f"{METHODS.format(method=_independent_method(features), distance=distance)}: {LOOK}"
    expected, tolerance = confidence.expected_error_px(features) * scale, findings.tolerance_px
    if expected > tolerance:
        reason = imprecise(expected, tolerance, findings.um_per_px)
    else:
        largest = findings.length(confidence.largest_error_px(features) * scale)
        reason = UNSAFE.format(largest=largest, limit=findings.length(max(tolerance, RIGHT_PX * scale)))
    if features.extrapolation > CALIBRATED:
        return "review", f"{reason}: {EXTRAPOLATED}"
    return "review", f"{reason}: {FLAT}" if _is_flat(features) else f"{reason}: {LOOK}"


def imprecise(expected_px: float, tolerance_px: float, um_per_px: float | None) -> str:
    """Return the reason that an expected error is above the tolerance, both in px of the fixed image."""
    expected, tolerance = (pixels_and_length(px, um_per_px) for px in (expected_px, tolerance_px))
    return IMPRECISE.format(expected=expected, tolerance=tolerance)


def _is_flat(features: QualityFeatures) -> bool:
    """Return whether the images fit nearly as well beside the estimate."""
    whole = features.final_stage == WHOLE_VIEW
    return features.is_undetermined or (whole and features.final_uncertainty_px > FLAT_PX)


def _stretched(features: QualityFeatures) -> str:
    """Return the reason that names a stretch with its size."""
    affine = features.affine
    return STRETCHED.format(stretch=200 * affine.stretch, axis=affine.axis_deg % 180, tilt=affine.tilt_deg)


def _weakest_feature(features: QualityFeatures, findings: Findings) -> str:
    """Return the reason for which a place is not sure."""
    if features.affine.corner_px > VISIBLE_STRETCH_PX:
        return _stretched(features)
    if features.score_margin < MIN_SCORE_MARGIN:
        return AMBIGUOUS
    if features.coverage < SMALL_OVERLAP:
        return SMALL.format(coverage=100 * features.coverage)
    if features.independent_disagreement_px > MAX_DISAGREEMENT_PX:
        distance = findings.length_at_reference(features.independent_disagreement_px)
        return METHODS.format(method=_independent_method(features), distance=distance)
    if features.half_disagreement_px > MAX_DISAGREEMENT_PX:
        return HALVES.format(distance=findings.length_at_reference(features.half_disagreement_px))
    return WEAK


def _independent_method(features: QualityFeatures) -> str:
    """Return the name of the method that the network's estimate is compared with."""
    return "pixel intensities" if features.final_stage == INTENSITY else "mutual information"
