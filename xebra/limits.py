"""Limits of image size."""

from xebra.errors import ImageUnreadable, ImageUnusable

MIN_SIDE, MAX_SIDE = 64, 16384
MAX_BYTES = 1 << 32  # decoded: 16k x 16k px of four 32-bit channels


def check_size(name: str, height: int, width: int, pixel_bytes: int = 1) -> None:
    """Raise ImageUnusable or ImageUnreadable for an image outside the limits."""
    if min(height, width) < MIN_SIDE:
        raise ImageUnusable(
            f"{name}: {width} x {height} px is too small. Xebra needs at least {MIN_SIDE} x {MIN_SIDE} px."
        )
    if max(height, width) > MAX_SIDE:
        raise ImageUnreadable(
            f"{name}: {width} x {height} px is too large. Crop or bin it to at most {MAX_SIDE} px a side."
        )
    if height * width * pixel_bytes > MAX_BYTES:
        raise ImageUnreadable(
            f"{name}: {width} x {height} px of {pixel_bytes} bytes are too large. Use fewer bytes per value."
        )
