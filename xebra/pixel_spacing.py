"""Pixel spacings in micrometres: units, plausibility, and where PNG and TIFF files state them."""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

from xebra.errors import PixelSpacingInvalid

UM_PER = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "um": 1.0,
    "nm": 1e-3,
    "pm": 1e-6,
    "A": 1e-4,
    "Å": 1e-4,
    "Ångström": 1e-4,
    "ångström": 1e-4,
    "micron": 1.0,
    "inch": 25_400.0,
    **{
        f"{prefix}met{end}": um
        for end in ("er", "re")
        for prefix, um in (
            ("", 1e6),
            ("centi", 1e4),
            ("milli", 1e3),
            ("micro", 1.0),
            ("nano", 1e-3),
            ("pico", 1e-6),
        )
    },
    "angstrom": 1e-4,
    "angstroem": 1e-4,
}
SPELLINGS = {
    "\\u00B5": "u",
    "\\u00b5": "u",
    "\\u00C5": "Å",
    "\\u00c5": "Å",
    "\u00b5": "u",
    "\u03bc": "u",
    "\u212b": "Å",
}
# Resolution tags in px per inch or cm mostly describe printing: cameras, screen captures and drawing programs
# write 72, 96 or 300 dpi (353 to 85 um) whatever was imaged. Printers have no pixels below 10 um (2540 dpi).
PRINTED_FROM_UM = 10.0
SQUARE_WITHIN = 1e-3
MAX_FIELD_RATIO = 100.0  # of two images of one specimen; ten are the most that can be registered
Field = tuple[str, float | None, int]
MIN_UM, MAX_UM = 1e-6, 1e5  # a picometre, and ten centimetres: no image has smaller or larger pixels


class Spacing(NamedTuple):
    """Micrometres per pixel along x and y, with the source of the value and its unit there."""

    x: float
    y: float
    source: str
    unit: str = "um"


def of_png(physical: bytes | None) -> Spacing | None:
    """Return the pixel spacing in the contents of a PNG's pHYs chunk; None without one."""
    if physical is None or len(physical) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", physical)
    return plausible(per_unit(x, y, "m", "PNG pHYs")) if unit == 1 else None


def checked(name: str, um: float) -> float:
    """Return ``um`` if it can be a pixel spacing; raise PixelSpacingInvalid if not."""
    if not MIN_UM <= um <= MAX_UM:
        raise PixelSpacingInvalid(
            f"{name}: a pixel spacing of {um} um is impossible. Give a positive number of um per pixel, "
            f"{MIN_UM:g} to {MAX_UM:g}."
        )
    return float(um)


def check_fields(fixed: Field, moving: Field) -> None:
    """Raise PixelSpacingInvalid where the fields of view cannot be those of one specimen.

    A field is a name, a pixel spacing (None: unknown) and the longer side in px.
    """
    if fixed[1] is None or moving[1] is None:
        return
    ratio = (fixed[1] * fixed[2]) / (moving[1] * moving[2])
    if not 1 / MAX_FIELD_RATIO <= ratio <= MAX_FIELD_RATIO:
        raise PixelSpacingInvalid(
            f"{fixed[0]} is {fixed[1] * fixed[2]:g} um wide and {moving[0]} {moving[1] * moving[2]:g} um, by "
            "pixel spacings of which one must be wrong. Give the right ones in um per pixel."
        )


def mean(spacing: Spacing) -> float:
    """Return the geometric mean of both axes: the side of square pixels of the same area."""
    return math.sqrt(spacing.x * spacing.y)


def oblong(spacing: Spacing) -> tuple[float, float] | None:
    """Return the spacing along x and y where they differ by more than 0.1 %, else None."""
    differ = abs(spacing.x - spacing.y) > SQUARE_WITHIN * max(spacing.x, spacing.y)
    return (spacing.x, spacing.y) if differ else None


def of_resolution(x: float, y: float, unit: int) -> Spacing | None:
    """Return the pixel spacing of TIFF's resolution tags: px per inch (unit 2) or per cm (unit 3)."""
    name = {2: "inch", 3: "cm"}.get(unit)
    return plausible(per_unit(x, y, name, "TIFF resolution")) if name else None


def per_unit(x: float, y: float, unit: str, source: str) -> Spacing | None:
    """Return the spacing of ``x`` and ``y`` pixels per ``unit``; None where that is no length."""
    um = um_per(unit)
    return _spacing(x, y, um, source, um, unit) if um else None


def of_size(x: object, y: object, unit: object, source: str, unit_y: object = None) -> Spacing | None:
    """Return the spacing of pixels that are ``x`` by ``y`` of a unit; None where that is no length.

    An axis without a size takes that of the other axis: pixels are square where nothing else is stated.
    """
    size_x, size_y = _length(x, unit), _length(y, unit if unit_y is None else unit_y)
    um_x, um_y = size_x or size_y, size_y or size_x
    if um_x is None or um_y is None:
        return None
    partly = "" if size_x and size_y else f" ({'xy'[size_x is None]} only)"
    return _spacing(1, 1, um_x, source + partly, um_y, unit)


def _spacing(x: float, y: float, um_x: float, source: str, um_y: float, unit: object) -> Spacing | None:
    """Return the spacing of ``x`` and ``y`` pixels in a length in micrometres; None where that is none."""
    if not (x > 0 and y > 0):
        return None
    found = Spacing(float(um_x / x), float(um_y / y), source, str(unit).strip())
    return found if all(MIN_UM <= um <= MAX_UM for um in found[:2]) else None


def plausible(found: Spacing | None) -> Spacing | None:
    """Return ``found``, or None where it is a printer's resolution."""
    return found if found and max(found.x, found.y) < PRINTED_FROM_UM else None


def _length(value: Any, unit: object) -> float | None:
    """Return micrometres where ``value`` is a positive length, else None."""
    factor = um_per(unit)
    try:
        um = float(value) * factor if value is not None and factor else 0.0
    except (TypeError, ValueError):
        return None
    return um if math.isfinite(um) and um > 0 else None


def um_per(unit: object) -> float | None:
    """Return micrometres per unit; None for what is no length. ImageJ writes escapes."""
    text = str(unit).strip()
    for written, letter in SPELLINGS.items():
        text = text.replace(written, letter)
    singular = text.removesuffix("s") if len(text) > len("mms") else text  # "ms" is a time
    known = (UM_PER.get(t) for t in (text, text.lower(), singular, singular.lower()))
    return next(filter(None, known), None)
