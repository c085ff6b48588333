"""Files are read with their values and pixel spacing, or refused with the reason."""

import hashlib
import io
import struct
import tracemalloc
import zlib
from itertools import permutations

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xebra.errors import ImageUnreadable, ImageUnusable, PixelSpacingInvalid, RegistrationError
from xebra.image import DTYPES, Image, gray, luminance, read_image
from xebra.image_files import write_tiff

RANDOM = np.random.default_rng(0)
GRAY = RANDOM.integers(0, 65536, (70, 90), dtype=np.uint16)


def values(dtype, shape=(70, 90)):
    return (RANDOM.random(shape) * 100).astype(dtype)


def tiff(pixels=GRAY, **options) -> io.BytesIO:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    file.seek(0)
    return file


def png(pixels=GRAY, *extra: tuple[bytes, bytes]) -> io.BytesIO:
    """A PNG with ``extra`` chunks behind its header."""
    data = imagecodecs.png_encode(pixels)
    return io.BytesIO(data[:33] + b"".join(chunk(*e) for e in extra) + data[33:])


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def physical(x: float, y: float) -> tuple[bytes, bytes]:
    """A PNG's pHYs chunk for a spacing in micrometres."""
    return b"pHYs", struct.pack(">IIB", round(1e6 / x), round(1e6 / y), 1)


class TestValues:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(70, 90), (70, 90, 3), (70, 90, 4)], ids=["gray", "rgb", "rgba"])
    def test_tiff_of_every_dtype_comes_back_as_it_was_written(self, dtype, shape):
        file, pixels = io.BytesIO(), values(dtype, shape)
        write_tiff(file, pixels, 0.0123)
        image = read_image(file)
        assert image.pixels.dtype == dtype
        np.testing.assert_array_equal(image.pixels, pixels)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    @pytest.mark.parametrize("shape", [(70, 90), (70, 90, 3), (70, 90, 4)], ids=["gray", "rgb", "rgba"])
    def test_png_of_8_and_16_bit_comes_back_as_it_was_written(self, dtype, shape):
        pixels = values(dtype, shape)
        np.testing.assert_array_equal(read_image(png(pixels)).pixels, pixels)

    @pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd", "packbits", "lzma"])
    @pytest.mark.parametrize("layout", [{}, {"tile": (32, 32)}, {"rowsperstrip": 7}], ids=str)
    def test_tiff_may_be_compressed_and_tiled(self, compression, layout):
        file = tiff(compression=compression, **layout)
        np.testing.assert_array_equal(read_image(file).pixels, GRAY)

    def test_big_endian_and_bigtiff_are_read_into_native_order(self):
        image = read_image(tiff(byteorder=">", bigtiff=True))
        assert image.pixels.dtype == np.dtype("=u2")
        np.testing.assert_array_equal(image.pixels, GRAY)

    def test_colour_planes_are_put_last(self):
        planes = values("uint8", (3, 70, 90))
        image = read_image(tiff(planes, photometric="rgb", planarconfig="separate"))
        np.testing.assert_array_equal(image.pixels, np.moveaxis(planes, 0, -1))

    def test_gray_with_alpha_is_gray(self):
        pixels = values("uint8", (70, 90, 2))
        np.testing.assert_array_equal(read_image(png(pixels)).pixels, pixels[..., 0])
        file = tiff(pixels, photometric="minisblack", extrasamples=["unassalpha"])
        np.testing.assert_array_equal(read_image(file).pixels, pixels[..., 0])

    def test_a_colour_table_is_applied_unless_imagej_wrote_it(self):
        indices, table = values("uint8"), RANDOM.integers(0, 65536, (3, 256), dtype=np.uint16)
        picture = read_image(tiff(indices, photometric="palette", colormap=table))
        np.testing.assert_array_equal(picture.pixels, np.moveaxis(table[:, indices], 0, -1))
        measured = tiff(
            indices, photometric="palette", colormap=table, description="ImageJ=1.54f\n", metadata=None
        )
        np.testing.assert_array_equal(read_image(measured).pixels, indices)

    def test_reduced_copies_beside_the_image_are_ignored(self):
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            writer.write(GRAY, subifds=1)
            writer.write(GRAY[::2, ::2], subfiletype=1)
        np.testing.assert_array_equal(read_image(file).pixels, GRAY)
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            writer.write(GRAY[:20, :30], subfiletype=1)
            writer.write(GRAY)
        np.testing.assert_array_equal(read_image(file).pixels, GRAY)

    @pytest.mark.parametrize("shape", [(64, 64), (64, 16384), (16384, 64)])
    def test_any_aspect_ratio_from_64_to_16384_px_is_taken(self, shape):
        assert read_image(tiff(values("uint8", shape))).shape == shape

    def test_pixels_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            Image(GRAY).pixels[0, 0] = 1
        assert GRAY.flags.writeable

    def test_masks_are_0_and_1(self):
        mask = RANDOM.random((64, 80)) > 0.5
        image = Image(mask)
        assert image.pixels.dtype == np.uint8
        np.testing.assert_array_equal(image.pixels, mask)

    @pytest.mark.parametrize("dtype", [np.int64, np.uint64, ">i8"])
    @pytest.mark.parametrize(("offset", "taken"), [(0, np.uint32), (2**40, np.float64)])
    def test_integers_of_64_bit_keep_their_values(self, dtype, offset, taken):
        labels = RANDOM.integers(0, 9, (64, 80)).astype(dtype) + np.array(offset, dtype)
        image = Image(labels)
        assert image.pixels.dtype == taken
        np.testing.assert_array_equal(image.pixels, labels)
        np.testing.assert_array_equal(read_image(tiff(labels)).pixels, labels)

    def test_the_callers_array_is_not_copied(self):
        assert np.shares_memory(Image(GRAY).pixels, GRAY)


