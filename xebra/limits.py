"""How small and how large an image may be."""

from xebra.errors import ImageUnreadable, ImageUnusable

MIN_SIDE, MAX_SIDE = 64, 16384
MAX_BYTES = 1 << 32  # decoded: 16k x 16k px in colour and 32 bit, and no more however well it is compressed


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
