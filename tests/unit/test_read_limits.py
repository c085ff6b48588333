"""Files that would cost far more than they hold are refused with a reason, in seconds and within 1 GiB."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import CancelledError

import imagecodecs
import numpy as np
import psutil
import pytest
import tifffile
from PIL import Image as Picture
from support import instrument_files as files
from support.servers import wait_until

from xebra import image_files, inspect, read_image
from xebra.errors import ImageChoiceNeeded, ImageUnreadable
from xebra.image import read_untrusted
from xebra.readers import decoding_client, sandbox
from xebra.readers.decoding_client import server
from xebra.readers.decoding_server import SPARE
from xebra.readers.sandbox import Limits

SIDE = 16_384
GRAY = files.image()


def tiff(pixels=GRAY, **options) -> io.BytesIO:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file


def patched(file: io.BytesIO, **changed: int) -> io.BytesIO:
    """``file`` with tags of its first page that say something else than what was written."""
    file.seek(0)
    with tifffile.TiffFile(file) as tif:
        for name, value in changed.items():
            tag = tif.pages[0].tags[name]
            struct.pack_into("<HII", file.getbuffer(), tag.offset + 2, 4, 1, value)
    return file


def png() -> io.BytesIO:
    """The start of a PNG in colour and 16 bit, of one colour, as large as Xebra takes them."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 16, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1 << 24))),
        (b"IEND", b""),
    )
    data = b"".join(chunk(*each) for each in chunks)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + data)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def one_tile_for_all() -> io.BytesIO:
    """A TIFF whose 256 tiles share the bytes of one."""
    file = tiff(files.image("float32", (256, 256)), tile=(256, 256), compression="zlib")
    file.seek(0)
    with tifffile.TiffFile(file) as tif:
        page = tif.pages[0]
        offset, count = page.dataoffsets[0], page.databytecounts[0]
        tags = {n: page.tags[n].offset for n in ("TileOffsets", "TileByteCounts")}
    end, count_of_tiles = file.seek(0, 2), (4096 // 256) ** 2
    file.write(struct.pack(f"<{count_of_tiles}I", *[offset] * count_of_tiles))
    file.write(struct.pack(f"<{count_of_tiles}I", *[count] * count_of_tiles))
    for name, at in (("TileOffsets", end), ("TileByteCounts", end + 4 * count_of_tiles)):
        struct.pack_into("<HII", file.getbuffer(), tags[name] + 2, 4, count_of_tiles, at)
    return patched(file, ImageWidth=4096, ImageLength=4096)


def one_colour(compression: str, encode: Callable[[bytes], bytes]) -> io.BytesIO:
    """A TIFF of 16384 x 16384 values of 32 bit, all 0, in strips that are compressed once."""
    file, strip = io.BytesIO(), encode(bytes(256 * SIDE * 4))
    options = {"shape": (SIDE, SIDE), "dtype": "float32", "rowsperstrip": 256, "compression": compression}
    tifffile.imwrite(file, (strip for _ in range(SIDE // 256)), metadata=None, **options)
    return file


def flat_jpeg() -> io.BytesIO:
    """A JPEG of one colour that states 16384 x 16384 px."""
    file = io.BytesIO()
    Picture.new("RGB", (1024, 1024)).save(file, "JPEG")
    data = bytearray(file.getvalue())
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, SIDE, SIDE)
    return io.BytesIO(bytes(data))


def deep_tiles() -> io.BytesIO:
    """A TIFF whose tiles are 2^30 images deep; the tag is written under another number first."""
    file = tiff(tile=(32, 32), extratags=[(65_000, "I", 1, 1 << 30, True)])
    codes = (struct.pack("<HHII", code, 4, 1, 1 << 30) for code in (65_000, 32_998))
    return io.BytesIO(file.getvalue().replace(*codes))


def jpeg_of_another_size() -> io.BytesIO:
    """A TIFF tile whose JPEG states a size of its own."""
    file = tiff(files.image("uint8", (64, 64)), compression="jpeg", tile=(64, 64))
    data = bytearray(file.getvalue())
    at = data.index(b"\xff\xc0", 8)
    struct.pack_into(">HH", data, at + 5, 65_000, 65_000)
    return io.BytesIO(bytes(data))


def ome_planes(count: int) -> io.BytesIO:
    xml = '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    xml += (
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="90" SizeY="70" '
    )
    xml += f'SizeC="1" SizeZ="1" SizeT="{count}"><TiffData/></Pixels></Image></OME>'
    return tiff(description=xml)


def entities() -> io.BytesIO:
    """OME-XML whose entities multiply."""
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a0 "aaaaaaaaaa">{lines}]><OME>&a9;</OME>'
    return tiff(description=xml)


def with_text(compressed: bytes) -> io.BytesIO:
    """A PNG with a compressed text."""
    file = io.BytesIO()
    Picture.fromarray(GRAY).save(file, "PNG")
    data = file.getvalue()
    return io.BytesIO(data[:33] + chunk(b"zTXt", b"Comment\0\0" + compressed) + data[33:])


BOMBS = {
    "cycle of directories": (lambda: files.chained_directories(2, cycle=True), "point at each other"),
    "long cycle": (lambda: files.chained_directories(9000, cycle=True), "point at each other"),
    "100,000 directories": (lambda: files.chained_directories(100_000), "more than 10000 TIFF directories"),
    "tiles that share bytes": (one_tile_for_all, "share their bytes"),
    "deep tiles": (deep_tiles, "images deep"),
    "png of one colour": (png, "which no measured image reaches"),
    "zip of one colour": (lambda: one_colour("zlib", zlib.compress), "no measured image reaches"),
    "lzw of one colour": (
        lambda: one_colour("lzw", imagecodecs.lzw_encode),
        "which no measured image reaches",
    ),
    "jpeg of one colour": (flat_jpeg, "which no measured image reaches"),
    "jpeg larger than its tile": (jpeg_of_another_size, "65000 x 65000 px, not that of its tile"),
    "planes of ome": (lambda: ome_planes(10**9), "claims 1000000000 planes"),
    "entities": (entities, "entities|damaged"),
    "compressed text": (lambda: with_text(bytes(1 << 20)), "a compressed text of"),
}


@pytest.mark.parametrize("make,reason", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_a_reason_within_5_s_and_1_gib(make, reason):
    with pytest.raises(ImageUnreadable, match=f"^bomb: .*({reason})"):
        sandbox.read(make(), "bomb", limits=Limits(memory_bytes=1 << 30, cpu_s=5))


def test_compressed_texts_are_never_inflated():
    image = sandbox.read(
        with_text(zlib.compress(bytes(1 << 28))), "text", limits=Limits(memory_bytes=1 << 29)
    )
    np.testing.assert_array_equal(image.pixels, GRAY)


class TestSandbox:
    def test_gives_the_same_image_as_reading_here(self, tmp_path):
        path = files.fei(tmp_path / "fei.tif", files.image("uint16"))
        here = read_image(path)
        with path.open("rb") as file:
            there = read_image(file, limits=Limits())
        np.testing.assert_array_equal(there.pixels, here.pixels)
        assert (there.pixel_spacing, there.selected, there.sha256) == (
            here.pixel_spacing,
            here.selected,
            here.sha256,
        )

    def test_lists_the_same_channels(self, tmp_path):
        path = tmp_path / "a.ome.tif"
        tifffile.imwrite(path, files.image(shape=(2, 70, 90)), metadata={"axes": "CYX"})
        with path.open("rb") as file:
            assert sandbox.inspect(file, path.name) == inspect(path)

    def test_a_file_that_has_no_descriptor_is_read_too(self):
        assert read_image(tiff(), limits=Limits()).shape == (70, 90)

    def test_the_file_can_be_read_on_afterwards(self, tmp_path):
        pixels = np.random.default_rng(5).integers(1, 200, (300, 300)).astype(np.uint16)
        (tmp_path / "a.dm4").write_bytes(files.DigitalMicrograph(4).file(pixels, 0.5, "µm"))
        content = (tmp_path / "a.dm4").read_bytes()
        with (tmp_path / "a.dm4").open("rb") as file:
            image = read_untrusted(file, "a.dm4")
            assert image.sha256 == hashlib.sha256(content).hexdigest()

    def test_choices_come_back_with_the_error(self):
        file = io.BytesIO()
        tifffile.imwrite(file, files.image(shape=(2, 70, 90)), imagej=True, metadata={"axes": "CYX"})
        with pytest.raises(ImageChoiceNeeded) as caught:
            sandbox.read(file, "two")
        assert [c.shape for c in caught.value.choices] == [(70, 90)] * 2

    @pytest.mark.parametrize("limit", [{"memory_bytes": 1 << 27}, {"wall_s": 0.01}], ids=["memory", "time"])
    def test_a_limit_that_is_reached_is_an_error_of_the_file(self, limit):
        large = np.tile(files.image("float32", (64, 64)), (64, 64))
        with pytest.raises(ImageUnreadable, match=r"^big: .*could not be read within"):
            sandbox.read(tiff(large), "big", limits=Limits(**limit))

    def test_other_threads_go_on_while_a_file_is_read(self):
        """The parent never decodes: it waits for a process."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(4) as pool:
            images = list(pool.map(lambda _: read_image(tiff(), limits=Limits()), range(8)))
        assert all((image.pixels == GRAY).all() for image in images)


@pytest.mark.parametrize("count", [1, 40])
def test_many_directories_that_end_are_read(count):
    file = io.BytesIO()
    stack = files.image(shape=(count, 70, 90))
    with tifffile.TiffWriter(file) as writer:
        for page in stack:
            writer.write(page, metadata=None, contiguous=False)
    np.testing.assert_array_equal(read_image(file, frame=count - 1).pixels, stack[-1])


def decoding_server() -> psutil.Process:
    """Return the server of this process, which has decoded a file."""
    sandbox.read(tiff(), "first")
    return psutil.Process(server()._process.pid)


def spare_children(parent: psutil.Process) -> list[psutil.Process]:
    """Return the children that wait for a file, when all others have ended."""
    found: list[psutil.Process] = []

    def settled() -> bool:
        before, found[:] = [*found], parent.children()
        return found == before and len(found) == SPARE

    wait_until(settled, "the children that wait for a file")
    return found


def end(children: list[psutil.Process]) -> None:
    for child in children:
        child.kill()
    wait_until(lambda: all(map(_has_ended, children)), "the ends of the children")


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_every_upload_is_decoded_in_another_process(monkeypatch):
    pixels = np.arange(70 * 90, dtype=np.uint8).reshape(70, 90)
    uploads = {
        "a.tif": tiff(),
        "a.png": io.BytesIO(imagecodecs.png_encode(pixels)),
        "a.jpg": io.BytesIO(imagecodecs.jpeg_encode(pixels)),
    }
    monkeypatch.setattr(image_files, "read", None)  # nothing is decoded here
    for name, file in uploads.items():
        assert read_untrusted(file, name).shape == (70, 90)


class TestDecodingServer:
    def test_decodes_many_files_and_knows_no_setting(self, monkeypatch):
        monkeypatch.setenv("XEBRA_DATABASE_URL", "secret")
        before = decoding_server()
        assert decoding_server().pid == before.pid
        assert not [name for name in before.environ() if name.startswith("XEBRA")]

    def test_is_started_again_after_its_end(self):
        before = decoding_server()
        before.kill()
        assert decoding_server().pid != before.pid

    def test_is_replaced_if_it_does_not_respond(self, monkeypatch):
        monkeypatch.setattr(decoding_client, "GRACE_S", 0.5)
        before = decoding_server()
        before.suspend()
        started = time.monotonic()
        with pytest.raises(ImageUnreadable, match=r"could not be read within 0\.2 s"):
            sandbox.read(tiff(), "stuck", limits=Limits(wall_s=0.2))
        assert time.monotonic() - started < 5
        assert not before.is_running()
        assert sandbox.read(tiff(), "next").pixels.shape == (70, 90)

    def test_kills_a_child_that_is_no_longer_wanted(self):
        """A suspended child neither ends by itself nor uses processor time."""
        parent, cancelled, ended = decoding_server(), threading.Event(), threading.Event()
        slow = tiff(np.random.default_rng(0).integers(0, 9, (4000, 4000), np.uint8), compression="zlib")

        def decode():
            with pytest.raises(CancelledError):
                sandbox.read(slow, "slow", cancelled=cancelled)
            ended.set()

        children = spare_children(parent)
        for child in children:
            child.suspend()
        thread = threading.Thread(target=decode)
        thread.start()
        time.sleep(0.1)
        cancelled.set()
        assert ended.wait(5)
        thread.join()
        wait_until(lambda: sum(child.is_running() for child in children) == SPARE - 1, "the end of the child")
        end(parent.children())

    def test_decodes_although_its_spare_children_were_killed(self):
        parent = decoding_server()
        spare_children(parent)
        end(parent.children())
        for _ in range(SPARE + 1):
            assert decoding_server().pid == parent.pid

    def test_each_file_gets_a_process_of_its_own(self):
        """What a file leaves behind in its process reaches no other file."""
        parent = decoding_server()
        waiting = spare_children(parent)
        for _ in range(SPARE):
            sandbox.read(tiff(), "next")
        assert set(waiting).isdisjoint(spare_children(parent))

    def test_pixels_cannot_be_changed_by_anybody(self):
        pixels = sandbox.read(tiff(), "sealed").pixels
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 1
