"""Refinement of an affine transform on the whole view, from a candidate that is nearly right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.affine_blocks import PARAMETERS, AffineDisplacement, affine_displacement
from xebra.estimate.displacement import FREE, Evidence, motion_matrix
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.refinement import RefineLevel, refine_step
from xebra.estimate.stages import Stages
from xebra.transform import AffineTransform

COARSE_PASSES, FINE_PASSES = 4, 5
CONVERGED_PX = 0.3  # at 256: a pass that moves the candidate by less is the last
MAX_STRETCH = 0.4  # log: that of a tilt by 63 degrees; larger ones come from a wrong place


@dataclass(frozen=True)
class AffineCandidate:
    """An affine candidate with the evidence of its last passes."""

    start: Candidate  # after the coarse passes
    end: Candidate  # after the fine ones, with the network's evidence about a similarity
    candidate: Candidate  # the same transform with evidence about six parameters


def refine_affine(stages: Stages, pair: ImagePair, candidate: Candidate) -> AffineCandidate | None:
    """Return a candidate refined in six parameters at both levels; None where the blocks support none."""
    start = _refine_level(stages, stages.coarse, pair, candidate, COARSE_PASSES)
    if start is None:
        return None
    end = _refine_level(stages, stages.fine, pair, start[0], FINE_PASSES)
    if end is None:
        return None
    return AffineCandidate(start[0], end[0], _with_information(*end))


def _refine_level(
    stages: Stages, level: RefineLevel, pair: ImagePair, candidate: Candidate, passes: int
) -> tuple[Candidate, AffineDisplacement] | None:
    """Return a candidate after passes at one level until it converges, and the last displacement."""
    found: AffineDisplacement | None = None
    for _ in range(passes):
        before = candidate
        seen = refine_step(stages.engine, level, pair, [candidate])[0]
        found = affine_displacement(seen.known_evidence, level.size)
        if found is None:
            return None
        moved = _moved(pair, before, motion_matrix(found.parameters, level.size), level.size)
        if np.linalg.det(moved) <= 0 or AffineTransform.from_matrix(moved).stretch > MAX_STRETCH:
            return None
        candidate = replace(seen, moving_from_fixed=moved)
        if corner_distance_px(pair, before, candidate) < CONVERGED_PX:
            break
    return None if found is None else (candidate, found)


def _moved(pair: ImagePair, candidate: Candidate, motion: Matrix, size: int) -> Matrix:
    """Return a candidate's transform after a motion (3 x 3) of the fixed view."""
    fixed_from_view = pair.fixed_from_view(size)
    moved: Matrix = candidate.moving_from_fixed @ fixed_from_view @ motion @ np.linalg.inv(fixed_from_view)
    return moved


def _with_information(candidate: Candidate, found: AffineDisplacement) -> Candidate:
    """Return a candidate with the information of six parameters as its evidence, in two equal halves."""
    half = found.information / 2
    none, score = np.zeros(PARAMETERS), candidate.score
    evidence = Evidence(none, np.stack([none, none]), np.stack([half, half]), score, free=FREE["affine"])
    return replace(candidate, evidence=evidence)
