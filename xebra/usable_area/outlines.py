"""Circles and rectangles that cut off a specimen on an empty ground: field stops and padding around it.

Where the ground between bright parts has the level of the frame, as in maps of one element or in
fluorescence, the field of view has no closed edge: only the parts that it cuts show where it ends.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask
from xebra.usable_area.levels import SQUARE

TRIPLES, SEED = 400, 0  # corners of the hull that circles are drawn through
OUTSIDE_PX = 2.0  # px by which a corner may lie beyond the outline
LEAST_RADIUS, LARGEST_RADIUS = 0.25, 1.0  # of the shorter and of the longer side
ANGLES = np.radians(np.arange(0, 90, 0.5))  # of the rectangles
DIRECTIONS = np.radians(np.arange(360))  # in which a circle is examined
RIM_PX = 3  # px along the edges of the image where nothing can be cut
INSIDE_PX = 0.5  # px: how far inside of an outline the specimen is looked for
REACHED_CIRCLE, REACHED_RECTANGLE = 0.33, 0.35  # share of the outline that the specimen reaches, at least
LEAST_ARC = 60  # degrees of a circle that the specimen reaches
REACHED_EDGE = 0.12  # of an edge of a rectangle; beyond another one the ground may go on
LEAST_LENGTH = 1.5  # longer sides: the length of a rectangle's edges within the image
FEWEST_CORNERS = 6


def depth_in_outline(field: Mask, corners: Floats) -> Floats | None:
    """Return how many px inside of the circle or rectangle that cuts off a field each pixel (H, W) lies.

    ``corners`` (K, 2): corners (x, y) of the field's convex hull. None where neither is reached by the field
    over enough of its length: the outline of a specimen that nothing cuts touches them at few places only.
    """
    near = ndimage.binary_dilation(field, SQUARE)
    depth = _depth_in_circle(near, corners)
    return _depth_in_rectangle(near, corners) if depth is None else depth


def _depth_in_circle(near: Mask, corners: Floats) -> Floats | None:
    """Return the depth in a circle around all corners (K, 2) that cuts off a field (H, W), or None."""
    free = corners[_within(corners, near.shape)]
    if len(free) < FEWEST_CORNERS:
        return None
    centers, radii = _circles_through(free)
    farthest = np.hypot(*(corners[None] - centers[:, None]).transpose(2, 0, 1)).max(1)
    large_enough = radii > LEAST_RADIUS * min(near.shape)
    usable: Mask = large_enough & (radii < LARGEST_RADIUS * max(near.shape)) & (farthest < radii + OUTSIDE_PX)
    if not usable.any():
        return None
    centers, radii = centers[usable], radii[usable]
    around = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], -1)
    reached, within = _reached(near, centers[:, None] + (radii[:, None, None] - INSIDE_PX) * around)
    shares = reached / np.maximum(within, 1) * (reached >= LEAST_ARC)
    best = int(shares.argmax())
    if shares[best] < REACHED_CIRCLE:
        return None
    y, x = np.ogrid[: near.shape[0], : near.shape[1]]
    depth: Floats = radii[best] - np.hypot(x - centers[best, 0], y - centers[best, 1])
    return depth.astype(np.float32)


def _circles_through(points: Floats) -> tuple[Floats, Floats]:
    """Return the centers (K, 2) and radii (K,) of circles through three of some points (N, 2) each."""
    rng = np.random.default_rng(SEED)
    first, second, third = points[rng.integers(len(points), size=(3, TRIPLES))]
    one, other = second - first, third - first
    twice = 2 * (one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    apart = np.abs(twice) > 1e-6
    first, one, other, twice = first[apart], one[apart], other[apart], twice[apart]
    squares = (one**2).sum(1), (other**2).sum(1)
    x = (other[:, 1] * squares[0] - one[:, 1] * squares[1]) / twice
    y = (one[:, 0] * squares[1] - other[:, 0] * squares[0]) / twice
    return first + np.stack([x, y], -1), np.hypot(x, y)


def _depth_in_rectangle(near: Mask, corners: Floats) -> Floats | None:
    """Return the depth in a rectangle around all corners (K, 2), at any angle, likewise; None without one."""
    axes = np.array([[np.cos(ANGLES), np.sin(ANGLES)], [-np.sin(ANGLES), np.cos(ANGLES)]]).transpose(2, 0, 1)
    along = axes @ corners.T  # (angles, 2, K)
    limits = np.stack([along.min(-1), along.max(-1)])  # (2, angles, 2): where the edges cross each axis
    steps = np.linspace(0, 1, int(0.75 * max(near.shape)))  # 2 px apart at most
    reached, within = np.zeros((2, *limits.shape))
    for axis, end in product((0, 1), (0, 1)):
        first, last = limits[:, :, 1 - axis]
        across = first[:, None] + (last - first)[:, None] * steps
        position = limits[end, :, axis] + (INSIDE_PX if end == 0 else -INSIDE_PX)
        points = position[:, None, None] * axes[:, None, axis] + across[..., None] * axes[:, None, 1 - axis]
        lengths = (last - first) / len(steps)
        reached[end, :, axis], within[end, :, axis] = (lengths * count for count in _reached(near, points))
    shares = reached.sum((0, 2)) / np.maximum(within.sum((0, 2)), 1)
    shares *= within.sum((0, 2)) >= LEAST_LENGTH * max(near.shape)
    best = int(shares.argmax())
    if shares[best] < REACHED_RECTANGLE:
        return None
    y, x = np.ogrid[: near.shape[0], : near.shape[1]]
    depth = np.full(near.shape, np.inf, np.float32)
    for axis, end in product((0, 1), (0, 1)):
        if reached[end, best, axis] >= REACHED_EDGE * max(within[end, best, axis], 1):
            inwards = axes[best, axis, 0] * x + axes[best, axis, 1] * y - limits[end, best, axis]
            np.minimum(depth, inwards if end == 0 else -inwards, out=depth)
    return depth


def _reached(near: Mask, points: Floats) -> tuple[Floats, Floats]:
    """Return at how many points (..., N, 2) of outlines the field is, and how many lie in the image."""
    within = _within(points, near.shape)
    columns, rows = (
        np.clip(np.rint(points[..., axis]), 0, near.shape[1 - axis] - 1).astype(int) for axis in (0, 1)
    )
    return (near[rows, columns] & within).sum(-1), within.sum(-1)


def _within(points: Floats, shape: tuple[int, ...]) -> Mask:
    """Return which points (..., 2) lie in an image (H, W) and not along its edges."""
    last = np.array(shape[::-1]) - 1 - RIM_PX
    found: Mask = np.all((points >= RIM_PX) & (points <= last), axis=-1)
    return found
