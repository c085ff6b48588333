"""The result of a pair by images that are shown as the other modality of an instrument would show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xebra.engine import Engine
from xebra.errors import ImageUnusable
from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.confidence import Confidence
from xebra.estimate.image_pair import Candidate, ImagePair, averaged, corner_distance_px
from xebra.estimate.pyramid_result import PyramidResult
from xebra.estimate.resemblance import Placed, Resemblance
from xebra.estimate.synthesis_attempts import Direction, joint_attempts
from xebra.estimate.synthesis_level import EVERY_ESTIMATE, SynthesisedPair, SynthesisLevel
from xebra.image import Image

DETAILED = 0.2  # least correlation of fine detail, that unlike images do not have at a confirmed place
CONFIRMED_PX = 5.0  # at 256: corner distance of two estimates by synthesised images that confirm each other


@dataclass(frozen=True)
class SynthesisParts:
    """Two nearly independent estimates of one place: by the network, and by the correlation of the images."""

    network: Candidate
    values: Candidate
    information: float  # of the correlation


@dataclass(frozen=True)
class _Found:
    result: PyramidResult
    shown: Resemblance
    detail: Resemblance  # band-pass filtered
    placed: Placed


@dataclass(frozen=True)
class SynthesisResults:
    """Makes results by image synthesis.

    ``attempts`` makes the attempts at two images, ``result`` the result of one of them.
    """

    level: SynthesisLevel
    engine: Engine
    confidence: Confidence
    attempts: Callable[[Image, Image], tuple[ImagePair, Attempts]]
    result: Callable[[ImagePair, Attempts, Attempt], PyramidResult]

    def of(
        self, images: ImagePair, fixed: Image, moving: Image, known: Candidate | None = None
    ) -> PyramidResult | None:
        """Return the result of both pairs with one image synthesised.

        Where their estimates of the same place differ, it is not confirmed. None where a synthesised image
        does not resemble the other one at the estimate, because such images were not learnt.

        Args:
            images: fixed and moving image.
            fixed: fixed image.
            moving: moving image.
            known: the estimate without synthesis, which is averaged where it is of the same place.
        """
        found = self._found(images, fixed, moving)
        if found is None:
            return None
        result, shown, placed = found.result, found.shown, found.placed
        if not self._resembles(shown.least(result.best), placed):
            return None
        level = self.level
        best = found.detail.refined(
            result.best, placed, level.network_information, known, level.known_information
        )
        return replace(result, best=best, unconfirmed=result.unconfirmed or not placed.confirms)

    def parts(self, images: ImagePair, fixed: Image, moving: Image) -> SynthesisParts | None:
        """Return what ``of`` averages but for the estimate without synthesis; None where nothing is made."""
        found = self._found(images, fixed, moving)
        if found is None:
            return None
        return SynthesisParts(found.result.best, found.placed.candidate, found.placed.information)

    def _found(self, images: ImagePair, fixed: Image, moving: Image) -> _Found | None:
        """Return the result of both pairs by the network, and the place that resembles most near by."""
        pairs = tuple(self.level.pairs(self.engine, fixed, moving))
        if len(pairs) < 2:
            return None
        made = [self.attempts(pair.fixed, pair.moving) for pair in pairs]
        shown = Resemblance(images, pairs, tuple(views for views, _ in made))
        try:
            detail = shown.band_passed()
        except ImageUnusable:  # of one grey value
            return None
        directions = [Direction(pair, attempts) for pair, (_, attempts) in zip(pairs, made, strict=True)]
        found = zip(pairs, made, joint_attempts(images, directions, detail), strict=True)
        result = self._confirmed(images, [self._converted(pair, *of, attempt) for pair, of, attempt in found])
        return _Found(result, shown, detail, detail.placed(result.best))

    def _resembles(self, least: float, placed: Placed) -> bool:
        """Return whether synthesised images resemble the others at an estimate as those that were learnt do.

        Where fine detail confirms the estimate, half of the correlation of whole images is enough; where it
        does not, and has no other place that is much alike, the estimate does not count.
        """
        if self.level.resemblance <= EVERY_ESTIMATE:
            return True
        if not placed.confirms and not placed.is_followed:
            return False
        detailed = placed.confirms and placed.least >= DETAILED
        return least >= (self.level.resemblance / 2 if detailed else self.level.resemblance)

    def _converted(
        self, pair: SynthesisedPair, views: ImagePair, attempts: Attempts, attempt: Attempt
    ) -> PyramidResult:
        """Return the result of an attempt at a pair as one of the images that it was made of."""
        return pair.converted(self.result(views, attempts, attempt))

    def _confirmed(self, images: ImagePair, results: list[PyramidResult]) -> PyramidResult:
        """Return the more probable of two results, at their mean place where they are close to each other."""
        best = max(results, key=lambda each: self.confidence.log_odds(each.features))
        apart = corner_distance_px(images, *(result.best for result in results))
        place = averaged(images, [best.best, *(result.best for result in results if result is not best)])
        place = replace(best.best, moving_from_fixed=place.moving_from_fixed)
        return replace(best, best=place, unconfirmed=apart > CONFIRMED_PX)


def resemblance_of(level: SynthesisLevel, engine: Engine, fixed: Image, moving: Image) -> Resemblance | None:
    """Return the resemblance of both pairs with one image synthesised; None of an image of one grey value."""
    pairs = tuple(level.pairs(engine, fixed, moving))
    if len(pairs) < 2:
        return None
    return Resemblance(
        ImagePair(fixed, moving), pairs, tuple(ImagePair(pair.fixed, pair.moving) for pair in pairs)
    )
