"""One registration of a series: passes over the frames, and solutions of the measured pairs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from xebra.arrays import Floats, Mask
from xebra.errors import SeriesInvalid
from xebra.models import TransformModel
from xebra.series.assembling import NO_TWO, assembled
from xebra.series.geometry import COUNT
from xebra.series.linking import link
from xebra.series.measurement import Measurement
from xebra.series.pose_graph import components
from xebra.series.refining import Refining
from xebra.series.result import Series
from xebra.series.solving import Poses, edges_of, largest_part, solved
from xebra.series.tracking import Tracking
from xebra.series.working_frames import WorkingFrames

IMPRECISE_PX = 0.04  # median standard error from which means are made again: their blur matters there


@dataclass
class Run:
    """One registration of a series.

    Args:
        frames: Working frames; they are read in order, in each pass.
        model: Family of the transforms.
        prior: (N, 3, 3) linear map of each frame to a common geometry.
        tilted: Frames are compared with their neighbours only.
    """

    frames: WorkingFrames
    model: TransformModel
    prior: Floats
    tilted: bool
    problems: dict[int, str] = field(default_factory=dict)

    def series(self, reference: str | int, mask: Mask | None) -> Series:
        """Return the result."""
        started = time.perf_counter()
        self.levels, self.count = self.frames.levels, COUNT[self.model]
        self.frames.use(mask)
        tracking = self._first_pass()
        tracked = time.perf_counter()
        measurements = [*tracking.measurements, *self._links(tracking)]
        reference_frame = self._reference(reference, measurements)
        poses = self._solved(measurements, reference_frame)
        if not self.tilted:
            measurements = self._second_pass(tracking, poses, measurements)
            poses = self._solved(measurements, reference_frame)
            if self._is_imprecise(poses):
                measurements = self._third_pass(tracking, poses, measurements)
                poses = self._solved(measurements, reference_frame)
        timings = {"first_pass": tracked - started, "second_pass": time.perf_counter() - tracked}
        recorded = self.frames.frames
        return assembled(
            recorded,
            self.levels,
            poses,
            measurements,
            tracking.keys,
            self.problems,
            reference,
            self.model,
            timings,
        )

    def _first_pass(self) -> Tracking:
        tracking = Tracking(self.levels, self.count, self.prior, self.tilted)
        for number in range(len(self.frames)):
            frame = self.frames.read(number)
            if frame.problem is not None:
                self.problems[number] = frame.problem
            else:
                tracking.step(number, frame.values)
        if not tracking.keys:
            raise SeriesInvalid(f"No frame can be compared: frame 0 {self.problems[0]}.")
        return tracking

    def _links(self, tracking: Tracking) -> list[Measurement]:
        """Return what the network finds between parts that are not connected."""
        frames = len(self.frames)
        edges = edges_of([m for m in tracking.measurements if m.on_key], frames)
        parts = [{node - frames for node in part if node >= frames} for part in components(edges)]
        if len(parts) < 2:
            return []
        return link(tracking.keys, parts, self.levels, self.model)

    def _reference(self, reference: str | int, measurements: list[Measurement]) -> int:
        """Return the number of the frame that poses are solved on."""
        part = largest_part(measurements, len(self.frames))
        if len(part) < 2:
            raise SeriesInvalid(NO_TWO)
        if reference in ("first", "mean"):
            return min(part)
        if not isinstance(reference, int) or not -len(self.frames) <= reference < len(self.frames):
            raise SeriesInvalid(
                f'The reference is "first", "mean" or the number of a frame, not {reference!r}.'
            )
        number = reference % len(self.frames)
        if number not in part:
            raise SeriesInvalid(f"Frame {number} fits no other frame. Choose another reference.")
        return number

    def _solved(self, measurements: list[Measurement], reference: int) -> Poses:
        return solved(measurements, len(self.frames), reference, self.count, self.levels.radius)

    def _second_pass(
        self, tracking: Tracking, poses: Poses, measurements: list[Measurement]
    ) -> list[Measurement]:
        refining = Refining(tracking.keys, poses, self.levels, measurements)
        for number in range(len(self.frames)):
            if number in self.problems:
                self.frames.skip()
            else:
                refining.step(number, self.frames.read(number).values)
        return refining.measurements

    def _is_imprecise(self, poses: Poses) -> bool:
        """Return whether sharper means are worth another pass; frames are then in memory."""
        kept = len(self.frames.cache) + len(self.problems) == len(self.frames)
        variance = poses.covariances[poses.connected][:, [0, 1], [0, 1]].sum(1)
        return kept and float(np.sqrt(np.median(variance))) > IMPRECISE_PX

    def _third_pass(
        self, tracking: Tracking, poses: Poses, measurements: list[Measurement]
    ) -> list[Measurement]:
        """Make the means again at the better poses, and measure all frames on them."""
        refining = Refining(tracking.keys, poses, self.levels, measurements)
        refining.remake(self.frames.cache.items())
        for number, values in self.frames.cache.items():
            refining.step(number, values)
        return refining.measurements
