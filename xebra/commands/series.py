"""``xebra series FRAMES``."""

from __future__ import annotations

import json
import sys
from concurrent.futures import CancelledError
from math import hypot
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Option

from xebra.commands.stop_signals import on_stop_signal
from xebra.models import TransformModel

if TYPE_CHECKING:
    from xebra.arrays import Floats, Mask
    from xebra.series.follow import Followed
    from xebra.series.result import Series

FITS, SOME_DO_NOT, INTERRUPTED = 0, 1, 130
EXIT_CODES = "exit code: 0 all frames fit, 1 some do not (files are written too), 2 error, 130 stopped"
SOURCE = "stack file or folder of images, or several image files, in order"
FOLDER = "folder for the files (default: ./xebra-<name of FRAMES>)"
MODEL = "family of the transforms: rigid also finds rotation, similarity magnification, affine shear"
REFERENCE = "frame that the others are aligned with: first, mean, or its number"
PER_FRAME = "text file with one number a frame: {}"
MASK = "image as large as a frame, not zero where pixels may be used, or polygons (.json) (default: found)"
FOLLOW = "FRAMES is a folder to which frames are written: print the position of each as it is complete"
SETTLE = "with --follow: seconds without a change after which a file counts as complete"
IDLE = "with --follow: end after so many seconds without a new file (default: at Ctrl-C or SIGTERM)"
STEPS = 10  # lines of progress where stderr is no terminal


def series(
    frames: Annotated[list[str], Argument(metavar="FRAMES", help=SOURCE)],
    output: Annotated[Path | None, Option("-o", "--output", metavar="DIR", help=FOLDER)] = None,
    as_json: Annotated[bool, Option("--json", help="print the result as JSON and nothing else")] = False,
    model: Annotated[TransformModel, Option(help=MODEL)] = "rigid",
    reference: Annotated[str, Option(metavar="FRAME", help=REFERENCE)] = "first",
    magnification: Annotated[
        Path | None, Option(metavar="FILE", help=PER_FRAME.format("relative magnification"))
    ] = None,
    tilts: Annotated[Path | None, Option(metavar="FILE", help=PER_FRAME.format("tilt in degrees"))] = None,
    tilt_axis: Annotated[float, Option(metavar="DEG", help="direction of the tilt axis")] = 0.0,
    mask: Annotated[Path | None, Option(metavar="FILE", help=MASK)] = None,
    channel: Annotated[str | None, Option(metavar="NAME", help="channel of files with several")] = None,
    aligned: Annotated[bool, Option(help="write the aligned frames, too")] = True,
    follow: Annotated[bool, Option("--follow", help=FOLLOW)] = False,
    settle: Annotated[float, Option(metavar="SECONDS", min=0, help=SETTLE)] = 0.5,
    idle: Annotated[float | None, Option(metavar="SECONDS", min=0.1, help=IDLE)] = None,
) -> int:
    """Align the frames of a series; write drift, mean and aligned frames."""
    if follow:
        if len(frames) != 1:
            raise BadParameter("--follow takes one folder")
        return _follow(Path(frames[0]), output, as_json, model, channel, settle, idle)
    import xebra
    from xebra.series import files
    from xebra.series.source import open_frames

    cancelled = Event()
    folder = output or Path(f"xebra-{Path(frames[0]).stem}")
    try:
        with open_frames(frames[0] if len(frames) == 1 else frames, channel) as opened:
            with on_stop_signal(cancelled.set):
                result = xebra.register_series(
                    opened,
                    model=model,
                    reference=int(reference) if reference.lstrip("-").isdecimal() else reference,
                    magnification=_numbers(magnification),
                    tilts=_numbers(tilts),
                    tilt_axis_deg=tilt_axis,
                    mask=None if mask is None else _mask(mask, opened[0].shape),
                    progress=None if as_json else _show,
                    cancelled=cancelled,
                )
            files.write(result, folder, aligned)
    except CancelledError as error:
        print(error, file=sys.stderr)
        return INTERRUPTED
    print(json.dumps(result.to_json(), indent=1) if as_json else _text(result, folder, aligned))
    return FITS if result.fits.all() else SOME_DO_NOT


def _follow(
    folder: Path,
    output: Path | None,
    as_json: bool,
    model: TransformModel,
    channel: str | None,
    settle: float,
    idle: float | None,
) -> int:
    """Print a line for each frame as it is complete, and write it into ``live.csv``."""
    from xebra.series.follow import Following, Table, check_folder

    following = Following(check_folder(folder), model, channel, settle, idle)
    table, all_fit = Table(output or Path(f"xebra-{folder.resolve().name}")), True
    try:
        with on_stop_signal(following.stop.set):
            for frame in following.frames():
                table.add(frame)
                all_fit &= frame.position is not None and frame.position.fits
                print(json.dumps(frame.to_json()) if as_json else _line(frame), flush=True)
    finally:
        table.close()
    return FITS if all_fit else SOME_DO_NOT


def _line(frame: Followed) -> str:
    found = frame.position
    if found is None:
        return f"{frame.name}: {frame.problem}"
    if not found.fits:
        return f"{frame.name}: does not fit"
    x, y = found.shift_px
    return f"{frame.name}: x {x:.2f}, y {y:.2f} px, drift {hypot(*found.velocity_px_per_s):.2f} px/s"


def _text(result: Series, folder: Path, aligned: bool) -> str:
    from xebra.series import files

    names = [name for name in files.NAMES if aligned or name != files.ALIGNED]
    return f"{result.summary()}\n\nwritten to {folder}/: {', '.join(names)}"


def _show(done: int, total: int) -> None:
    """Print the progress on stderr: one line that changes on a terminal, a few lines elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{done} of {total} frames read", end="\n" if done == total else "", file=sys.stderr)
    elif done * STEPS // total > (done - 1) * STEPS // total:
        print(f"{done} of {total} frames read", file=sys.stderr)


def _numbers(path: Path | None) -> Floats | None:
    """Return the numbers of a text file; raise SeriesInvalid where it holds anything else."""
    import numpy as np

    from xebra.errors import SeriesInvalid

    if path is None:
        return None
    try:
        return np.array([float(word) for word in path.read_text(encoding="utf-8").replace(",", " ").split()])
    except ValueError as error:
        raise SeriesInvalid(f"{path}: one number a frame is needed ({error}).") from None


def _mask(path: Path, shape: tuple[int, ...]) -> Mask:
    """Return the mask (H, W) bool of an image or of polygons."""
    from xebra.masks import PolygonMask, read_mask

    found = read_mask(path)
    return found.pixels(path.name, shape) if isinstance(found, PolygonMask) else found
