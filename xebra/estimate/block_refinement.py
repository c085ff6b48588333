"""Refinement of large images at their own pixels: blocks of the fixed image, combined by least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.estimate.displacement import (
    CELL,
    FREE,
    Evidence,
    displacement_at,
    jacobians,
    motion_matrix,
    view_corners,
)
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.refinement import evidence_from_outputs
from xebra.transform import image_center

SIZE = 128  # px, side of a block
MAX_PER_SIDE = 4  # blocks along a side of the image
ELONGATED = 2.5  # ratio of the sides from which on tiles are searched and the longer side has more blocks
STRIDE = 4  # ratio of the px sizes of successive levels
PASSES = 2  # at each level
MIN_COVERAGE = 0.5  # share of a block that the moving image must cover
MIN_AFFINE_BLOCKS = 4  # fewer do not determine the stretch
OUTLIER_CELLS = 2.0  # smallest residual at which a block is excluded


@dataclass(frozen=True)
class BlockEvidence:
    """The evidence of one block; ``offset`` is its centre in cells from the centre of the fixed image."""

    offset: tuple[float, float]
    evidence: Evidence

    def block_from_image(self, count: int = 4) -> Matrix:
        """Return the (4, count) from the parameters about the image's centre to those about the block's.

        The block's parameters are those of a similarity, also where the image's are those of an affine map.
        """
        result = np.eye(4, count)
        result[2:] = jacobians(np.array([self.offset]), count)[0]
        return result

    @property
    def peak(self) -> Floats:
        """Most likely displacement (4,) about the block's centre, cells."""
        return self.evidence.displacement + self.evidence.newton_step(SIZE)


def refine_blocks(
    engine: Engine, graph: str, pair: ImagePair, candidate: Candidate, step: float
) -> Candidate:
    """Refine a candidate known to about ``step`` image px to the precision of the fixed image's px.

    Returns the same candidate where the image is no larger than a view.
    """
    while step > 1:
        step = max(1.0, step / STRIDE)
        for _ in range(PASSES):
            candidate = _refine_once(engine, graph, pair, candidate, step)
    return candidate


def _refine_once(engine: Engine, graph: str, pair: ImagePair, candidate: Candidate, step: float) -> Candidate:
    """Return the candidate after one pass over all blocks at ``step`` image px per px."""
    offsets, fixed, moving = _block_views(pair, candidate, step)
    if not offsets:
        return candidate
    outputs = engine.run(graph, fixed=np.stack(fixed), moving=np.stack(moving))
    blocks = [BlockEvidence(o, evidence_from_outputs(outputs, i)) for i, o in enumerate(offsets)]
    evidence = combine_blocks(blocks, pair.free)
    if evidence is None:
        return candidate
    size = max(pair.fixed.shape) / step
    fixed_from_view = pair.fixed_from_view(size, step)
    motion = motion_matrix(evidence.displacement, size)
    moved = candidate.moving_from_fixed @ fixed_from_view @ motion @ np.linalg.inv(fixed_from_view)
    return replace(candidate, moving_from_fixed=pair.held(moved), evidence=evidence, view_size=size)


def _block_views(
    pair: ImagePair, candidate: Candidate, step: float
) -> tuple[list[tuple[float, float]], list[Floats], list[Floats]]:
    """Return the centres in cells and both views of each block that the moving image covers enough."""
    image_middle = np.array(image_center(pair.fixed.shape))
    offsets: list[tuple[float, float]] = []
    fixed_views: list[Floats] = []
    moving_views: list[Floats] = []
    least = MIN_COVERAGE * min(1.0, min(pair.fixed.shape) / (step * SIZE))  # of a strip narrower than a block
    for center in _block_centers(pair.fixed.shape, step):
        corner = center - step * (SIZE - 1) / 2
        fixed_from_block = np.array([[step, 0, corner[0]], [0, step, corner[1]], [0, 0, 1.0]])
        moving = pair.moving.view(candidate.moving_from_fixed @ fixed_from_block, SIZE)
        fixed = pair.fixed.view(fixed_from_block, SIZE)
        if min(fixed[1].mean(), moving[1].mean()) >= least:
            x, y = (center - image_middle) / (step * CELL)
            offsets.append((x, y))
            fixed_views.append(fixed)
            moving_views.append(moving)
    return offsets, fixed_views, moving_views