class TestName:
    def test_it_is_the_files_own_without_the_folder(self, tmp_path):
        path = tmp_path / "iron.tif"
        write_tiff(path, GRAY)
        assert read_image(path).name == read_image(str(path)).name == "iron.tif"
        with path.open("rb") as file:
            assert read_image(file).name == "iron.tif"
        assert read_image(path, name="Fe K").name == "Fe K"


class TestSha256:
    def test_of_a_file_is_that_of_its_bytes(self):
        file = tiff()
        assert read_image(file).sha256 == hashlib.sha256(file.getvalue()).hexdigest()

    def test_of_an_array_depends_on_dtype_shape_and_values(self):
        changed = GRAY.copy()
        changed[5, 5] ^= 1
        same, *others = GRAY, changed, GRAY.T, GRAY.astype(np.int32), GRAY.view(np.int16)
        hashes = {Image(pixels).sha256 for pixels in others}
        assert len(hashes | {Image(same).sha256}) == 5
        assert Image(GRAY.T.copy().T).sha256 == Image(GRAY).sha256


class TestGray:
    @given(st.sampled_from(DTYPES), st.sampled_from([(), (3,), (4,)]))
    def test_goes_from_0_to_1_in_float32(self, dtype, channels):
        gray = Image(values(dtype, (64, 64, *channels))).gray
        assert (gray.dtype, gray.shape) == (np.float32, (64, 64))
        assert (gray.min(), gray.max()) == (0, 1)

    def test_is_the_luminance_of_the_colours_without_alpha(self):
        colour = values("float64", (64, 64, 4))
        luma = 0.299 * colour[..., 0] + 0.587 * colour[..., 1] + 0.114 * colour[..., 2]
        np.testing.assert_allclose(Image(colour).gray, (luma - luma.min()) / np.ptp(luma), atol=1e-6)
        np.testing.assert_allclose(luminance(colour), luma, rtol=1e-6)

    @given(st.permutations([0, 110, 220]), st.sampled_from(["uint8", "uint16", "float32"]))
    def test_colours_of_phases_with_one_mean_stay_apart(self, first, dtype):
        shown = np.array(list(permutations(first)), dtype)[RANDOM.integers(0, 6, (64, 64))]
        assert len(np.unique(Image(shown).gray)) == 6

    @given(st.sampled_from(DTYPES))
    def test_of_gray_stored_as_colour_is_that_of_gray(self, dtype):
        grays = values(dtype, (64, 64))
        stored = np.repeat(grays[..., None], 3, -1)
        np.testing.assert_allclose(Image(stored).gray, Image(grays).gray, atol=1e-6)

    def test_keeps_detail_on_a_large_pedestal(self):
        detail = values("uint8", (64, 64))
        for pedestal in (np.uint32(4_000_000_000), np.float64(1e12)):
            np.testing.assert_allclose(Image(detail + pedestal).gray, Image(detail).gray, atol=1e-6)

    def test_holds_for_the_largest_floats(self):
        assert np.isfinite(Image(values("float64") * 1e297).gray).all()


