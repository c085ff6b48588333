"""``xebra register FIXED MOVING``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from xebra.mirror import MIRROR, MirrorOption

ACCEPTED, REFUSED = 0, 1
EXIT_CODES = "exit code: 0 accept or review, 1 refuse (files are written too), 2 error"


def register(
    fixed: Annotated[str, Argument(metavar="FIXED", help="PNG or TIFF file of the reference image")],
    moving: Annotated[
        str, Argument(metavar="MOVING", help="PNG or TIFF file of the image to be aligned with it")
    ],
    output: Annotated[
        Path | None,
        Option(
            "-o",
            "--output",
            metavar="DIR",
            help="folder for the files (default: ./xebra-<name of MOVING>, "
            "numbered if it contains another pair)",
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="print the result as JSON and nothing else")] = False,
    network: Annotated[
        str | None,
        Option("--network", metavar="NAME", help="name of the network (default: the most accurate one)"),
    ] = None,
    mirror: Annotated[
        MirrorOption,
        Option(help="is one image mirrored (specimen turned over)? try: test both, in twice the time"),
    ] = "no",
    fixed_spacing: Annotated[
        float | None,
        Option(metavar="UM", help="pixel spacing of FIXED in um per px (default: from the file)"),
    ] = None,
    moving_spacing: Annotated[
        float | None,
        Option(metavar="UM", help="pixel spacing of MOVING in um per px (default: from the file)"),
    ] = None,
) -> int:
    """Align a moving image with a fixed one; write the registered image, JSON and a picture."""
    import xebra
    from xebra import output as files
    from xebra import summary

    registration = xebra.register(
        fixed,
        moving,
        fixed_spacing=fixed_spacing,
        moving_spacing=moving_spacing,
        network=network,
        mirror=MIRROR[mirror],
    )
    folder = files.folder_for(registration, output, moving)
    files.write(registration, folder)
    if as_json:
        print(json.dumps(registration.to_json(), indent=2))
    else:
        print(summary.table(registration))
        print(f"\nwritten to {folder}/: {', '.join(files.NAMES)}")
    return REFUSED if registration.verdict == "refuse" else ACCEPTED
