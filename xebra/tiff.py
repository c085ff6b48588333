"""The one image of a TIFF file, or a sentence that says why it has none."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffPage, TiffPageSeries

from xebra import pixel_spacing
from xebra.errors import ImageUnreadable
from xebra.limits import check_size
from xebra.pixel_spacing import Spacing

COLORS = {
    PHOTOMETRIC.MINISWHITE,
    PHOTOMETRIC.MINISBLACK,
    PHOTOMETRIC.RGB,
    PHOTOMETRIC.PALETTE,
}
# Those that cannot inflate to more than the header says. The others (JPEG 2000, WebP, ...) carry a header of
# their own inside, in which a few hundred bytes may ask for gigabytes; measurements are seldom stored so.
COMPRESSIONS = {
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.PACKBITS,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
    COMPRESSION.ZSTD_DEPRECATED,
}
LARGEST_TILE = 2048  # px a side, where the image itself is smaller


def read(file: BinaryIO, name: str) -> tuple[np.ndarray, Spacing | None]:
    """Pixels (H, W) or (H, W, 3 | 4), and the pixel spacing that the file states."""
    with TiffFile(file, name=name, _multifile=False) as tif:  # never follow OME's names of other files
        series = _only_image(tif, name)
        page = series.keyframe
        _check_header(page, name)
        pixels = series.asarray(maxworkers=1)
        if series.axes == "SYX":
            pixels = np.moveaxis(pixels, 0, -1)
        return _without_table_and_alpha(pixels, page, tif.is_imagej), pixel_spacing.of_tiff(tif, page)


def _only_image(tif: TiffFile, name: str) -> TiffPageSeries:
    """The one image of a file that may carry thumbnails and reduced copies beside it."""
    images = [s for s in tif.series if not s.keyframe.is_reduced] or list(tif.series)
    how = "Save the one to be registered as a file of its own (Fiji: Image > Duplicate...)."
    if len(images) > 1:
        sizes = ", ".join(" x ".join(map(str, s.shape)) for s in images[:4])
        raise ImageUnreadable(f"{name}: the file holds {len(images)} images ({sizes}), one is needed. {how}")
    pages = images[0].size // max(1, images[0].keyframe.size)
    if images[0].axes not in ("YX", "YXS", "SYX") or pages > 1:
        raise ImageUnreadable(f"{name}: the file is a stack of {pages} pages, one image is needed. {how}")
    return images[0]


def _check_header(page: TiffPage, name: str) -> None:
    """Refuse what is no image of gray or colour before anything of its size is allocated."""
    check_size(name, page.imagelength, page.imagewidth, page.nbytes // (page.imagelength * page.imagewidth))
    if page.photometric not in COLORS or page.samplesperpixel > 4:
        stored = f"{page.samplesperpixel} values per pixel ({_word(page.photometric)})"
        raise ImageUnreadable(f"{name}: {stored} are neither gray nor RGB. Save it as one of these.")
    if page.dtype is None:
        raise ImageUnreadable(
            f"{name}: {page.bitspersample}-bit values are not taken. Save it with 8, 16 or 32 bits per value."
        )
    if page.compression not in COMPRESSIONS:
        raise ImageUnreadable(
            f"{name}: {_word(page.compression)} compression is not taken. Save it with LZW, ZIP or none."
        )
    tile, image = max(page.tilelength, page.tilewidth), max(page.imagelength, page.imagewidth)
    if tile > max(LARGEST_TILE, image + 16):  # sides of tiles are multiples of 16
        raise ImageUnreadable(f"{name}: its tiles are larger than the image. Save it anew.")
    if 0 in page.databytecounts:
        raise ImageUnreadable(f"{name}: parts of the image were never written. Export or copy it again.")


def _without_table_and_alpha(pixels: np.ndarray, page: TiffPage, imagej: bool) -> np.ndarray:
    # ImageJ's table is a way to look at measured values; other programs' tables hold the picture itself.
    if page.photometric == PHOTOMETRIC.PALETTE and not imagej:
        return np.moveaxis(page.colormap[:, pixels], 0, -1)
    return pixels[..., 0] if pixels.shape[2:] == (2,) else pixels


def _word(code: int) -> str:
    return getattr(code, "name", str(code)).replace("_", " ")
