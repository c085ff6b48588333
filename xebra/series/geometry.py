"""Poses of frames: 3 x 3 matrices about the frame's centre, and small changes of them in px.

Inside ``xebra.series`` points are (x, y) in working px with the origin at the centre of the frame. A small
change has one parameter for each degree of freedom of the model: x, y, rotation, scale and two of stretch,
each in px. Those of the linear part are the displacement at ``radius`` px from the centre.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from xebra.arrays import Floats, Matrix
from xebra.models import TransformModel

COUNT: dict[TransformModel, int] = {"translation": 2, "rigid": 3, "similarity": 4, "affine": 6}
LINEAR = np.array([[[0, -1], [1, 0]], [[1, 0], [0, 1]], [[1, 0], [0, -1]], [[0, 1], [1, 0]]], float)


def generators(count: int, radius: float) -> Floats:
    """Return the derivatives (count, 3, 3) of a pose by the parameters of a small change."""
    result = np.zeros((count, 3, 3))
    for number in range(count):
        if number < 2:
            result[number, number, 2] = 1
        else:
            result[number, :2, :2] = LINEAR[number - 2] / radius
    return result


def change(parameters: Floats, radius: float) -> Matrix:
    """Return the 3 x 3 matrix of a small change (count,) in px."""
    full = np.tensordot(parameters, generators(len(parameters), radius), 1)
    result: Matrix = np.eye(3) + full
    if len(parameters) > 2:
        result = expm(full)
    return result


def parameters_of(matrix: Matrix, count: int, radius: float) -> Floats:
    """Return the small change (count,) in px that is nearest to a 3 x 3 matrix close to the identity."""
    linear = matrix[:2, :2] - np.eye(2)
    values = [matrix[0, 2], matrix[1, 2], *(np.tensordot(LINEAR, linear, 2) * radius / 2)]
    return np.array(values[:count])


def adjoint(matrix: Matrix, count: int, radius: float) -> Floats:
    """Return the (count, count) map of small changes before ``matrix`` to those after it.

    ``matrix @ change(p) == change(adjoint @ p) @ matrix`` to first order.
    """
    inverse = np.linalg.inv(matrix)
    moved = matrix @ generators(count, radius) @ inverse
    columns = [parameters_of(np.eye(3) + each, count, radius) for each in moved]
    return np.stack(columns, 1)


def embedded(linear: Matrix) -> Matrix:
    """Return a 2 x 2 linear map about the centre as a 3 x 3 matrix."""
    result = np.eye(3)
    result[:2, :2] = linear
    return result


def linear_only(pose: Matrix) -> Matrix:
    """Return a pose without its translation."""
    return embedded(pose[:2, :2])


def overlap(pose: Matrix, shape: tuple[int, int]) -> float:
    """Return the share of a frame (rows, columns) that lies within another one; the pose is near a shift."""
    shift = np.abs(pose[:2, 2])
    share = 1 - shift / (shape[1], shape[0])
    return float(np.prod(np.clip(share, 0, 1)))


def spread_px(pose: Matrix, other: Matrix, shape: tuple[int, int]) -> float:
    """Return the root mean square distance in px of two poses over the corners of a frame."""
    half = np.array([shape[1], shape[0]]) / 2
    ends = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * half
    points = np.column_stack([ends, np.ones(4)])
    difference = ((pose - other) @ points.T)[:2]
    return float(np.sqrt((difference**2).sum(0).mean()))
