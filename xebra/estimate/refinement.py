"""Refinement of candidates by the refinement network: Newton steps on a predicted likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats
from xebra.engine import Engine
from xebra.estimate.displacement import FREE, Evidence, motion_matrix
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px

MAX_BATCH = 8  # candidates: a server accepts at most 16, and memory grows with the batch
CONVERGED_PX = 1.5  # at 256: a step that moves a candidate by less is the last


@dataclass(frozen=True)
class RefineLevel:
    """A graph of the refinement with its number of candidates and steps."""

    graph: str
    size: int  # px, side of the views
    kept: int  # candidates that the level refines
    passes: int  # steps at most


def refine_step(
    engine: Engine, level: RefineLevel, pair: ImagePair, candidates: list[Candidate]
) -> list[Candidate]:
    """Return each candidate after one refinement step, in the order given."""
    starts = range(0, len(candidates), MAX_BATCH)
    batches = (candidates[start : start + MAX_BATCH] for start in starts)
    return [moved for batch in batches for moved in _refine_batch(engine, level, pair, batch)]


def refine_until_converged(
    engine: Engine, level: RefineLevel, pair: ImagePair, candidates: list[Candidate]
) -> list[Candidate]:
    """Return each candidate after refinement steps until it converges, at most ``level.passes``.

    One run of the graph serves all candidates that still move.
    """
    refined, moving = list(candidates), list(range(len(candidates)))
    for _ in range(level.passes):
        after = refine_step(engine, level, pair, [refined[index] for index in moving])
        moved = [corner_distance_px(pair, refined[i], new) for i, new in zip(moving, after, strict=True)]
        for index, new in zip(moving, after, strict=True):
            refined[index] = new
        moving = [i for i, px in zip(moving, moved, strict=True) if px >= CONVERGED_PX]
        if not moving:
            break
    return refined


def _refine_batch(
    engine: Engine, level: RefineLevel, pair: ImagePair, candidates: list[Candidate]
) -> list[Candidate]:
    """Return each candidate of one batch after one step."""
    size = level.size
    fixed_from_view, fixed = pair.fixed_from_view(size), pair.fixed_view(size)
    moving = np.stack([pair.moving.view(c.moving_from_fixed @ fixed_from_view, size) for c in candidates])
    outputs = engine.run(level.graph, fixed=fixed[None], moving=moving)
    return [
        _apply_step(pair, candidate, evidence_from_outputs(outputs, member, pair.free), size)
        for member, candidate in enumerate(candidates)
    ]


def _apply_step(pair: ImagePair, candidate: Candidate, evidence: Evidence, size: int) -> Candidate:
    """Return the candidate moved by the Newton step of new evidence."""
    fixed_from_view = pair.fixed_from_view(size)
    step = motion_matrix(evidence.displacement + evidence.newton_step(size), size)
    moved = candidate.moving_from_fixed @ fixed_from_view @ step @ np.linalg.inv(fixed_from_view)
    return Candidate(pair.held(moved), evidence.score, evidence, size)


def evidence_from_outputs(
    outputs: dict[str, Floats], member: int, free: tuple[int, ...] = FREE["similarity"]
) -> Evidence:
    """Return the evidence in the outputs of a refinement graph for one member of the batch.

    The graph expands the likelihood in the four parameters of a similarity.
    """
    displacement, gradient, information = (
        outputs[name][member].astype(float) for name in ("displacement", "gradient", "information")
    )
    score = outputs["score"].reshape(-1)[member]  # (B,) or, from a Triton server, (B, 1)
    maps = outputs["block_correlation"][member]
    free = tuple(parameter for parameter in free if parameter < len(displacement))
    return Evidence(displacement, gradient, information, float(score), maps, free)
