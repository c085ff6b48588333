"""Where a file says how large its pixels are: OME-XML, ImageJ, resolution tags; always in micrometres."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple
from xml.etree import ElementTree

from tifffile import TiffFile, TiffPage

from xebra.errors import ImageUnusable, PixelSpacingInvalid

UM_PER = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "um": 1.0,
    "nm": 1e-3,
    "pm": 1e-6,
    "Å": 1e-4,
    "meter": 1e6,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "angstrom": 1e-4,
    "inch": 25_400.0,
}
# Resolution tags in px per inch or cm are mostly a printer's word: cameras, screen grabs and drawing programs
# write 72, 96 or 300 dpi (353 to 85 um) whatever was imaged. Below 10 um (2540 dpi) nobody prints.
PRINTED_FROM_UM = 10.0
SQUARE_WITHIN = 1e-3


class Spacing(NamedTuple):
    """Micrometres per pixel along x and y, and who says so."""

    x: float
    y: float
    source: str


def of_tiff(tif: TiffFile, page: TiffPage) -> Spacing | None:
    """The pixel spacing of ``page`` by the most explicit source that its file has."""
    own = _ome(tif) if tif.is_ome else _imagej(tif, page) if tif.is_imagej else None
    return own or _tag(page)


def of_png(physical: bytes | None) -> Spacing | None:
    """The pixel spacing that the contents of a PNG's pHYs chunk state, if they state one."""
    if physical is None or len(physical) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", physical)
    return _plausible(_spacing(x, y, 1e6, "PNG pHYs")) if unit == 1 else None


def checked(name: str, um: float) -> float:
    """``um`` itself, if it can be a pixel spacing; PixelSpacingInvalid if not."""
    if not (math.isfinite(um) and um > 0):
        raise PixelSpacingInvalid(
            f"{name}: a pixel spacing of {um} um makes no sense. Give a positive number of um per pixel."
        )
    return float(um)


def square(name: str, spacing: Spacing) -> float:
    """The one spacing of square pixels.

    Oblong pixels raise ImageUnusable: no similarity lays them on square ones, so that going on as if the
    spacing were unknown would end in a wrong answer rather than in none.
    """
    if abs(spacing.x - spacing.y) > SQUARE_WITHIN * max(spacing.x, spacing.y):
        raise ImageUnusable(
            f"{name}: its pixels are not square ({spacing.x:g} x {spacing.y:g} um by {spacing.source}). "
            "Resample it to square pixels first; if the file is wrong, give the pixel spacing yourself."
        )
    return math.sqrt(spacing.x * spacing.y)


def _ome(tif: TiffFile) -> Spacing | None:
    pixels = ElementTree.fromstring(tif.ome_metadata).find(".//{*}Pixels")
    if pixels is None:
        return None
    x, y = (_length(pixels.get(f"PhysicalSize{a}"), pixels.get(f"PhysicalSize{a}Unit", "um")) for a in "XY")
    return _spacing(1, 1, x, "OME metadata", y) if x and y else None


def _imagej(tif: TiffFile, page: TiffPage) -> Spacing | None:
    unit = _um_per((tif.imagej_metadata or {}).get("unit", ""))
    x, y = _resolution(page)
    found = _spacing(x, y, unit, "ImageJ metadata") if unit else None
    # ImageJ keeps a printer's inches and centimetres where it found them.
    return _plausible(found) if unit in (UM_PER["inch"], UM_PER["cm"]) else found


def _tag(page: TiffPage) -> Spacing | None:
    unit = {2: UM_PER["inch"], 3: UM_PER["cm"]}.get(page.tags.valueof("ResolutionUnit", 2))
    x, y = _resolution(page)
    return _plausible(_spacing(x, y, unit, "TIFF resolution")) if unit else None


def _resolution(page: TiffPage) -> tuple[float, float]:
    """Pixels per unit along x and y, 0 where the tag is missing or nonsense."""
    ratios = (page.tags.valueof(f"{axis}Resolution", (0, 1)) for axis in "XY")
    x, y = (r[0] / r[1] if isinstance(r, tuple) and r[1] else 0.0 for r in ratios)
    return x, y


def _spacing(x: float, y: float, um_x: float, source: str, um_y: float | None = None) -> Spacing | None:
    """``x`` and ``y`` pixels in so many micrometres, or None where that is no spacing."""
    if not (x > 0 and y > 0):
        return None
    found = Spacing(um_x / x, (um_y or um_x) / y, source)
    return found if all(math.isfinite(um) and um > 0 for um in found[:2]) else None


def _plausible(found: Spacing | None) -> Spacing | None:
    return found if found and max(found.x, found.y) < PRINTED_FROM_UM else None


def _length(value: str | None, unit: str) -> float | None:
    factor = _um_per(unit)
    try:
        return float(value) * factor if value and factor else None
    except ValueError:
        return None


def _um_per(unit: str) -> float | None:
    """Micrometres per unit; micro has two code points, and ImageJ may write either as an escape."""
    unit = str(unit).strip().replace("\\u00B5", "µ").replace("\u03bc", "µ").replace("µ", "u")
    return UM_PER.get(unit, UM_PER.get(unit.lower()))
