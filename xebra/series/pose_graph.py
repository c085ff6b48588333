"""Poses of all frames and keys from all measured pairs: robust least squares on a sparse graph.

Gauss-Newton on left-multiplied changes of the poses with Cauchy weights (iteratively reweighted least
squares), so that pairs which contradict the others change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from xebra.arrays import Floats, Matrix
from xebra.series.geometry import adjoint, change, parameters_of

ITERATIONS = 12
SMALLEST_CHANGE_PX = 1e-4
CAUCHY = 2.5  # deviations at which a pair has half its weight
FLOOR_PX = 0.01  # added to the standard error of each pair: interpolation, changes of the specimen
SOLVED_AT_ONCE = 512  # columns of the covariance


@dataclass(frozen=True)
class Edge:
    """A measured pose ``other_from_node`` between two nodes, with the covariance of a small change, px."""

    node: int
    other: int
    pose: Matrix
    covariance: Matrix


@dataclass(frozen=True)
class Solution:
    """``poses``: reference_from_node of the nodes that are connected with the fixed one.

    ``covariances`` of the same nodes; ``weights``: 0 to 1, of each edge, 0 where it is not connected.
    """

    poses: dict[int, Matrix]
    covariances: dict[int, Matrix]
    weights: Floats


def components(edges: Sequence[Edge]) -> list[set[int]]:
    """Return the sets of nodes that are connected by edges, the largest one first."""
    near = _neighbours(edges)
    left, result = set(near), []
    while left:
        found = {left.pop()}
        queue = deque(found)
        while queue:
            for number in near[queue.popleft()]:
                edge = edges[number]
                for node in (edge.node, edge.other):
                    if node not in found:
                        found.add(node)
                        queue.append(node)
        left -= found
        result.append(found)
    return sorted(result, key=len, reverse=True)


def solve(edges: Sequence[Edge], fixed: int, count: int, radius: float) -> Solution:
    """Return the poses that fit the edges best, with the ``fixed`` node at the identity."""
    poses = _initial(edges, fixed)
    used = [number for number, edge in enumerate(edges) if edge.node in poses]
    free = {node: place for place, node in enumerate(node for node in poses if node != fixed)}
    weights = np.zeros(len(edges))
    if not free:
        return Solution(poses, {fixed: np.zeros((count, count))}, weights)
    information = {n: _information(edges[n], poses, radius) for n in used}
    for _ in range(ITERATIONS):
        residuals = {n: _residual(edges[n], poses, count, radius) for n in used}
        for n in used:
            squared = float(residuals[n] @ information[n] @ residuals[n]) / count
            weights[n] = 1 / (1 + squared / CAUCHY**2)
        matrix, right = _normal(edges, used, weights, information, residuals, free, count)
        factor = splu(matrix)
        steps = factor.solve(right).reshape(-1, count)
        for node, place in free.items():
            poses[node] = change(steps[place], radius) @ poses[node]
        if np.abs(steps).max() < SMALLEST_CHANGE_PX:
            break
    covariances = _covariances(factor, free, count)
    covariances[fixed] = np.zeros((count, count))
    return Solution(poses, covariances, weights)


def _neighbours(edges: Sequence[Edge]) -> dict[int, list[int]]:
    near: dict[int, list[int]] = {}
    for number, edge in enumerate(edges):
        near.setdefault(edge.node, []).append(number)
        near.setdefault(edge.other, []).append(number)
    return near


def _initial(edges: Sequence[Edge], fixed: int) -> dict[int, Matrix]:
    """Return poses along the shortest chains of edges, the most precise edges first."""
    near = _neighbours(edges)
    poses: dict[int, Matrix] = {fixed: np.eye(3)}
    queue = deque([fixed])
    while queue:
        node = queue.popleft()
        for number in sorted(near.get(node, []), key=lambda n: float(np.trace(edges[n].covariance))):
            edge = edges[number]
            if edge.other == node and edge.node not in poses:
                poses[edge.node] = poses[node] @ edge.pose
                queue.append(edge.node)
            elif edge.node == node and edge.other not in poses:
                poses[edge.other] = poses[node] @ np.linalg.inv(edge.pose)
                queue.append(edge.other)
    return poses


def _information(edge: Edge, poses: dict[int, Matrix], radius: float) -> Matrix:
    """Return the inverse covariance of an edge in the coordinates of the reference."""
    count = len(edge.covariance)
    turn = adjoint(poses[edge.other], count, radius)
    floor = np.eye(count) * FLOOR_PX**2
    result: Matrix = np.linalg.inv(turn @ edge.covariance @ turn.T + floor)
    return result


def _residual(edge: Edge, poses: dict[int, Matrix], count: int, radius: float) -> Floats:
    """Return by how much the poses differ from a measured one, px."""
    measured = poses[edge.other] @ edge.pose @ np.linalg.inv(poses[edge.node])
    return parameters_of(measured, count, radius)


def _normal(
    edges: Sequence[Edge],
    used: list[int],
    weights: Floats,
    information: dict[int, Matrix],
    residuals: dict[int, Floats],
    free: dict[int, int],
    count: int,
) -> tuple[sparse.csc_matrix, Floats]:
    """Return the normal equations of the free nodes' changes."""
    rows, columns, values = [], [], []
    right = np.zeros((len(free), count))
    grid = np.indices((count, count)).reshape(2, -1)

    def add(first: int, second: int, block: Matrix) -> None:
        rows.append(first * count + grid[0])
        columns.append(second * count + grid[1])
        values.append(block.ravel())

    for n in used:
        block = weights[n] * information[n]
        node, other = free.get(edges[n].node), free.get(edges[n].other)
        pull = block @ residuals[n]
        if node is not None:
            add(node, node, block)
            right[node] += pull
        if other is not None:
            add(other, other, block)
            right[other] -= pull
        if node is not None and other is not None:
            add(node, other, -block)
            add(other, node, -block)
    size = len(free) * count
    matrix = sparse.csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )
    return matrix, right.ravel()


def _covariances(factor: SuperLU, free: dict[int, int], count: int) -> dict[int, Matrix]:
    """Return the blocks of the inverse of the normal equations that belong to each node."""
    size = len(free) * count
    nodes = list(free)
    result: dict[int, Matrix] = {}
    per_batch = max(1, SOLVED_AT_ONCE // count)
    for start in range(0, len(nodes), per_batch):
        batch = nodes[start : start + per_batch]
        units = np.zeros((size, len(batch) * count))
        for number, node in enumerate(batch):
            for k in range(count):
                units[free[node] * count + k, number * count + k] = 1
        solved = factor.solve(units)
        for number, node in enumerate(batch):
            place = slice(free[node] * count, (free[node] + 1) * count)
            result[node] = solved[place, number * count : (number + 1) * count]
    return result
