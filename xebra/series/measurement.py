"""A measured pose of one frame on another."""

from __future__ import annotations

from dataclasses import dataclass

from xebra.arrays import Matrix


@dataclass(frozen=True)
class Measurement:
    """The pose of a frame on a key frame, or on the frame before it.

    Args:
        frame: Index of the frame.
        other: Index of the key frame among the keys, or of the other frame.
        on_key: ``other`` is a key.
        pose: ``other_from_frame``, working px about the centres.
        covariance: Of a small change of the pose, px.
        certainty: Gain of the contrast over its standard error; 0 where only a correlation was measured.
        gain: Contrast relative to the key.
        offset: Brightness beside gain * key.
    """

    frame: int
    other: int
    on_key: bool
    pose: Matrix
    covariance: Matrix
    certainty: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
