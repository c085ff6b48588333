"""Register a series of frames: two passes over the frames, one solution of all measured pairs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from threading import Event

import numpy as np
from threadpoolctl import threadpool_limits

from xebra.align import check_model
from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.errors import MaskInvalid, SeriesInvalid
from xebra.image import luminance
from xebra.models import TransformModel
from xebra.series.frame import Frame, Levels, working_frame
from xebra.series.geometry import COUNT
from xebra.series.key_frame import KeyFrame
from xebra.series.linking import link
from xebra.series.matching import FEWEST_CERTAINTY
from xebra.series.measurement import Measurement
from xebra.series.pose_graph import components
from xebra.series.priors import linear_priors
from xebra.series.refining import Refining
from xebra.series.result import Series
from xebra.series.solving import CONTRADICTED, Poses, edges_of, largest_part, solved
from xebra.series.source import Frames, FrameSource, open_frames
from xebra.series.tracking import Tracking
from xebra.usable_area import usable_areas

Progress = Callable[[int, int], None]
NO_STRUCTURE = "shows nothing that another frame shows"
NO_TWO = "No two frames show the same part of a specimen."
CONTRADICTS = "contradicts the other frames"
SMALLEST_SIDE = 64  # px
LEAST_USED = 0.5  # of a frame: an empty background is no bar, though it looks like padding
EXAMINED = 5  # frames in search of one that can be compared
IMPRECISE_PX = 0.04  # median standard error from which means are made again: their blur matters there
CACHED_BYTES = 1 << 28  # of working frames that the second pass finds in memory


def register_series(
    frames: FrameSource,
    *,
    reference: str | int = "first",
    model: TransformModel = "rigid",
    mask: Mask | None = None,
    magnification: Sequence[float] | Floats | None = None,
    tilts: Sequence[float] | Floats | None = None,
    tilt_axis_deg: float = 0.0,
    channel: str | int | None = None,
    progress: Progress | None = None,
    cancelled: Event | None = None,
) -> Series:
    """Register the frames of a series with each other.

    Args:
        frames: Array (N, H, W), also one that is read in parts (``numpy.memmap``, zarr, h5py); path of a
            stack file or of a folder of images, sorted by the numbers in their names; list of arrays, images
            or paths; generator of arrays, which are kept in a temporary file. One frame is in memory
            at a time.
        reference: ``"first"`` (the first frame that fits), the number of a frame, or ``"mean"`` (the mean
            position, angle and scale of all frames).
        model: Family of the transforms: ``"translation"``, ``"rigid"``, ``"similarity"`` or ``"affine"``.
        mask: Array (H, W) bool, True where pixels may be used; it lies at the same place in all frames. By
            default data bars, legends and the like are found.
        magnification: (N,) relative magnification of each frame, where it is known: in proportion to the
            energy or its inverse for a zone plate. ``"similarity"`` starts from it, ``"rigid"`` holds it.
        tilts: (N,) tilt of the specimen in degrees, for tilt series: neighbouring frames are compared with
            each other only, after the foreshortening is removed.
        tilt_axis_deg: Direction of the tilt axis in the frames, degrees from +x towards +y.
        channel: Channel of a file with several, as ``xebra.inspect`` lists them.
        progress: Called with the number of frames that were read and of those to be read, in all passes.
        cancelled: Ends the registration soon after it is set, from another thread.

    Returns:
        The transform of each frame with its covariance, and the frames that do not fit.

    Raises:
        SeriesInvalid: There are fewer than two frames, or no two frames fit each other.
        ImageUnreadable: A file cannot be read.
        CancelledError: ``cancelled`` was set (``concurrent.futures.CancelledError``).

    Examples:
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> from scipy.ndimage import gaussian_filter
        >>> specimen = 100 * (2 + gaussian_filter(rng.normal(size=(200, 200)), 3, mode="wrap") * 6)
        >>> drift = [(0, 0), (3, 1), (5, 4), (9, 6)]
        >>> frames = [rng.poisson(np.roll(specimen, (-y, -x), (0, 1))[:160, :160]) for x, y in drift]
        >>> series = register_series(frames, model="translation")
        >>> series.shift_px.round(1).tolist()
        [[0.0, 0.0], [3.0, 1.0], [5.0, 4.0], [9.0, 6.0]]

    References:
        ``docs/series.md`` describes the method.
    """
    check_model(model)
    opened = open_frames(frames, channel)
    prior = linear_priors(len(opened), magnification, tilts, tilt_axis_deg)
    with threadpool_limits(1):
        return _Run(opened, model, prior, tilts is not None, progress, cancelled).series(reference, mask)


@dataclass
class _Run:
    """One registration of a series."""

    frames: Frames
    model: TransformModel
    prior: Floats
    tilted: bool
    progress: Progress | None
    cancelled: Event | None
    problems: dict[int, str] = field(default_factory=dict)
    cache: dict[int, Floats] = field(default_factory=dict)
    done: int = 0

    def series(self, reference: str | int, mask: Mask | None) -> Series:
        """Return the result."""
        started = time.perf_counter()
        self.shape = self._shape()
        self.levels = Levels.of(self.shape)
        self.count = COUNT[self.model]
        self.mask = self._mask(mask)
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
        done = time.perf_counter()
        timings = {"first_pass": tracked - started, "second_pass": done - tracked}
        return self._result(poses, measurements, tracking.keys, reference, timings)

    def _shape(self) -> tuple[int, int]:
        rows, columns = self.frames[0].shape[:2]
        if min(rows, columns) < SMALLEST_SIDE:
            raise SeriesInvalid(f"Frames of {columns} x {rows} px are too small: 64 px a side are needed.")
        return rows, columns

    def _mask(self, mask: Mask | None) -> Mask | None:
        """Return the usable area of all frames; None where it is all of them."""
        if mask is None:
            middle = len(self.frames) // 2
            examined = [self._comparable(range(middle)), self._comparable(range(middle, len(self.frames)))]
            shown = [each for each in examined if each is not None]
            if not shown:
                return None
            areas = usable_areas(shown[0], shown[-1])
            mask = areas[0].mask & areas[1].mask
            if mask.mean() < LEAST_USED:
                return None
        elif np.shape(mask) != self.shape:
            raise MaskInvalid(f"The mask is {np.shape(mask)}, the frames are {self.shape}.")
        return None if np.all(mask) else np.asarray(mask, bool)

    def _comparable(self, numbers: range) -> Pixels | None:
        """Return the first of some frames that can be compared; None where none of the first few can."""
        for number in numbers[:EXAMINED]:
            pixels = self.frames[number]
            if working_frame(pixels, self.levels).problem is None:
                return luminance(pixels)
        return None

    def _working(self, number: int) -> Frame:
        """Return a working frame, read or from memory; count it and stop where that was requested."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise CancelledError(f"The series was cancelled after {self.done} frames.")
        frame = self._read(number)
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, len(self.frames) * (1 if self.tilted else 2))
        return frame

    def _read(self, number: int) -> Frame:
        if number in self.cache:
            return Frame(self.cache[number])
        frame = working_frame(self.frames[number], self.levels, self.mask)
        if (len(self.cache) + 1) * frame.values.nbytes <= CACHED_BYTES and not self.tilted:
            self.cache[number] = frame.values
        return frame

    def _first_pass(self) -> Tracking:
        tracking = Tracking(self.levels, self.count, self.prior, self.tilted)
        for number in range(len(self.frames)):
            frame = self._working(number)
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
                self.done += 1
            else:
                refining.step(number, self._working(number).values)
        return refining.measurements

    def _is_imprecise(self, poses: Poses) -> bool:
        """Return whether sharper means are worth another pass; frames are then in memory."""
        kept = len(self.cache) + len(self.problems) == len(self.frames)
        variance = poses.covariances[poses.connected][:, [0, 1], [0, 1]].sum(1)
        return kept and float(np.sqrt(np.median(variance))) > IMPRECISE_PX

    def _third_pass(
        self, tracking: Tracking, poses: Poses, measurements: list[Measurement]
    ) -> list[Measurement]:
        """Make the means again at the better poses, and measure all frames on them."""
        refining = Refining(tracking.keys, poses, self.levels, measurements)
        refining.remake(self.cache.items())
        for number, values in self.cache.items():
            refining.step(number, values)
        return refining.measurements

    def _result(
        self,
        poses: Poses,
        measurements: list[Measurement],
        keys: Sequence[KeyFrame],
        reference: str | int,
        timings: dict[str, float],
    ) -> Series:
        certainty, contrast = _certainty(measurements, keys, len(self.frames))
        reasons = tuple(self._reason(n, poses, certainty[n]) for n in range(len(self.frames)))
        fits = np.array([not reason for reason in reasons])
        if np.count_nonzero(fits) < 2:
            raise SeriesInvalid(NO_TWO)
        matrices = _in_frames(poses.frames, self.levels)
        if reference == "mean":
            matrices = np.linalg.inv(_mean_pose(matrices[fits], self.shape)) @ matrices
        units = np.full(self.count, 1 / self.levels.radius)
        units[:2] = self.levels.working
        covariances = poses.covariances * np.outer(units, units)
        matrices[~fits], covariances[~fits], contrast[~fits] = np.nan, np.nan, np.nan
        contrast /= contrast[fits][0]
        spacing = self.frames.pixel_spacing
        return Series(
            self.frames,
            self.shape,
            matrices,
            covariances,
            fits,
            reasons,
            certainty,
            contrast,
            reference,
            self.model,
            spacing,
            timings,
        )

    def _reason(self, number: int, poses: Poses, certainty: float) -> str:
        """Return why a frame does not fit; empty where it does."""
        if number in self.problems:
            return self.problems[number]
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