class TestSpacing:
    @given(st.floats(1e-5, 1e3), st.sampled_from(DTYPES))
    def test_written_is_read_back(self, spacing, dtype):
        file = io.BytesIO()
        write_tiff(file, values(dtype), spacing)
        assert read_image(file).pixel_spacing == pytest.approx(spacing, rel=1e-6)

    def test_unknown_stays_unknown(self):
        file = io.BytesIO()
        write_tiff(file, GRAY)
        for image in (read_image(file), read_image(tiff()), read_image(png()), Image(GRAY)):
            assert (image.pixel_spacing, image.spacing_source) == (None, None)

    @pytest.mark.parametrize(
        ("size", "unit", "um"),
        [
            (12.5, "nm", 0.0125),
            (0.4, "µm", 0.4),
            (2, "Å", 2e-4),
            (0.03, "mm", 30),
            (7, "pm", 7e-6),
            (1, None, 1),
        ],
    )
    def test_of_ome_metadata_is_read_in_its_unit(self, size, unit, um):
        metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size}
        if unit:
            metadata |= {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}
        image = read_image(tiff(ome=True, metadata=metadata))
        assert image.pixel_spacing == pytest.approx(um)
        assert image.spacing_source == "OME metadata"

    @pytest.mark.parametrize("unit", ["pixel", "reference frame"])
    def test_of_ome_metadata_without_a_length_is_unknown(self, unit):
        metadata = {
            "PhysicalSizeX": 1,
            "PhysicalSizeXUnit": unit,
            "PhysicalSizeY": 1,
            "PhysicalSizeYUnit": unit,
        }
        assert read_image(tiff(ome=True, metadata=metadata)).pixel_spacing is None

    @pytest.mark.parametrize(
        ("unit", "um"),
        [
            ("um", 0.2),
            ("micron", 0.2),
            ("\\u00B5m", 0.2),
            ("nm", 2e-4),
            ("mm", 200),
            ("Angstrom", 2e-5),
        ],
    )
    def test_of_imagej_metadata_is_read_in_its_unit(self, unit, um):
        image = read_image(tiff(imagej=True, resolution=(5, 5), metadata={"unit": unit}))
        assert image.pixel_spacing == pytest.approx(um, rel=1e-6)
        assert image.spacing_source == "ImageJ metadata"

    @pytest.mark.parametrize("unit", ["pixel", "", "furlong"])
    def test_of_imagej_in_no_known_unit_is_unknown(self, unit):
        image = read_image(tiff(imagej=True, resolution=(5, 5), metadata={"unit": unit}))
        assert image.pixel_spacing is None

    @pytest.mark.parametrize(("unit", "um"), [("CENTIMETER", 1e4), ("INCH", 25_400)])
    def test_of_a_resolution_tag_is_read_below_10_um(self, unit, um):
        image = read_image(tiff(resolution=(50_000, 50_000), resolutionunit=unit))
        assert image.pixel_spacing == pytest.approx(um / 50_000)
        assert image.spacing_source == "TIFF resolution"

    @pytest.mark.parametrize("dpi", [72, 96, 300, 2400])
    def test_dots_per_inch_of_a_printer_are_no_pixel_spacing(self, dpi):
        assert read_image(tiff(resolution=(dpi, dpi), resolutionunit="INCH")).pixel_spacing is None
        imagej = tiff(imagej=True, resolution=(dpi, dpi), metadata={"unit": "inch"})
        assert read_image(imagej).pixel_spacing is None
        assert read_image(png(GRAY, physical(25_400 / dpi, 25_400 / dpi))).pixel_spacing is None

    def test_of_a_png_is_read_from_its_physical_size(self):
        image = read_image(png(GRAY, physical(0.5, 0.5)))
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.5), "PNG pHYs")

    def test_given_overrides_the_file(self):
        image = read_image(png(GRAY, physical(0.5, 0.5)), pixel_spacing=0.25)
        assert (image.pixel_spacing, image.spacing_source) == (0.25, "given")

    def test_of_oblong_pixels_is_known_along_both_axes_unless_given(self):
        file = png(GRAY, physical(0.5, 0.6))
        assert read_image(file).pixel_spacing_xy == pytest.approx((0.5, 0.6))
        assert read_image(file).pixel_spacing == pytest.approx(0.3**0.5)
        assert read_image(file, pixel_spacing=0.5).pixel_spacing_xy == (0.5, 0.5)

    def test_of_nearly_square_pixels_is_their_mean(self):
        assert read_image(png(GRAY, physical(0.5, 0.5002))).pixel_spacing == pytest.approx(0.5001)

    @pytest.mark.parametrize("spacing", [0, -1, float("nan"), float("inf")])
    def test_that_is_no_length_is_refused(self, spacing):
        with pytest.raises(PixelSpacingInvalid, match="Give a positive number"):
            read_image(tiff(), pixel_spacing=spacing)
        with pytest.raises(PixelSpacingInvalid, match="Give a positive number"):
            Image(GRAY, spacing)


