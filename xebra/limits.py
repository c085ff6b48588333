"""Limits of image size."""

from xebra.errors import ImageUnreadable, ImageUnusable

MIN_SIDE, MAX_SIDE = 64, 16384
MAX_RATIO, RATIO_FROM_BYTES = 200, 1 << 28  # measured images of 256 MiB do not compress 200 times
MAX_BYTES = 1 << 32  # decoded: 16k x 16k px of four 32-bit channels


def check_registrable(name: str, height: int, width: int) -> None:
    """Raise ImageUnusable for an image that can be read but is too small to be registered."""
    if min(height, width) < MIN_SIDE:
        raise ImageUnusable(
            f"{name}: {width} x {height} px is too small. Xebra needs at least {MIN_SIDE} x {MIN_SIDE} px."
        )


def check_size(name: str, height: int, width: int, pixel_bytes: int = 1) -> None:
    """Raise ImageUnusable for an image without pixels, ImageUnreadable for one larger than Xebra takes."""
    if min(height, width) < 1:
        raise ImageUnusable(f"{name}: {width} x {height} px is no image. Export it again.")
    if max(height, width) > MAX_SIDE:
        raise ImageUnreadable(
            f"{name}: {width} x {height} px is too large. Crop or bin it to at most {MAX_SIDE} px a side."
        )
    if height * width * pixel_bytes > MAX_BYTES:
        raise ImageUnreadable(
            f"{name}: {width} x {height} px of {pixel_bytes} bytes are too large. Use fewer bytes per value."
        )


def check_ratio(name: str, decoded: int, stored: int, limit: int = MAX_RATIO) -> None:
    """Raise ImageUnreadable where a file of ``stored`` bytes is far larger when it is decoded."""
    if decoded > RATIO_FROM_BYTES and decoded > limit * stored:
        raise ImageUnreadable(
            f"{name}: {decoded >> 20} MiB of pixels are stored in {stored >> 10} KiB, which no measured "
            "image reaches. Crop it, or save it without compression."
        )
