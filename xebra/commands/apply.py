"""``xebra apply RESULT FILE ...``: further channels, points or regions on the fixed image."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xebra.errors import ImageUnreadable, ImageUnusable, PointsInvalid

if TYPE_CHECKING:
    from xebra.arrays import Pixels

JSON = "registration.json"
MAPPED = (".csv", ".geojson")  # files of points and regions; all others are images


class Applied(NamedTuple):
    """A channel on the fixed image's grid."""

    name: str
    pixels: Pixels


def main(argv: list[str]) -> int:
    """Put further channels of the moving scan, points or regions on the fixed image by a registration."""
    arguments = _parser().parse_args(argv)
    body = _result(arguments.result)
    points = [file for file in arguments.files if file.suffix.lower() in MAPPED]
    images = [file for file in arguments.files if file not in points]
    folder = arguments.output or Path()
    together = folder.suffix.lower() in (".tif", ".tiff")
    (folder.parent if together else folder).mkdir(parents=True, exist_ok=True)
    channels = [each for file in images for each in _applied(file, body, arguments)]
    for path in _written(channels, folder, together, body["fixed"]["pixel_spacing_um"]):
        print(path)
    for file in points:
        print(_mapped(file, (folder.parent if together else folder), body, arguments))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra apply", description=main.__doc__)
    parser.add_argument("result", metavar="RESULT", type=Path, help="folder or JSON file of a registration")
    what = (
        "image files of the moving scan, .csv files of points with columns x and y in px, "
        "or .geojson files of regions in px"
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=what)
    where = "folder for the files (default: here), or one .ome.tif for all channels together"
    parser.add_argument("-o", "--output", metavar="PATH", type=Path, help=where)
    parser.add_argument("--interpolation", choices=("nearest", "linear", "cubic"), default="linear")
    parser.add_argument(
        "--channel", metavar="NAME", action="append", help="channel of each file; may be repeated"
    )
    parser.add_argument("--all-channels", action="store_true", help="every channel of each file")
    parser.add_argument("--frame", metavar="NUMBER", type=int, help="frame of each stack")
    field = "channels with another number of pixels show the same field (binned element maps)"
    parser.add_argument("--same-field", action="store_true", help=field)
    direction = "map points and regions to this image (default: fixed)"
    parser.add_argument("--to", choices=("fixed", "moving"), default="fixed", help=direction)
    origin = "of points and regions: centre of the top-left pixel (default), or its corner as in QuPath"
    parser.add_argument("--origin", choices=("center", "corner"), default="center", help=origin)
    return parser


def _result(path: Path) -> dict[str, Any]:
    """Return the canonical JSON of a registration."""
    file = path / JSON if path.is_dir() else path
    try:
        body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if {"fixed_from_moving", "fixed", "moving"} <= body.keys():
            return body
    except FileNotFoundError as error:
        raise ImageUnreadable(
            f"{path}: there is no {JSON}. Give the folder that xebra register wrote."
        ) from error
    except (ValueError, AttributeError):
        pass
    raise ImageUnreadable(f"{file}: it is not the JSON of a registration.")


def _applied(file: Path, body: dict[str, Any], arguments: argparse.Namespace) -> list[Applied]:
    """Return the chosen channels of one file on the fixed image's grid."""
    import numpy as np

    from xebra import file_names, image_files
    from xebra.apply import apply, field_of
    from xebra.image import inspect, opened

    chosen = arguments.channel or [None]
    if arguments.all_channels:
        chosen = list(range(len(inspect(file).channels)))
    found = []
    for channel in chosen:
        with opened(file, None) as (source, path, name):
            contents = image_files.read(source, name, path=path, channel=channel, frame=arguments.frame)
        pixels = apply(
            contents.pixels,
            np.array(body["moving_from_fixed"]),
            body["moving"]["shape"],
            body["fixed"]["shape"],
            interpolation=arguments.interpolation,
            same_field=arguments.same_field,
            field=field_of(body),
            name=f"{name}, {contents.selected.channel.name}",
        )
        title = contents.selected.channel.name if len(chosen) > 1 or channel is not None else ""
        found.append(Applied(" ".join(f"{file_names.stem(file.name)} {title}".split()), pixels))
    return found


def _written(channels: list[Applied], target: Path, together: bool, um: float | None) -> list[Path]:
    from xebra.file_names import distinct, safe
    from xebra.image_files import write_channels, write_tiff

    if together and channels:
        if len({(c.pixels.dtype, c.pixels.shape) for c in channels}) > 1:
            types = ", ".join(f"{c.name}: {c.pixels.dtype}" for c in channels)
            raise ImageUnusable(f"{target}: one file holds channels of one type ({types}). Give a folder.")
        write_channels(target, [c.pixels for c in channels], [c.name for c in channels], um)
        return [target]
    paths = []
    for channel, name in zip(channels, distinct(safe(c.name) for c in channels), strict=True):
        paths.append(target / f"{name}-registered.tif")
        write_tiff(paths[-1], channel.pixels, um)
    return paths


def _mapped(file: Path, folder: Path, body: dict[str, Any], arguments: argparse.Namespace) -> Path:
    """Write points of a table, or regions of GeoJSON, mapped to one of the images; return the path."""
    from xebra.points import map_geojson, map_table, point_map

    matrix = point_map(body, arguments.to, arguments.origin)
    mapped = map_table if file.suffix.lower() == ".csv" else map_geojson
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise PointsInvalid(f"{file}: there is no such file.") from error
    except UnicodeDecodeError as error:
        raise PointsInvalid(f"{file}: it is not text in UTF-8.") from error
    target = folder / f"{file.stem}-in-{arguments.to}{file.suffix.lower()}"
    target.write_text(mapped(text, matrix, str(file)), encoding="utf-8", newline="")
    return target
