"""The working frames of a series: read, masked, counted, and kept in memory where there are few."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from xebra.arrays import Floats, Mask, Pixels
from xebra.errors import MaskInvalid, SeriesInvalid
from xebra.image import luminance
from xebra.series.frame import Frame, Levels, working_frame
from xebra.series.source import Frames
from xebra.usable_area import usable_areas

Progress = Callable[[int, int], None]
SMALLEST_SIDE = 64  # px
LEAST_USED = 0.5  # of a frame: an empty background is no bar, though it looks like padding
EXAMINED = 5  # frames in search of one that can be compared
CACHED_BYTES = 1 << 28  # of working frames that the second pass finds in memory


@dataclass
class WorkingFrames:
    """Reads working frames.

    Args:
        frames: The recorded frames.
        passes: How often each frame is read.
        progress: Called with the number of frames that were read and of those to be read.
        cancelled: Makes ``read`` raise CancelledError once it is set.
    """

    frames: Frames
    passes: int
    progress: Progress | None = None
    cancelled: Event | None = None
    cache: dict[int, Floats] = field(default_factory=dict)
    done: int = 0
    mask: Mask | None = None

    def __post_init__(self) -> None:
        rows, columns = self.frames[0].shape[:2]
        if min(rows, columns) < SMALLEST_SIDE:
            raise SeriesInvalid(f"Frames of {columns} x {rows} px are too small: 64 px a side are needed.")
        self.shape = rows, columns
        self.levels = Levels.of(self.shape)

    def __len__(self) -> int:
        return len(self.frames)

    def use(self, mask: Mask | None) -> None:
        """Use the px of a mask (H, W), or those that are no data bar and the like; raise MaskInvalid."""
        if mask is not None and np.shape(mask) != self.shape:
            raise MaskInvalid(f"The mask is {np.shape(mask)}, the frames are {self.shape}.")
        used = self._found() if mask is None else np.asarray(mask, bool)
        self.mask = None if used is None or used.all() else used

    def _found(self) -> Mask | None:
        """Return the usable area of all frames from two of them; None where it is all or unclear."""
        middle = len(self) // 2
        examined = [self._comparable(range(middle)), self._comparable(range(middle, len(self)))]
        shown = [each for each in examined if each is not None]
        if not shown:
            return None
        areas = usable_areas(shown[0], shown[-1])
        used = areas[0].mask & areas[1].mask
        return used if used.mean() >= LEAST_USED else None

    def _comparable(self, numbers: range) -> Pixels | None:
        """Return the first of some frames that can be compared; None where none of the first few can."""
        for number in numbers[:EXAMINED]:
            pixels = self.frames[number]
            if working_frame(pixels, self.levels).problem is None:
                return luminance(pixels)
        return None

    def read(self, number: int) -> Frame:
        """Return a working frame; count it, and raise CancelledError where that was requested."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise CancelledError(f"The series was cancelled after {self.done} frames.")
        frame = self._read(number)
        self.skip()
        return frame

    def skip(self) -> None:
        """Count a frame that need not be read again."""
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, len(self) * self.passes)

    def _read(self, number: int) -> Frame:
        if number in self.cache:
            return Frame(self.cache[number])
        frame = working_frame(self.frames[number], self.levels, self.mask)
        kept = (len(self.cache) + 1) * frame.values.nbytes <= CACHED_BYTES
        if kept and self.passes > 1 and frame.problem is None:
            self.cache[number] = frame.values
        return frame