def header_png(width: int, height: int) -> io.BytesIO:
    """A PNG whose header states more pixels than it contains."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b""))


def header_tiff(file: io.BytesIO, **changed: int) -> io.BytesIO:
    """``file`` with changed tags."""
    with tifffile.TiffFile(file) as tif:
        for name, value in changed.items():
            tag = tif.pages[0].tags[name]
            struct.pack_into("<HII", file.getbuffer(), tag.offset + 2, 4, 1, value)
    return file


def allocated_by_reading(bad: io.BytesIO) -> int:
    """Peak of allocated bytes while a bad file is refused."""
    tracemalloc.start()
    try:
        with pytest.raises((ImageUnreadable, ImageUnusable)):
            read_image(bad)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def cut(file: io.BytesIO, share: float) -> io.BytesIO:
    data = file.getvalue()
    return io.BytesIO(data[: int(len(data) * share)])


def stack(*pages: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            writer.write(page, contiguous=False, metadata=None)
    return file


NAN, HOLE = values("float32"), values("float32")
NAN[3, 4], HOLE[3, 4] = np.nan, -np.inf
BAD_FILES = {
    "empty": (io.BytesIO(), r"empty \(0 bytes\)"),
    "text": (io.BytesIO(b"x,y\n1,2\n" * 99), "of no format that Xebra reads.*TIFF or PNG"),
    "only a png signature": (cut(png(), 0.002), "truncated or damaged"),
    "truncated png": (cut(png(), 0.5), "truncated or damaged"),
    "truncated tiff": (cut(tiff(), 0.5), "truncated or damaged"),
    "truncated tiff, compressed": (cut(tiff(compression="zlib"), 0.9), "truncated or damaged"),
    "truncated tiff, directory lost": (cut(stack(GRAY), 0.001), "truncated or damaged"),
    "no pixels": (header_tiff(tiff(), ImageWidth=0), "damaged"),
    "huge png": (header_png(100_000, 100_000), "100000 x 100000 px is too large.*16384"),
    "huge tiff": (
        header_tiff(tiff(), ImageWidth=100_000, ImageLength=100_000),
        "100000 x 100000 px is too large",
    ),
    "wide tiff": (header_tiff(tiff(), ImageWidth=16_385), "16385 x 70 px is too large"),
    "huge tiles": (header_tiff(tiff(tile=(32, 32)), TileWidth=2**31, TileLength=2**31), "tiles are larger"),
    "never written": (header_tiff(tiff(compression="zlib"), StripByteCounts=0), "never written"),
    "huge values": (
        header_tiff(
            tiff(values("float64", (70, 90, 4)), photometric="rgb"), ImageWidth=16_384, ImageLength=16_384
        ),
        "px of 32 bytes are too large",
    ),
    "strange values": (header_tiff(tiff(), BitsPerSample=1024), "1024-bit values are not taken"),
    "jpeg xl in tiff": (tiff(values("uint8"), compression="jpegxl"), "JPEGXL compression is not taken.*LZW"),
    "many samples": (
        tiff(values("uint8", (70, 90, 9)), photometric="minisblack", planarconfig="contig"),
        r"holds 9 images\. Choose one with channel=",
    ),
    "cmyk": (tiff(values("uint8", (70, 90, 4)), photometric="separated"), r"SEPARATED.*neither gray nor RGB"),
    "nan": (tiff(np.full_like(NAN, np.nan)), "no value is finite"),
    "infinite": (tiff(np.full_like(HOLE, -np.inf)), "no value is finite"),
    "constant": (tiff(np.full((70, 90), 7, np.uint8)), "every pixel has the value 7"),
    "pages": (stack(GRAY, GRAY, GRAY), "a stack of 3 frames.*frame=0 to 2"),
    "imagej stack": (tiff(values("uint16", (5, 70, 90)), imagej=True), "holds 5 images"),
    "ome stack": (
        tiff(values("uint16", (4, 70, 90)), ome=True, metadata={"axes": "ZYX"}),
        "a stack of 4 frames",
    ),
    "different pages": (
        stack(GRAY, GRAY[:65, :80]),
        r"holds 2 images.*image 0 \(90 x 70 px, uint16\); 1: image 1 \(80 x 65 px",
    ),
}


@pytest.mark.parametrize(("file", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_named_with_its_reason(file, reason):
    with pytest.raises((ImageUnreadable, ImageUnusable), match=f"^iron.dat: .*{reason}") as caught:
        read_image(file, name="iron.dat")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["huge png", "huge tiff", "wide tiff", "huge tiles", "many samples"])
def test_the_size_in_a_header_is_not_allocated(kind):
    assert allocated_by_reading(BAD_FILES[kind][0]) < 4e6


def test_a_small_file_that_inflates_beyond_its_header_is_refused():
    bomb = header_tiff(
        tiff(np.zeros((9000, 9000), np.uint8), compression="zlib", rowsperstrip=9000),
        RowsPerStrip=70,
        ImageLength=70,
        ImageWidth=90,
    )
    assert allocated_by_reading(bomb) < 4e6


def test_a_missing_file_a_folder_and_a_forbidden_one_have_different_messages(tmp_path):
    with pytest.raises(ImageUnreadable, match=r"gone.tif: there is no such file"):
        read_image(tmp_path / "gone.tif")
    with pytest.raises(ImageUnreadable, match=r"cannot be opened \(Is a directory\)"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.ones(100), "shape .100,. is no image"),
        (np.ones((3, 70, 90)), "colour as a last axis"),
        (np.array([["a"] * 90] * 70), "type <U1 are not taken"),
        (np.full((70, 90), np.nan), "no value is finite"),
        (np.dstack([np.full((70, 90, 3), 7.0), RANDOM.random((70, 90))]), "every pixel has the value 7"),
        ("iron.tif", "is no image"),
    ],
    ids=["line", "planes first", "words", "nan", "constant but for alpha", "text"],
)
def test_an_array_that_is_no_image_is_refused_with_the_reason(pixels, reason):
    with pytest.raises(ImageUnusable, match=f"^fixed: .*{reason}"):
        Image(pixels, name="fixed")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    source=st.sampled_from(
        [
            tiff(compression="zlib").getvalue(),
            tiff(compression="lzw", predictor=True, tile=(32, 32)).getvalue(),
            tiff(imagej=True, resolution=(5, 5), metadata={"unit": "um"}).getvalue(),
            tiff(ome=True, metadata={"axes": "YX", "PhysicalSizeX": 1, "PhysicalSizeY": 1}).getvalue(),
            png(values("uint8", (70, 90, 3)), physical(0.5, 0.5)).getvalue(),
        ]
    ),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    kept=st.floats(0.01, 1),
)
def test_a_damaged_file_gives_an_image_or_an_error(source, damage, kept):
    data = bytearray(source)
    for at, value in damage:
        data[int(at**3 * (len(data) - 1))] = value  # mostly near the start, where the headers are
    try:
        read_image(io.BytesIO(data[: max(1, int(len(data) * kept))]))
    except RegistrationError as error:
        assert str(error).startswith("image: ")


@pytest.mark.parametrize("hole", [NAN, HOLE], ids=["nan", "infinite"])
def test_values_that_are_not_finite_are_0_in_grey_and_do_not_change_the_others(hole):
    rest = np.isfinite(hole)
    shades = gray(hole)
    assert (shades[~rest] == 0).all()
    assert np.allclose(shades[rest], gray(np.where(rest, hole, hole[rest].min()))[rest], atol=1e-6)


def test_outliers_do_not_compress_the_grey_values_of_the_others():
    counts = np.random.default_rng(1).poisson(100, (200, 200)).astype(np.uint32)
    counts[5, 7] = 2**32 - 1
    shades = gray(counts)
    assert shades[5, 7] == 1
    assert np.std(np.delete(shades.ravel(), 5 * 200 + 7)) > 0.05
