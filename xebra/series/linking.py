"""Parts of a series that correlation does not connect: the network registers their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.errors import EngineFailed, RegistrationError
from xebra.models import TransformModel
from xebra.series.frame import Levels
from xebra.series.geometry import adjoint
from xebra.series.key_frame import KeyFrame
from xebra.series.matching import View, match
from xebra.series.measurement import Measurement
from xebra.series.spectrum import RINGS, Power, forward, frequencies

MOST_LINKS = 8  # registrations by the network in one series
STRUCTURED = 3.0  # power over that of noise, in a ring of low frequencies, of a frame that shows something
LOW_RINGS = slice(2, RINGS // 4)


def link(
    keys: Sequence[KeyFrame], parts: Sequence[set[int]], levels: Levels, model: TransformModel
) -> list[Measurement]:
    """Return the measurements that connect the keys of other parts with those of the first one.

    ``parts``: numbers of the keys of each part, the largest part first.
    """
    result: list[Measurement] = []
    main = max(parts[0], key=lambda number: keys[number].frames)
    for part in parts[1 : MOST_LINKS + 1]:
        other = max(part, key=lambda number: keys[number].frames)
        if _shows_structure(keys[other].mean):
            found = _linked(keys[main], keys[other], levels, model)
            if found:
                result.append(replace(found, frame=keys[other].frame, other=main))
    return result


def _shows_structure(values: Floats) -> bool:
    """Return whether values (h, w) hold more than white noise."""
    shown = np.nan_to_num(values - np.nanmean(values))
    spectrum = forward(shown)
    _, _, ring = frequencies(values.shape)
    power = spectrum.real**2 + spectrum.imag**2
    counts = np.bincount(ring.ravel(), minlength=RINGS)
    radial = np.bincount(ring.ravel(), power.ravel(), RINGS) / np.maximum(counts, 1)
    return bool(radial[LOW_RINGS].max() > STRUCTURED * Power.of(spectrum, values.shape).noise)


def _linked(main: KeyFrame, other: KeyFrame, levels: Levels, model: TransformModel) -> Measurement | None:
    """Return the pose of one key on another by the network, then by grey values where they agree."""
    from xebra.align import register

    try:
        found = register(_image(main.mean), _image(other.mean), model=model)
    except (RegistrationError, EngineFailed):
        return None
    if found.verdict == "refuse" or found.expected_corner_error_px is None:
        return None
    pose = _about_center(found.fixed_from_moving, levels.working_shape)
    again = match(main, View(other.mean, levels), pose)
    if again:
        fit = again.fit
        return Measurement(0, 0, True, again.pose, fit.covariance, fit.certainty, fit.gain)
    if found.verdict != "accept":
        return None
    turn = adjoint(pose, main.count, levels.radius)
    spread = np.eye(main.count) * found.expected_corner_error_px**2
    return Measurement(0, 0, True, pose, turn @ spread @ turn.T)


def _image(mean: Floats) -> Floats:
    return np.where(np.isfinite(mean), mean, np.float32(np.nanmean(mean)))


def _about_center(pose: Matrix, shape: tuple[int, int]) -> Matrix:
    """Return a pose between frames (rows, columns) in px about their centres."""
    center = np.eye(3)
    center[:2, 2] = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    result: Matrix = np.linalg.inv(center) @ pose @ center
    return result
