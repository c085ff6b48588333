"""``xebra register FIXED MOVING``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from xebra.commands.transforms import Transforms, checked
from xebra.mirror import MIRROR, MirrorOption
from xebra.models import TransformModel

if TYPE_CHECKING:
    from xebra.arrays import Matrix
    from xebra.image import Image

ACCEPTED, REFUSED = 0, 1
EXIT_CODES = "exit code: 0 accept or review, 1 refuse (files are written too), 2 error"
FOLDER = "folder for the files (default: ./xebra-<name of MOVING>, numbered if it contains another pair)"
NETWORK = "name of the network (default: the most accurate one)"
MIRRORED = "is one image mirrored (specimen turned over)? try: test both, in twice the time"
SPACING = "pixel spacing of {} in um per px (default: from the file)"
MODEL = (
    "family of the transform: affine also finds tilt, shear and oblong pixels; rigid holds the scale; field "
    "also bends the image smoothly; auto takes the simplest of similarity, affine and field that fits"
)
TOLERANCE = (
    "largest expected corner error of an accepted result, px of FIXED (default: 2 % of its longer side)"
)
MASK = "image as large as {}, not zero where pixels may be used, or polygons (.json) (default: found)"
SEVERAL = "{} of both files, where they hold several (see xebra inspect)"

PRIOR = "registration.json of an earlier result, or JSON with fixed_from_moving: search near it first"
TILT = "tilt of {} in degrees about x, or DEG,AXIS with the axis in degrees"

Model = Annotated[TransformModel, Option(help=MODEL)]
Tolerance = Annotated[float | None, Option(metavar="PX", min=1e-6, help=TOLERANCE)]
Channel = Annotated[str | None, Option(metavar="NAME", help=SEVERAL.format("channel"))]
FixedChannel = Annotated[str | None, Option(metavar="NAME", help="channel of FIXED")]
MovingChannel = Annotated[str | None, Option(metavar="NAME", help="channel of MOVING")]
Frame = Annotated[int | None, Option(metavar="NUMBER", help=SEVERAL.format("frame"))]
FixedFrame = Annotated[int | None, Option(metavar="NUMBER", help="frame of FIXED")]
MovingFrame = Annotated[int | None, Option(metavar="NUMBER", help="frame of MOVING")]


def register(
    fixed: Annotated[str, Argument(metavar="FIXED", help="file of the reference image (see xebra inspect)")],
    moving: Annotated[str, Argument(metavar="MOVING", help="file of the image to be aligned with it")],
    output: Annotated[Path | None, Option("-o", "--output", metavar="DIR", help=FOLDER)] = None,
    as_json: Annotated[bool, Option("--json", help="print the result as JSON and nothing else")] = False,
    network: Annotated[str | None, Option(metavar="NAME", help=NETWORK)] = None,
    model: Model = "similarity",
    tolerance: Tolerance = None,
    prior: Annotated[Path | None, Option(metavar="FILE", help=PRIOR)] = None,
    fixed_tilt: Annotated[str | None, Option(metavar="DEG", help=TILT.format("FIXED"))] = None,
    moving_tilt: Annotated[str | None, Option(metavar="DEG", help=TILT.format("MOVING"))] = None,
    mirror: Annotated[MirrorOption, Option(help=MIRRORED)] = "no",
    channel: Channel = None,
    fixed_channel: FixedChannel = None,
    moving_channel: MovingChannel = None,
    frame: Frame = None,
    fixed_frame: FixedFrame = None,
    moving_frame: MovingFrame = None,
    fixed_spacing: Annotated[float | None, Option(metavar="UM", help=SPACING.format("FIXED"))] = None,
    moving_spacing: Annotated[float | None, Option(metavar="UM", help=SPACING.format("MOVING"))] = None,
    transform: Transforms = None,
    fixed_mask: Annotated[Path | None, Option(metavar="FILE", help=MASK.format("FIXED"))] = None,
    moving_mask: Annotated[Path | None, Option(metavar="FILE", help=MASK.format("MOVING"))] = None,
) -> int:
    """Align a moving image with a fixed one; write the registered image, JSON and a picture."""
    import xebra
    from xebra import output as files
    from xebra import summary
    from xebra.masks import read_mask

    formats = checked(transform)
    registration = xebra.register(
        _read(fixed, fixed_spacing, (fixed_channel, fixed_frame), (channel, frame)),
        _read(moving, moving_spacing, (moving_channel, moving_frame), (channel, frame)),
        network=network,
        mirror=MIRROR[mirror],
        model=model,
        tolerance=tolerance,
        prior=None if prior is None else _prior(prior),
        fixed_tilt=_tilt(fixed_tilt),
        moving_tilt=_tilt(moving_tilt),
        fixed_mask=None if fixed_mask is None else read_mask(fixed_mask),
        moving_mask=None if moving_mask is None else read_mask(moving_mask),
    )
    folder = files.folder_for(registration, output, moving)
    files.write(registration, folder, formats)
    if as_json:
        print(json.dumps(registration.to_json(), indent=2))
    else:
        print(summary.table(registration))
        print(f"\nwritten to {folder}/: {', '.join([*files.NAMES, *map(files.transform_name, formats)])}")
    return REFUSED if registration.verdict == "refuse" else ACCEPTED


def _prior(path: Path) -> Matrix:
    """Return ``fixed_from_moving`` of a JSON file; raise PriorInvalid where it has none."""
    import numpy as np

    from xebra.errors import PriorInvalid

    try:
        return np.array(json.loads(path.read_text(encoding="utf-8"))["fixed_from_moving"], float)
    except (ValueError, KeyError, TypeError):
        raise PriorInvalid(
            f"{path}: it is no JSON file with fixed_from_moving. Give registration.json."
        ) from None


def _tilt(text: str | None) -> tuple[float, float] | None:
    """Return degrees and axis of "DEG" or "DEG,AXIS"; raise PriorInvalid for anything else."""
    from xebra.errors import PriorInvalid

    if text is None:
        return None
    try:
        degrees, axis = [*map(float, text.split(",")), 0.0][:2]
    except ValueError:
        raise PriorInvalid(f"A tilt is DEG or DEG,AXIS in degrees, not {text!r}.") from None
    return degrees, axis


def _read(
    path: str,
    spacing: float | None,
    own: tuple[str | None, int | None],
    common: tuple[str | None, int | None],
) -> Image:
    """Read one image of a file; channel and frame for both files apply where the file holds several."""
    import xebra

    channel, frame = own
    if own == (None, None) and common != (None, None):
        channels = xebra.inspect(path).channels
        channel = common[0] if len(channels) > 1 else None
        frame = common[1] if any(c.frames > 1 for c in channels) else None
    return xebra.read_image(path, channel=channel, frame=frame, pixel_spacing=spacing)
