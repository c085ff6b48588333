"""Plain TIFF files are read without a decoder, and as the decoder would read them."""

from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Picture
from support import instrument_files as files

from xebra import image_files
from xebra.errors import ImageUnreadable
from xebra.image import read_untrusted
from xebra.readers import plain_tiff, sandbox

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")
ORDERS = ("<", ">")
MUTATIONS = 4000
DIRECTORY_BYTES = 2 + 14 * 12


def written(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def ours(pixels: np.ndarray, spacing: float | tuple[float, float] | None) -> bytes:
    file = io.BytesIO()
    image_files.write_tiff(file, pixels, spacing)
    return file.getvalue()


def pillow(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "TIFF")
    return file.getvalue()


def plain_files() -> list[bytes]:
    """Return files of every type of value, byte order and kind of pixel spacing."""
    found = []
    for pixels in map(files.image, TYPES):
        found += [ours(pixels, spacing) for spacing in (None, 0.05, (0.05, 0.2))]
        for order in ORDERS:
            fine = {"resolution": (3e5, 3e5), "resolutionunit": "CENTIMETER"}
            for options in ({}, {"metadata": None}, {"rowsperstrip": 7}, fine):
                found.append(written(pixels, byteorder=order, **options))
    return found + [pillow(files.image(kind)) for kind in ("uint8", "int32", "float32")]


def check_equal(content: bytes, found: image_files.Contents) -> None:
    expected = image_files.read(io.BytesIO(content), "a.tif")
    assert (found.spacing, found.selected) == (expected.spacing, expected.selected)
    np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_plain_files_are_read_as_the_decoder_reads_them():
    for content in plain_files():
        found = plain_tiff.read(io.BytesIO(content))
        assert found is not None
        check_equal(content, found)


def test_mutated_files_are_read_as_the_decoder_reads_them_or_left_to_it():
    """Most mutations are in the directory; a mutated file that the decoder refuses is left to it."""
    chance, whole, read = np.random.default_rng(14), plain_files(), 0
    for _ in range(MUTATIONS):
        content = mutated(whole[chance.integers(len(whole))], chance)
        found = plain_tiff.read(io.BytesIO(content))
        if found is not None:
            read += 1
            check_equal(content, found)
    assert read > MUTATIONS // 20


def mutated(content: bytes, chance: np.random.Generator) -> bytes:
    changed = bytearray(content)
    (directory,) = struct.unpack_from("<I" if content[:2] == b"II" else ">I", content, 4)
    for _ in range(chance.integers(1, 4)):
        at = directory + chance.integers(DIRECTORY_BYTES) if chance.random() < 0.7 else chance.integers(400)
        if at < len(changed):
            changed[at] = chance.choice((0, 1, 2, 3, 4, 5, 8, 16, 255, chance.integers(256)))
    return bytes(changed[: chance.integers(len(changed))] if chance.random() < 0.1 else changed)


GRAY = files.image("uint16")
OTHERS = {
    "compressed": lambda: written(GRAY, compression="zlib"),
    "predicted": lambda: written(GRAY, compression="lzw", predictor=True),
    "tiles": lambda: written(GRAY, tile=(32, 32)),
    "colours": lambda: written(files.image("uint8", (70, 90, 3))),
    "pages": lambda: written(files.image("uint8", (3, 70, 90))),
    "64 bit": lambda: written(files.image("float64")),
    "white is 0": lambda: written(GRAY, photometric="miniswhite"),
    "BigTIFF": lambda: written(GRAY, bigtiff=True),
    "another program": lambda: written(GRAY, software="SI.4"),
    "another description": lambda: written(GRAY, description="# Detector: PILATUS", metadata=None),
    "own tags": lambda: written(GRAY, extratags=[(65_000, "I", 1, 7, True)]),
    "cycle": lambda: files.chained_directories(1, cycle=True).getvalue(),
    "PNG": lambda: imagecodecs.png_encode(GRAY),
    "empty": lambda: b"",
    "large": lambda: written(np.zeros((3000, 3000), np.uint16)),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_other_files_are_left_to_the_decoder(make):
    assert plain_tiff.read(io.BytesIO(make())) is None


def test_only_plain_uploads_need_no_process(monkeypatch):
    def refuse(*_: object) -> None:
        raise ImageUnreadable("decoded in a process")

    monkeypatch.setattr(sandbox, "_run", refuse)
    image = read_untrusted(io.BytesIO(ours(GRAY, 0.05)), "a.tif")
    assert (image.shape, image.pixel_spacing) == ((70, 90), 0.05)
    assert not image.pixels.flags.writeable
    for make in OTHERS.values():
        with pytest.raises(ImageUnreadable, match="decoded in a process"):
            read_untrusted(io.BytesIO(make()), "a.tif")
