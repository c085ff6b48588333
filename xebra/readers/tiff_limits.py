"""Limits of a TIFF page, checked by its header before memory of its size is allocated."""

from __future__ import annotations

import struct

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from xebra.errors import ImageUnreadable
from xebra.limits import MAX_RATIO, check_ratio, check_size

COLORS = {
    PHOTOMETRIC.MINISWHITE,
    PHOTOMETRIC.MINISBLACK,
    PHOTOMETRIC.RGB,
    PHOTOMETRIC.PALETTE,
    PHOTOMETRIC.YCBCR,  # of JPEG only
}
# Those that cannot inflate beyond the size in the header.
PLAIN = {
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.PACKBITS,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
    COMPRESSION.ZSTD_DEPRECATED,
}
# Those with a header of their own inside each segment, which is compared with that of the page.
JPEG = {COMPRESSION.OJPEG, COMPRESSION.JPEG, COMPRESSION.ALT_JPEG}
JPEG2000 = {
    COMPRESSION.APERIO_JP2000_YCBC,
    COMPRESSION.APERIO_JP2000_RGB,
    COMPRESSION.JPEG2000,
    COMPRESSION.JPEG_2000_LOSSY,
}
LARGEST_TILE = 4096  # px a side, where the image itself is smaller
JPEG_RATIO = 60  # photographs reach 20; one colour alone reaches 170


def check_page(page: TiffPage, file_bytes: int, name: str) -> None:
    """Raise ImageUnreadable, with what to do, where a page is no image or would cost more than it holds."""
    if not page.imagelength or not page.imagewidth:
        raise ImageUnreadable(
            f"{name}: the file is truncated or damaged (an image of no pixels). Export it again."
        )
    check_size(name, page.imagelength, page.imagewidth, page.nbytes // (page.imagelength * page.imagewidth))
    _check_values(page, name)
    _check_compression(page, name)
    _check_tiles(page, name)
    _check_segments(page, file_bytes, name)


def _check_values(page: TiffPage, name: str) -> None:
    if page.photometric not in COLORS:
        stored = f"{page.samplesperpixel} values per pixel ({_word(page.photometric)})"
        raise ImageUnreadable(f"{name}: {stored} are neither gray nor RGB. Save it as one of these.")
    if page.dtype is None:
        raise ImageUnreadable(
            f"{name}: {page.bitspersample}-bit values are not taken. Save it with 8, 16 or 32 bits per value."
        )


def _check_compression(page: TiffPage, name: str) -> None:
    if page.compression not in PLAIN | JPEG | JPEG2000:
        raise ImageUnreadable(
            f"{name}: {_word(page.compression)} compression is not taken. Save it with LZW, ZIP or none."
        )
    if page.photometric == PHOTOMETRIC.YCBCR and page.compression not in JPEG:
        raise ImageUnreadable(f"{name}: YCbCr values are taken with JPEG compression only. Save it as RGB.")


def _check_tiles(page: TiffPage, name: str) -> None:
    tile, image = max(page.tilelength, page.tilewidth), max(page.imagelength, page.imagewidth)
    if tile > max(LARGEST_TILE, image + 16):  # sides of tiles are multiples of 16
        raise ImageUnreadable(f"{name}: its tiles are larger than the image. Save it anew.")
    if page.imagedepth != 1 or page.tiledepth > 1:
        raise ImageUnreadable(
            f"{name}: its tiles are {max(page.imagedepth, page.tiledepth)} images deep. Save plain pages."
        )


def _check_segments(page: TiffPage, file_bytes: int, name: str) -> None:
    """Raise where segments are missing, lie outside the file, share bytes or are compressed too much."""
    counts = np.asarray(page.databytecounts, np.float64)
    offsets = np.asarray(page.dataoffsets, np.float64)
    if not counts.size or (counts == 0).any():
        raise ImageUnreadable(f"{name}: parts of the image were never written. Export or copy it again.")
    n = min(len(counts), len(offsets))
    order = np.argsort(offsets[:n], kind="stable")
    shared = (offsets[order][:-1] + counts[order][:-1] > offsets[order][1:]).any()
    if shared and page.nbytes > 2 * file_bytes:
        raise ImageUnreadable(f"{name}: parts of the image share their bytes. Save it anew.")
    stored = int(min(counts.sum(), file_bytes))
    check_ratio(name, page.nbytes, stored, JPEG_RATIO if page.compression in JPEG else MAX_RATIO)


def check_jpeg_segments(page: TiffPage, name: str) -> None:
    """Compare the size inside each JPEG or JPEG 2000 segment with that of its tile, before it is decoded."""
    if page.compression in PLAIN:
        return
    size_of = jpeg_size if page.compression in JPEG else jpeg2000_size
    rows = page.tilelength or min(page.rowsperstrip, page.imagelength)
    limit = (rows + 16) * ((page.tilewidth or page.imagewidth) + 16)
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        page.parent.filehandle.seek(offset)
        size = size_of(page.parent.filehandle.read(min(count, 1 << 20)))
        if size is None or size[0] * size[1] > limit:
            stated = "no size" if size is None else f"{size[1]} x {size[0]} px"
            raise ImageUnreadable(
                f"{name}: a compressed part states {stated}, not that of its tile. Save it anew."
            )


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) that a JPEG's frame header states."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # without a length
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return struct.unpack_from(">HH", data, at + 5)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def jpeg2000_size(data: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) of a JPEG 2000 codestream, within JP2 boxes or without."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or len(data) < at + 24:
        return None
    width, height, left, top = struct.unpack_from(">IIII", data, at + 8)
    return max(0, height - top), max(0, width - left)


def _word(code: int) -> str:
    return getattr(code, "name", str(code)).replace("_", " ")
