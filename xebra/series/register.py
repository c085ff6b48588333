"""Register a series of frames."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

from threadpoolctl import threadpool_limits

from xebra.align import check_model
from xebra.arrays import Floats, Mask
from xebra.models import TransformModel
from xebra.series.priors import linear_priors
from xebra.series.result import Series
from xebra.series.run import Run
from xebra.series.source import FrameSource, open_frames
from xebra.series.working_frames import Progress, WorkingFrames


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
        working = WorkingFrames(opened, 1 if tilts is not None else 2, progress, cancelled)
        return Run(working, model, prior, tilts is not None).series(reference, mask)
