"""``xebra inspect FILE``: what a file holds, without decoding its pixels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

if TYPE_CHECKING:
    from xebra.image_files import FileInfo
    from xebra.readers.channel import Channel, Stage


def inspect(
    file: Annotated[str, Argument(metavar="FILE", help="image file, or the folder of an OME-Zarr image")],
    as_json: Annotated[bool, Option("--json", help="print JSON and nothing else")] = False,
) -> None:
    """List the data sets, channels, frames and levels of a file, with pixel spacing and stage."""
    import xebra

    info = xebra.inspect(file)
    print(json.dumps(info.to_json(), indent=2) if as_json else _table(info))


def _table(info: FileInfo) -> str:
    lines = [f"{info.name}: {info.format}, {len(info.channels)} image{'s' * (len(info.channels) != 1)}"]
    lines += [_line(number, channel) for number, channel in enumerate(info.channels)]
    if info.default is None and len(info.channels) > 1:
        lines.append("choose one with --channel NUMBER or NAME")
    elif info.reason:
        lines.append(f"default: {info.default} ({info.reason})")
    return "\n".join(lines)


def _line(number: int, channel: Channel) -> str:
    """One channel: what it is called, its size, and what is known of it."""
    from xebra.readers.choose import described

    parts = [f"  {number}: {described(channel)}"]
    if channel.levels:
        parts.append(f"{len(channel.levels)} reduced copies")
    parts.append(_spacing(channel))
    if channel.detector:
        parts.append(f"detector {channel.detector}")
    if channel.stage:
        parts.append(_stage(channel.stage))
    if channel.kind != "image":
        parts.append(channel.kind)
    return ", ".join(parts)


def _spacing(channel: Channel) -> str:
    spacing = channel.spacing
    if spacing is None:
        return "pixel spacing unknown"
    x, y = f"{spacing.x:.6g}", f"{spacing.y:.6g}"
    both = x if x == y else f"{x} x {y}"
    return f"{both} um/px ({spacing.source})"


def _stage(at: Stage) -> str:
    lengths = ", ".join(f"{v:g}" if v is not None else "?" for v in (at.x_um, at.y_um, at.z_um))
    turned = "" if at.rotation_deg is None else f", turned {at.rotation_deg:g} deg"
    return f"stage ({lengths}) um{turned}"