def _block_centers(shape: tuple[int, ...], step: float) -> list[Floats]:
    """Return the centres (x, y) of evenly spaced blocks in px of the fixed image."""
    lines = []
    for length in (shape[1], shape[0]):
        half = min(step * SIZE, length) / 2
        most = MAX_PER_SIDE
        if length >= ELONGATED * min(shape):
            most = MAX_PER_SIDE**2 // int(np.clip(np.ceil(min(shape) / (step * SIZE)), 1, MAX_PER_SIDE))
        count = int(np.clip(np.ceil(length / (step * SIZE)), 1, most))
        lines.append(np.linspace(half, length - half, count) - 0.5)
    return [np.array([x, y]) for y in lines[1] for x in lines[0]]


def combine_blocks(
    blocks: list[BlockEvidence], free: tuple[int, ...] = FREE["similarity"]
) -> Evidence | None:
    """Return the displacement that fits the blocks best, without outliers; None if no block has a peak.

    Parameters that are not ``free`` are 0.
    """
    used = [b for b in blocks if np.linalg.eigvalsh(_total(b.evidence.information))[0] > 0]
    corners = view_corners(SIZE)
    while used:
        combined = _weighted_mean(used, free)
        count = len(combined.displacement)
        local = [b.block_from_image(count) @ combined.displacement for b in used]
        residuals = np.array(
            [
                np.hypot(*displacement_at(b.peak - d, corners).T).mean()
                for b, d in zip(used, local, strict=True)
            ]
        )
        if len(used) < 3 or residuals.max() < max(OUTLIER_CELLS, 3 * np.median(residuals)):
            return combined
        used = [b for b, residual in zip(used, residuals, strict=True) if residual < residuals.max()]
    return None


def _weighted_mean(blocks: list[BlockEvidence], free: tuple[int, ...]) -> Evidence:
    """Return the least-squares displacement, each block weighted by its information.

    The halves of the result are the blocks of even and of odd index.
    """
    if len(blocks) == 1 and free == FREE["similarity"]:
        return _single_block(blocks[0])
    count = max(4, free[-1] + 1)
    information, weighted = np.zeros((2, count, count)), np.zeros((2, count))
    for index, block in enumerate(blocks):
        to_block = block.block_from_image(count)
        total = _total(block.evidence.information)
        information[index % 2] += to_block.T @ total @ to_block
        weighted[index % 2] += to_block.T @ total @ block.peak
    chosen = [parameter for parameter in free if parameter < 4 or len(blocks) >= MIN_AFFINE_BLOCKS]
    known = information.sum(0)[np.ix_(chosen, chosen)]
    found = np.zeros(count)
    found[chosen] = np.linalg.solve(known, weighted.sum(0)[chosen])
    gradient = weighted - information @ found
    score = float(np.mean([block.evidence.score for block in blocks]))
    return Evidence(found, gradient, information, score, free=tuple(chosen))


def _single_block(block: BlockEvidence) -> Evidence:
    """Return a single block's evidence about the image's centre; the halves are those of the block."""
    to_block, evidence = block.block_from_image(), block.evidence
    gradient = evidence.gradient - evidence.information @ (block.peak - evidence.displacement)
    found = np.linalg.solve(to_block, block.peak)
    information = to_block.T @ evidence.information @ to_block
    return Evidence(found, gradient @ to_block, information, evidence.score)


def _total(halves: Floats) -> Floats:
    """Return the sum over the two halves."""
    total: Floats = halves.sum(0)
    return total
