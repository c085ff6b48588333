"""What the instrument adds to both images of a pair is subtracted before they are registered.

The registered image is made of the original pixels.
"""

from __future__ import annotations

from xebra.image import Image, luminance
from xebra.usable_area import UsableArea, without_fixed_lines, without_fixed_rings, without_shading
from xebra.usable_area.shading import RELEVANT, WEAK

Areas = tuple[UsableArea | None, UsableArea | None]  # None of a network that uses whole images


def without_artefacts(fixed: Image, moving: Image, areas: Areas) -> tuple[Image, Image]:
    """Return images without the offsets of lines and rings that they share, and without slow shading."""
    first, second = areas
    if first is None or second is None:
        return fixed, moving
    for subtracted in (without_fixed_lines, without_fixed_rings):
        found = subtracted(luminance(fixed.pixels), luminance(moving.pixels), first, second)
        if found is not None:
            fixed, moving = fixed.with_pixels(found[0]), moving.with_pixels(found[1])
    return without_slow_shading(fixed, moving, (first, second), RELEVANT)


def without_slow_shading(
    fixed: Image, moving: Image, areas: tuple[UsableArea, UsableArea], relevant: float
) -> tuple[Image, Image]:
    """Return images without slow shading; weak shading counts where the other image has strong shading.

    Args:
        fixed: the fixed image.
        moving: the moving image.
        areas: their usable areas.
        relevant: deviation of the shading from which it is subtracted, over that of the rest.
    """
    grey = luminance(fixed.pixels), luminance(moving.pixels)
    flat = [without_shading(each, area.mask, relevant) for each, area in zip(grey, areas, strict=True)]
    for number in (0, 1):
        if flat[number] is None and flat[1 - number] is not None:
            flat[number] = without_shading(grey[number], areas[number].mask, WEAK)
    one, other = (
        image if left is None else image.with_pixels(left)
        for image, left in zip((fixed, moving), flat, strict=True)
    )
    return one, other
