"""The result of a series from its solved poses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.errors import SeriesInvalid
from xebra.models import TransformModel
from xebra.series.frame import Levels
from xebra.series.key_frame import KeyFrame
from xebra.series.matching import FEWEST_CERTAINTY
from xebra.series.measurement import Measurement
from xebra.series.result import Series
from xebra.series.solving import CONTRADICTED, Poses
from xebra.series.source import Frames

NO_STRUCTURE = "shows nothing that another frame shows"
NO_TWO = "No two frames show the same part of a specimen."
CONTRADICTS = "contradicts the other frames"


def assembled(
    frames: Frames,
    levels: Levels,
    poses: Poses,
    measurements: Sequence[Measurement],
    keys: Sequence[KeyFrame],
    problems: dict[int, str],
    reference: str | int,
    model: TransformModel,
    timings: dict[str, float],
) -> Series:
    """Return the result in px of the frames; raise SeriesInvalid where no two frames fit.

    ``problems``: reasons of the frames that could not be compared.
    """
    certainty, contrast = _certainty(measurements, keys, len(frames))
    reasons = tuple(problems.get(n) or _reason(n, poses, certainty[n]) for n in range(len(frames)))
    fits = np.array([not reason for reason in reasons])
    if np.count_nonzero(fits) < 2:
        raise SeriesInvalid(NO_TWO)
    matrices = _in_frames(poses.frames, levels)
    if reference == "mean":
        matrices = np.linalg.inv(_mean_pose(matrices[fits], levels.shape)) @ matrices
    units = np.full(poses.covariances.shape[1], 1 / levels.radius)
    units[:2] = levels.working
    covariances = poses.covariances * np.outer(units, units)
    matrices[~fits], covariances[~fits], contrast[~fits] = np.nan, np.nan, np.nan
    return Series(
        frames=frames,
        shape=levels.shape,
        reference_from_frame=matrices,
        covariances=covariances,
        fits=fits,
        reasons=reasons,
        certainty=certainty,
        contrast=contrast / contrast[fits][0],
        reference=reference,
        model=model,
        pixel_spacing=frames.pixel_spacing,
        timings_s=timings,
    )


def _reason(number: int, poses: Poses, certainty: float) -> str:
    """Return why a frame does not fit; empty where it does."""
    if not poses.connected[number] or certainty < FEWEST_CERTAINTY:
        return NO_STRUCTURE
    return CONTRADICTS if poses.weights[number] < CONTRADICTED else ""


def _certainty(
    measurements: Sequence[Measurement], keys: Sequence[KeyFrame], count: int
) -> tuple[Floats, Floats]:
    """Return the highest certainty (N,) of each frame and its contrast; a match counts for both frames."""
    certainty, contrast = np.zeros(count), np.full(count, np.nan)
    for m in measurements:
        for frame in (m.frame, keys[m.other].frame) if m.on_key else ():
            if m.certainty > certainty[frame] and (frame == m.frame or keys[m.other].frames == 1):
                certainty[frame], contrast[frame] = m.certainty, m.gain * keys[m.other].contrast
    return certainty, contrast


def _in_frames(poses: Floats, levels: Levels) -> Floats:
    """Return poses between working frames as matrices between px of frames."""
    change = levels.frame_from_working
    result: Floats = change @ poses @ np.linalg.inv(change)
    return result


def _mean_pose(matrices: Floats, shape: tuple[int, int]) -> Matrix:
    """Return the pose (3 x 3) in the middle of matrices: mean linear part and mean place of the centre."""
    center = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1])
    linear = matrices[:, :2, :2].mean(0)
    angle = np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])
    scale = np.exp(np.log(np.abs(np.linalg.det(matrices[:, :2, :2]))).mean() / 2)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    result = np.eye(3)
    result[:2, :2] = [[c, -s], [s, c]]
    result[:2, 2] = (matrices @ center).mean(0)[:2] - result[:2, :2] @ center[:2]
    return result
