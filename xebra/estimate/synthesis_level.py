"""Images as the other modality of an instrument would show them, and the pairs of one modality they make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Matrix
from xebra.engine import Engine
from xebra.errors import ImageUnusable
from xebra.estimate.image_pair import Candidate, ImagePair, full_view_matrix
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.pyramid_result import PyramidResult
from xebra.image import Image

EVERY_ESTIMATE = -1.0  # correlation that all have
COVERED = 0.5  # of a px of the view: less is not usable
NETWORK_INFORMATION = 0.5  # of the network's estimate where none was measured: as two correlations of 0.45


@dataclass(frozen=True)
class SynthesisedPair:
    """A pair of which one image is synthesised."""

    fixed: Image
    moving: Image
    fixed_from_view: Matrix  # 3 x 3, from px of ``fixed`` to those of the image that it was made of
    moving_from_view: Matrix

    def converted(self, result: PyramidResult) -> PyramidResult:
        """Return a result of this pair as one of the images that it was made of."""
        best, *path = (self.of_images(each) for each in (result.best, *result.path))
        period = result.period_px and result.period_px * float(self.fixed_from_view[0, 0])
        return replace(result, best=best, path=tuple(path), period_px=period, origin="synthesis")

    def of_images(self, candidate: Candidate) -> Candidate:
        """Return a candidate of this pair as one of the images that it was made of."""
        view_from_fixed = np.linalg.inv(self.fixed_from_view)
        matrix = self.moving_from_view @ candidate.moving_from_fixed @ view_from_fixed
        return replace(candidate, moving_from_fixed=matrix)

    def of_views(self, candidate: Candidate) -> Candidate:
        """Return a candidate of the images that this pair was made of as one of this pair."""
        view_from_moving = np.linalg.inv(self.moving_from_view)
        matrix = view_from_moving @ candidate.moving_from_fixed @ self.fixed_from_view
        return replace(candidate, moving_from_fixed=matrix)


@dataclass(frozen=True)
class SynthesisLevel:
    """The graph of cross-modality image synthesis, the size of its views, and which images it was made for.

    ``reference``: size of the view of the other image, which says what a synthesised one should look like.
    ``resemblance``: least correlation of each synthesised image with the other image at an estimate, from
    what right estimates reach on images like those that were learnt. Without it, every estimate counts.
    ``network_information``, ``known_information``: of the estimate by the network with synthesised images and
    of that without, as ``Resemblance.refined`` weights them.
    """

    graph: str
    size: int
    reference: int
    resemblance: float = EVERY_ESTIMATE
    network_information: float = NETWORK_INFORMATION
    known_information: float = 0.0

    def pairs(self, engine: Engine, fixed: Image, moving: Image) -> Iterator[SynthesisedPair]:
        """Yield the pair with the moving, then with the fixed image as the other modality shows it.

        Args:
            engine: runs the graph.
            fixed: fixed image; a synthesised one has ``size`` px along the longer side.
            moving: moving image.
        """
        pair = ImagePair(fixed, moving)
        with suppress(ImageUnusable):  # a synthesised image of one grey value
            other, from_view = self._synthesised(engine, moving, pair.moving, pair.fixed)
            yield SynthesisedPair(fixed, other, np.eye(3), from_view)
        with suppress(ImageUnusable):
            other, from_view = self._synthesised(engine, fixed, pair.fixed, pair.moving)
            yield SynthesisedPair(other, moving, from_view, np.eye(3))

    def _synthesised(
        self, engine: Engine, image: Image, pyramid: ImagePyramid, like: ImagePyramid
    ) -> tuple[Image, Matrix]:
        """Return a whole image as ``like`` would show it, and the 3 x 3 from its px to those of the image."""
        image_from_view = full_view_matrix(image.shape, self.size)
        view = pyramid.view(image_from_view, self.size)
        reference = like.view(full_view_matrix(like.shape, self.reference), self.reference)
        values = engine.run(self.graph, view=view[None], reference=reference[None])["maps"][0, 0]
        spacing = image.pixel_spacing and image.pixel_spacing * float(image_from_view[0, 0])
        inside = view[1] > COVERED
        other = Image(values, spacing, name=f"{image.name}, synthesised")
        return other if inside.all() else other.with_mask(inside), image_from_view
