"""From measurements to poses: nodes of the graph, its largest part, and which frames fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.series.measurement import Measurement
from xebra.series.pose_graph import Edge, Solution, components, solve

CONTRADICTED = 0.1  # weight of all measurements of a frame, below which it does not fit


@dataclass(frozen=True)
class Poses:
    """``poses`` (N, 3, 3) of frames and ``keys`` on the reference frame, NaN where unknown; working px.

    ``weights`` (N,): the highest weight of a measurement of each frame on a key, 0 to 1; ``connected`` (N,)
    bool.
    """

    frames: Floats
    covariances: Floats
    keys: dict[int, Matrix]
    weights: Floats
    connected: Floats


def edges_of(measurements: Sequence[Measurement], frames: int) -> list[Edge]:
    """Return the edges of the graph: nodes 0 to N - 1 are frames, the others are keys."""
    return [
        Edge(m.frame, m.other + frames if m.on_key else m.other, m.pose, m.covariance) for m in measurements
    ]


def largest_part(measurements: Sequence[Measurement], frames: int) -> set[int]:
    """Return the frames of the part of the graph that holds most frames; only certain matches connect."""
    certain = [m for m in measurements if m.on_key]
    parts = components(edges_of(certain, frames))
    best = max(parts, key=lambda part: sum(node < frames for node in part))
    return {node for node in best if node < frames}


def solved(
    measurements: Sequence[Measurement], frames: int, reference: int, count: int, radius: float
) -> Poses:
    """Return the poses of all frames that are connected with the reference frame by matches with keys."""
    certain = components(edges_of([m for m in measurements if m.on_key], frames))
    nodes = next(part for part in certain if reference in part)
    used = [m for m in measurements if m.frame in nodes and (m.on_key or m.other in nodes)]
    solution = solve(edges_of(used, frames), reference, count, radius)
    return _of_solution(solution, used, frames, count)


def _of_solution(solution: Solution, used: list[Measurement], frames: int, count: int) -> Poses:
    poses, covariances = np.full((frames, 3, 3), np.nan), np.full((frames, count, count), np.nan)
    weights, connected = np.zeros(frames), np.zeros(frames, bool)
    for node, pose in solution.poses.items():
        if node < frames:
            poses[node], covariances[node], connected[node] = pose, solution.covariances[node], True
    for measurement, weight in zip(used, solution.weights, strict=True):
        if measurement.on_key:
            weights[measurement.frame] = max(weights[measurement.frame], weight)
    keys = {node - frames: pose for node, pose in solution.poses.items() if node >= frames}
    return Poses(poses, covariances, keys, weights, connected)
