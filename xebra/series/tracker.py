"""Follow a specimen while frames are recorded: the position of each frame at once, and the next one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from xebra.align import check_model
from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.errors import ImageUnusable, MaskInvalid
from xebra.image import Image
from xebra.models import TransformModel
from xebra.series.frame import Levels, working_frame
from xebra.series.geometry import COUNT, linear_only
from xebra.series.key_frame import KeyFrame
from xebra.series.matching import Match, View, match, refined
from xebra.series.velocity import Velocity
from xebra.transform import image_center, map_points

ADDED_FRAMES = 64  # frames whose mean the reference becomes
FINE_SHARE = 0.5  # of the deadline: the last step is left out where more has passed


@dataclass(frozen=True)
class Position:
    """Where a frame lies.

    Args:
        number: Number of the frame, from 0.
        fits: Whether the frame shows the specimen.
        reference_from_frame: 3 x 3, px; of a frame that does not fit, the predicted one.
        shift_px: Place (x, y) of the frame's centre relative to that of the reference.
        covariance: (2, 2) of the shift, px.
        velocity_px_per_s: Drift (x, y).
        certainty: Contrast shared with the reference over its standard error.
        duration_s: Time that the answer took.
        late: Whether that is longer than the deadline.
        time_s: Time of the frame.

    Examples:
        >>> position = Position(0, True, np.eye(3), (0.0, 1.0), np.eye(2), (2.0, 0.0), 50.0, 0.01, False, 5.0)
        >>> position.predicted_shift_px(5.5)
        (1.0, 1.0)
    """

    number: int
    fits: bool
    reference_from_frame: Matrix = field(repr=False)
    shift_px: tuple[float, float]
    covariance: Matrix = field(repr=False)
    velocity_px_per_s: tuple[float, float]
    certainty: float
    duration_s: float
    late: bool
    time_s: float

    def predicted_shift_px(self, time_s: float) -> tuple[float, float]:
        """Return the shift (x, y) that the drift leads to at another time."""
        after = time_s - self.time_s
        x, y = self.shift_px
        return x + after * self.velocity_px_per_s[0], y + after * self.velocity_px_per_s[1]


class Tracker:
    """Finds the position of each new frame relative to a reference frame.

    Args:
        reference: Array (H, W) or (H, W, 3 | 4), or ``Image``: the frame that positions refer to. The frames
            that fit improve it.
        model: Family of the transforms.
        deadline_s: Time within which ``update`` is to answer; an answer that took longer is marked ``late``,
            and the last, finest step is left out where it would be.
        mask: Array (H, W) bool, True where pixels may be used.

    Raises:
        ImageUnusable: The reference is constant or not finite.

    Examples:
        >>> import numpy as np
        >>> from scipy.ndimage import gaussian_filter
        >>> rng = np.random.default_rng(1)
        >>> specimen = 100 * (2 + gaussian_filter(rng.normal(size=(200, 200)), 3, mode="wrap") * 6)
        >>> tracker = Tracker(rng.poisson(specimen[:160, :160]), model="translation")
        >>> position = tracker.update(rng.poisson(specimen[4:164, 7:167]), time_s=1.0)
        >>> position.fits, np.round(position.shift_px, 1).tolist()
        (True, [7.0, 4.0])
    """

    def __init__(
        self,
        reference: Pixels | Image,
        *,
        model: TransformModel = "rigid",
        deadline_s: float = 0.03,
        mask: Mask | None = None,
    ):
        check_model(model)
        pixels = _pixels(reference)
        self._shape = pixels.shape[0], pixels.shape[1]
        if mask is not None and np.shape(mask) != self._shape:
            raise MaskInvalid(f"The mask is {np.shape(mask)}, the reference is {self._shape}.")
        self._mask, self._deadline_s = mask, deadline_s
        self._levels = Levels.of(self._shape)
        frame = working_frame(pixels, self._levels, mask)
        if frame.problem is not None:
            raise ImageUnusable(f"The reference {frame.problem}.")
        self._key = KeyFrame(0, frame.values, self._levels, COUNT[model])
        self._velocity = Velocity()
        self._pose: Matrix = np.eye(3)  # of the last frame that fitted
        self._count = 0
        with threadpool_limits(1):
            self._prepare()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the reference."""
        return self._shape

    def resume(self, positions: Iterable[Position]) -> None:
        """Go on after frames that another tracker of the same reference has followed.

        The place, the drift and the numbers are taken over; the mean of the earlier frames is not, so that
        the first positions are a little less precise.

        Args:
            positions: Positions of the earlier frames, in order; the last eight are enough.

        Examples:
            >>> import numpy as np
            >>> noise = np.random.default_rng(1).normal(size=(160, 160))
            >>> tracker = Tracker(noise, model="translation")
            >>> before = tracker.update(np.roll(noise, 4, axis=1), time_s=1.0)
            >>> later = Tracker(noise, model="translation")
            >>> later.resume([before])
            >>> later.update(np.roll(noise, 5, axis=1), time_s=2.0).number
            1
        """
        change = self._levels.frame_from_working
        for position in positions:
            self._count = position.number + 1
            if position.fits:
                self._pose = np.linalg.inv(change) @ position.reference_from_frame @ change
                self._velocity.add(position.time_s, self._working_shift(self._pose))

    def update(self, frame: Pixels | Image, time_s: float | None = None) -> Position:
        """Return the position of a new frame.

        Args:
            frame: Array of the reference's shape.
            time_s: Time of the frame in seconds; by default that of the call.

        Returns:
            The position; ``fits`` is False where the frame does not show the specimen.
        """
        started = time.perf_counter()
        at = time.monotonic() if time_s is None else time_s
        with threadpool_limits(1):
            found = self._found(_pixels(frame), at, started)
        number, self._count = self._count, self._count + 1
        if found is not None:
            self._pose = found.pose
            self._velocity.add(at, self._working_shift(found.pose))
        return self._position(number, found, at, started)

    def _found(self, pixels: Pixels, at: float, started: float) -> Match | None:
        working = working_frame(pixels, self._levels, self._mask)
        if working.problem is not None:
            return None
        view = View(working.values, self._levels)
        found = match(self._key, view, self._predicted(at), fine=False)
        if found is None:
            return None
        if time.perf_counter() - started < FINE_SHARE * self._deadline_s:
            found = refined(self._key, view, found.pose, 1) or found
            if self._key.frames < ADDED_FRAMES and len(found.fit.values) == len(view.values):
                self._key.add(found.fit)
                self._key.renew_part()
        return found

    def _predicted(self, at: float) -> Matrix:
        """Return the pose that the drift leads to."""
        pose = linear_only(self._pose)
        pose[:2, 2] = self._velocity.at(at)
        return pose

    def _prepare(self) -> None:
        """Make the templates before the first frame comes."""
        assert self._key.spectrum and self._key.coarse and self._key.fine
        self._key.renew_part()

    def _working_shift(self, pose: Matrix) -> Floats:
        return pose[:2, 2]

    def _position(self, number: int, found: Match | None, at: float, started: float) -> Position:
        pose = found.pose if found else self._predicted(at)
        change = self._levels.frame_from_working
        matrix = change @ pose @ np.linalg.inv(change)
        center = np.array(image_center(self._shape))
        x, y = (map_points(matrix, center) - center).tolist()
        step = self._levels.working
        covariance = self._covariance(found) if found else np.full((2, 2), np.nan)
        speed_x, speed_y = (self._velocity.value * step).tolist()
        duration = time.perf_counter() - started
        return Position(
            number=number,
            fits=found is not None,
            reference_from_frame=matrix,
            shift_px=(x, y),
            covariance=covariance,
            velocity_px_per_s=(speed_x, speed_y),
            certainty=found.fit.certainty if found else 0.0,
            duration_s=duration,
            late=duration > self._deadline_s,
            time_s=at,
        )

    def _covariance(self, found: Match) -> Matrix:
        """Return the covariance (2, 2) of the shift in px of frames."""
        fine = len(found.fit.values) == self._levels.working_shape[0]
        step = self._levels.working * (1 if fine else self._levels.coarse)
        result: Matrix = found.fit.covariance[:2, :2] * step**2
        return result


def _pixels(frame: Pixels | Image) -> Pixels:
    return frame.pixels if isinstance(frame, Image) else np.asarray(frame)
