"""Files of all formats, made here: their values, pixel spacing, channels, frames and levels."""

from __future__ import annotations

import io
import struct

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Picture
from support import instrument_files as files

from xebra import inspect, read_image
from xebra.errors import ImageChoiceNeeded, ImageUnreadable
from xebra.readers import choose
from xebra.readers.channel import Channel
from xebra.readers.elements import is_element

GRAY, DEEP = files.image(), files.image("uint16")


def names(path):
    """Names of a file's channels."""
    return [channel.name for channel in inspect(path).channels]


class TestOmeTiff:
    def test_channels_are_chosen_by_name_or_number(self, tmp_path):
        stack, path = files.image("uint16", (3, 70, 90)), tmp_path / "a.ome.tif"
        tifffile.imwrite(path, stack, metadata={"axes": "CYX", "Channel": {"Name": ["SE", "BSE", "Fe Ka"]}})
        assert names(path) == ["SE", "BSE", "Fe Ka"]
        assert [c.kind for c in inspect(path).channels] == ["image", "image", "map"]
        for chosen in ("bse", 1, "1"):
            np.testing.assert_array_equal(read_image(path, channel=chosen).pixels, stack[1])
        assert read_image(path, channel="Fe").selected.channel.name == "Fe Ka"

    def test_every_plane_of_channels_times_and_sections_is_reached(self, tmp_path):
        stack, path = files.image("uint8", (2, 3, 4, 70, 90)), tmp_path / "a.ome.tif"
        tifffile.imwrite(path, stack, metadata={"axes": "TCZYX"})
        [channel, *_] = inspect(path).channels
        assert channel.frames == 8
        image = read_image(path, channel=2, frame=5)  # time 1, section 1
        np.testing.assert_array_equal(image.pixels, stack[1, 2, 1])

    def test_levels_of_a_pyramid_have_their_own_spacing(self, tmp_path):
        path = tmp_path / "a.ome.tif"
        with tifffile.TiffWriter(path, bigtiff=True) as writer:
            metadata = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
            writer.write(GRAY, subifds=1, metadata=metadata)
            writer.write(GRAY[::2, ::2], subfiletype=1)
        assert inspect(path).channels[0].levels == ((35, 45),)
        assert read_image(path).pixel_spacing == 0.5
        small = read_image(path, level=1)
        np.testing.assert_array_equal(small.pixels, GRAY[::2, ::2])
        assert small.pixel_spacing == 1.0 and small.pixel_spacing_xy == (1.0, 1.0)

    def test_stage_positions_are_lengths_or_nothing(self, tmp_path):
        path = tmp_path / "a.ome.tif"
        plane = {"PositionX": [1.5], "PositionXUnit": ["mm"], "PositionY": [2.0], "PositionYUnit": ["mm"]}
        tifffile.imwrite(path, GRAY, metadata={"axes": "YX", "Plane": plane})
        assert inspect(path).channels[0].stage.x_um == 1500


class TestImageJ:
    def test_hyperstacks_offer_channels_and_frames(self, tmp_path):
        stack, path = files.image("uint16", (3, 2, 70, 90)), tmp_path / "a.tif"
        tifffile.imwrite(
            path, stack, imagej=True, metadata={"axes": "ZCYX", "unit": "nm"}, resolution=(0.2, 0.2)
        )
        image = read_image(path, channel=1, frame=2)
        np.testing.assert_array_equal(image.pixels, stack[2, 1])
        assert image.pixel_spacing == pytest.approx(0.005)

    def test_a_stack_behind_one_directory_is_read_plane_by_plane(self, tmp_path):
        stack, path = files.image("uint16", (4, 70, 90)).astype(">u2"), tmp_path / "a.tif"
        text = "ImageJ=1.54f\nimages=4\nslices=4\n"
        tifffile.imwrite(path, stack[0], byteorder=">", description=text, metadata=None)
        with path.open("ab") as file:
            file.write(stack[1:].tobytes())
        image = read_image(path, frame=3)
        np.testing.assert_array_equal(image.pixels, stack[3])


class TestTiff:
    @pytest.mark.parametrize("compression", ["jpeg", "jpeg2000"])
    def test_compressions_of_photographs_are_read(self, tmp_path, compression):
        path, smooth = tmp_path / "a.tif", np.add.outer(np.arange(70), np.arange(90)).astype(np.uint8)
        tifffile.imwrite(path, smooth, compression=compression, tile=(64, 64))
        assert np.abs(read_image(path).pixels.astype(int) - smooth).max() <= 4

    def test_bilevel_images_are_0_and_1(self, tmp_path):
        tifffile.imwrite(tmp_path / "a.tif", GRAY > 100)
        image = read_image(tmp_path / "a.tif")
        assert image.pixels.dtype == np.uint8
        np.testing.assert_array_equal(image.pixels, GRAY > 100)

    def test_complex_values_are_shown_by_their_modulus(self, tmp_path):
        values = (GRAY * (0.6 + 0.8j)).astype(np.complex64)
        tifffile.imwrite(tmp_path / "a.tif", values)
        np.testing.assert_allclose(read_image(tmp_path / "a.tif").pixels, GRAY, rtol=1e-6)

    def test_two_values_per_pixel_are_two_channels(self, tmp_path):
        both = files.image("uint8", (70, 90, 2))
        tifffile.imwrite(tmp_path / "a.tif", both, photometric="minisblack", extrasamples=["unspecified"])
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif", channel=1).pixels, both[..., 1])

    def test_a_colour_image_beside_a_measured_one_asks(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
            writer.write(files.image("uint8", (70, 90, 3)), photometric="rgb", metadata=None)
            writer.write(DEEP, metadata=None)
        with pytest.raises(ImageChoiceNeeded, match="holds 2 images") as caught:
            read_image(tmp_path / "a.tif")
        assert [c.dtype for c in caught.value.choices] == ["uint8", "uint16"]
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif", channel=1).pixels, DEEP)


class TestPalettes:
    def levels(self, path, indices, table):
        tifffile.imwrite(path, indices, photometric="palette", colormap=table, metadata=None)
        return read_image(path).pixels

    def test_phases_of_equal_brightness_become_distinct_levels(self, tmp_path):
        phases = np.arange(70 * 90).reshape(70, 90).astype(np.uint8) % 4
        table = np.zeros((3, 256), np.uint16)
        table[:, 0], table[:, 1], table[:, 2], table[:, 3] = (
            (65535, 0, 0),
            (0, 65535, 0),
            (0, 0, 65535),
            (21845,) * 3,
        )
        found = self.levels(tmp_path / "a.tif", phases, table)
        assert (found.dtype, found.shape) == (np.uint8, (70, 90))
        levels = [np.unique(found[phases == phase]).tolist() for phase in range(4)]
        assert sorted(levels) == [[0], [85], [170], [255]]

    def test_grays_that_are_inverted_are_looked_up(self, tmp_path):
        table = np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))
        np.testing.assert_array_equal(self.levels(tmp_path / "a.tif", GRAY, table), 255 - GRAY)

    def test_many_colours_are_a_picture(self, tmp_path):
        table = files.RANDOM.integers(0, 256, (3, 256)).astype(np.uint16) * 257
        assert self.levels(tmp_path / "a.tif", GRAY, table).shape == (70, 90, 3)


@pytest.mark.parametrize("format", ["BMP", "GIF", "PNG"])
def test_pictures_with_a_gray_palette_stay_8_bit_gray(tmp_path, format):
    picture = Picture.fromarray(GRAY, "L").convert("P")
    picture.save(tmp_path / "a", format)
    image = read_image(tmp_path / "a")
    assert image.pixels.dtype == np.uint8
    np.testing.assert_array_equal(image.pixels, GRAY)


def test_jpeg_is_read(tmp_path):
    smooth = np.add.outer(np.arange(70), np.arange(90)).astype(np.uint8)
    Picture.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "a.jpg").pixels.astype(int) - smooth).max() <= 4


def test_frames_of_a_gif_are_chosen(tmp_path):
    frames = [Picture.fromarray(files.image("uint8")) for _ in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageChoiceNeeded, match="3 frames"):
        read_image(tmp_path / "a.gif")
    assert read_image(tmp_path / "a.gif", frame=2).pixels.shape[:2] == (70, 90)


@pytest.mark.parametrize("version", [3, 4])
def test_dm3_and_dm4(tmp_path, version):
    (tmp_path / "a").write_bytes(
        files.DigitalMicrograph(version).file(DEEP, 2.5, "nm")
    )  # known by its content
    image = read_image(tmp_path / "a")
    np.testing.assert_array_equal(image.pixels, DEEP)
    assert (image.pixel_spacing, image.spacing_source) == (0.0025, "DigitalMicrograph axes")


def test_ser_stores_the_lowest_row_first(tmp_path):
    stack = files.image("uint16", (3, 70, 90))
    (tmp_path / "a.ser").write_bytes(files.ser(stack, 5e-9))
    image = read_image(tmp_path / "a.ser", frame=2)
    np.testing.assert_array_equal(image.pixels, stack[2, ::-1])
    assert image.pixel_spacing == pytest.approx(0.005)


def test_mrc(tmp_path):
    stack = files.image("float32", (2, 70, 90))
    (tmp_path / "a.mrc").write_bytes(files.mrc(4.0, stack))
    image = read_image(tmp_path / "a.mrc", frame=1)
    np.testing.assert_array_equal(image.pixels, stack[1])
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(4e-4), "MRC cell")
    (tmp_path / "b.mrc").write_bytes(files.mrc(1.0, stack[:1]))  # what is written where nothing is known
    assert read_image(tmp_path / "b.mrc").pixel_spacing is None
    (tmp_path / "c.mrc").write_bytes(files.mrc(1.0, stack)[:2000])
    with pytest.raises(ImageUnreadable, match="do not fit"):
        read_image(tmp_path / "c.mrc")


def axis(name, size, scale, units, navigate=False):
    about = {"name": name, "size": size, "scale": scale, "offset": 0.0, "units": units, "navigate": navigate}
    return about | {"index_in_array": None, "_type": "UniformDataAxis", "is_binned": False}


def signal(data, axes, title, **metadata):
    for number, each in enumerate(axes):
        each["index_in_array"] = number
    about = {"General": {"title": title}, "Signal": {"signal_type": ""}, **metadata}
    return {
        "data": data,
        "axes": axes,
        "metadata": about,
        "original_metadata": {},
        "attributes": {"_lazy": False},
    } | {
        "learning_results": {},
        "models": {},
        "package_info": {},
        "tmp_parameters": {},
    }


class TestHyperSpy:
    def test_an_image_has_its_scale_and_stage(self, tmp_path):
        from rsciio.hspy import file_writer

        stage = {"Acquisition_instrument": {"SEM": {"Stage": {"x": 1.5, "rotation": 30.0}}}}
        axes = [axis("y", 70, 2.0, "nm"), axis("x", 90, 2.0, "nm")]
        file_writer(str(tmp_path / "a.hspy"), signal(DEEP, axes, "HAADF", **stage))
        image = read_image(tmp_path / "a.hspy")
        np.testing.assert_array_equal(image.pixels, DEEP)
        assert image.pixel_spacing == pytest.approx(0.002)
        channel = image.selected.channel
        assert (channel.name, channel.stage.x_um, channel.stage.rotation_deg) == ("HAADF", 1500, 30)

    def test_an_eds_cube_gives_total_counts_a_line_and_a_window(self, tmp_path):
        from rsciio.hspy import file_writer

        cube = files.RANDOM.integers(0, 3, (64, 66, 80)).astype(np.uint8)
        axes = [axis("y", 64, 1, "um", True), axis("x", 66, 1, "um", True), axis("Energy", 80, 0.1, "keV")]
        file_writer(str(tmp_path / "a.hspy"), signal(cube, axes, "EDS", Sample={"xray_lines": ["Fe_Ka"]}))
        assert names(tmp_path / "a.hspy") == ["EDS: total counts", "EDS: Fe_Ka"]
        total = read_image(tmp_path / "a.hspy", channel="total counts").pixels
        np.testing.assert_array_equal(total, cube.sum(-1))
        line = read_image(tmp_path / "a.hspy", channel="EDS: Fe_Ka")  # 6.405 keV, 0.13 keV wide
        np.testing.assert_array_equal(line.pixels, cube[..., 63:66].sum(-1))
        window = read_image(tmp_path / "a.hspy", channel="EDS:1.7-2.0").pixels
        np.testing.assert_array_equal(window, cube[..., 17:21].sum(-1))

    def test_reciprocal_lengths_are_no_pixel_spacing(self, tmp_path):
        from rsciio.hspy import file_writer

        axes = [axis("y", 70, 0.1, "1/nm"), axis("x", 90, 0.1, "1/nm")]
        file_writer(str(tmp_path / "a.hspy"), signal(DEEP, axes, "diffraction"))
        assert read_image(tmp_path / "a.hspy").pixel_spacing is None


def test_emd_of_ncem(tmp_path):
    from rsciio.emd import file_writer

    file_writer(
        str(tmp_path / "a.emd"), signal(DEEP, [axis("y", 70, 3, "nm"), axis("x", 90, 3, "nm")], "HAADF")
    )
    image = read_image(tmp_path / "a.emd")
    np.testing.assert_array_equal(image.pixels, DEEP)
    assert image.pixel_spacing == pytest.approx(0.003)


def test_velox_lists_the_image_and_decodes_its_eds_stream_when_asked(tmp_path):
    counts = files.RANDOM.integers(0, 3, (64, 66, 50))
    path = files.velox(tmp_path / "a.emd", files.image("uint16", (64, 66)), counts)
    assert names(path) == ["HAADF", "EDS: total counts"]
    image = read_image(path)
    assert (image.selected.channel.name, image.pixel_spacing) == ("HAADF", pytest.approx(0.002))
    total = read_image(path, channel="EDS: total counts")
    np.testing.assert_array_equal(total.pixels, counts.sum(-1))
    window = read_image(path, channel="EDS:0.10-0.20")
    np.testing.assert_array_equal(window.pixels, counts[..., 10:21].sum(-1))


class TestHdf5:
    def test_nexus_data_have_the_steps_of_their_axes(self, tmp_path):
        with h5py.File(tmp_path / "a.nxs", "w") as file:
            group = file.create_group("entry/data")
            file["entry"].attrs["NX_class"], group.attrs["NX_class"] = "NXentry", "NXdata"
            group.attrs["axes"] = ["y", "x"]
            group["counts"] = DEEP
            for name, size in zip("yx", DEEP.shape, strict=True):
                group[name] = np.arange(size) * 0.25
                group[name].attrs["units"] = "mm"
        image = read_image(tmp_path / "a.nxs")
        np.testing.assert_array_equal(image.pixels, DEEP)
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(250), "NeXus axes")
        assert inspect(tmp_path / "a.nxs").format == "NeXus"

    def test_data_sets_are_chosen_by_path(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["scan/first"], file["scan/second"] = DEEP, GRAY
            file["scan/stack"] = files.image("uint8", (5, 70, 90))
            file["energies"] = np.arange(9.0)
        with pytest.raises(ImageChoiceNeeded) as caught:
            read_image(tmp_path / "a.h5")
        assert [c.name for c in caught.value.choices] == ["/scan/first", "/scan/second", "/scan/stack"]
        np.testing.assert_array_equal(read_image(tmp_path / "a.h5", channel="/scan/second").pixels, GRAY)
        assert read_image(tmp_path / "a.h5", channel="stack", frame=4).shape == (70, 90)

    def test_previews_and_tiny_images_are_passed_over(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["Acquisition0/Image"], file["Acquisition1/Image"] = DEEP, DEEP[:4, :4]
            file["Preview/Image"] = files.image("uint8", (70, 90, 3))
        image = read_image(tmp_path / "a.h5")
        np.testing.assert_array_equal(image.pixels, DEEP)
        assert "Acquisition1" in image.selected.reason

    def test_data_in_other_files_are_refused(self, tmp_path):
        (tmp_path / "secret").write_bytes(bytes(70 * 90))
        with h5py.File(tmp_path / "a.h5", "w") as file:
            external = [(str(tmp_path / "secret"), 0, 70 * 90)]
            file.create_dataset("image", (70, 90), "u1", external=external)
        with pytest.raises(ImageUnreadable, match="lies in other files"):
            read_image(tmp_path / "a.h5")


@pytest.mark.parametrize("version", [2, 3], ids=["NGFF 0.4", "NGFF 0.5"])
def test_ome_zarr(tmp_path, version):
    stack = files.image("uint16", (2, 70, 90))
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    for name, data in (("0", stack), ("1", stack[:, ::2, ::2])):
        root.create_array(name, shape=data.shape, dtype=data.dtype, chunks=(1, 32, 32))[:] = data
    axes = [{"name": "c", "type": "channel"}] + [
        {"name": name, "type": "space", "unit": "nanometer"} for name in "yx"
    ]
    levels = [
        {"path": p, "coordinateTransformations": [{"type": "scale", "scale": [1, s, s]}]}
        for p, s in (("0", 5), ("1", 10))
    ]
    about = {
        "multiscales": [{"axes": axes, "datasets": levels}],
        "omero": {"channels": [{"label": "SE"}, {"label": "BSE"}]},
    }
    root.attrs.update({"ome": about} if version == 3 else about)
    image = read_image(tmp_path / "a.zarr", channel="BSE")
    np.testing.assert_array_equal(image.pixels, stack[1])
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.005), "OME-NGFF scale")
    small = read_image(tmp_path / "a.zarr", channel="SE", level=1)
    np.testing.assert_array_equal(small.pixels, stack[0, ::2, ::2])
    assert small.pixel_spacing == pytest.approx(0.01)
    assert len(image.sha256) == 64


def test_without_the_optional_readers_the_message_says_what_to_install(tmp_path, monkeypatch):
    import sys

    for name in ("rsciio.digitalmicrograph", "mrcfile", "h5py", "zarr"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "a.dm3").write_bytes(files.DigitalMicrograph(3).file(DEEP, 2.5, "nm"))
    (tmp_path / "a.mrc").write_bytes(files.mrc(4.0, DEEP[None]))
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    for name in ("a.dm3", "a.mrc", "a.h5"):
        with pytest.raises(ImageUnreadable, match=r'pip install "xebra\[formats\]"'):
            read_image(tmp_path / name)
    file = io.BytesIO()
    tifffile.imwrite(file, GRAY)
    np.testing.assert_array_equal(read_image(file).pixels, GRAY)


def channel(name, kind="image", side=128, **more):
    return Channel(name, (side, side), "uint16", kind=kind, **more)


class TestDefaults:
    @pytest.mark.parametrize(
        ("channels", "chosen"),
        [
            ([channel("a")], 0),
            ([channel("a"), channel("b")], None),
            ([channel("small", side=32), channel("b")], 1),
            ([channel("Fe", "map"), channel("SE")], 1),
            ([channel("SE"), channel("BSE"), channel("Fe", "map")], 1),
            ([channel("detector 1"), channel("detector 2"), channel("Fe", "map")], 0),
            ([channel("Fe", "map"), channel("Ni", "map")], None),
            ([channel("thumbnail", "preview"), channel("b")], 1),
        ],
    )
    def test_what_needs_no_naming(self, channels, chosen):
        found = choose.default(channels)
        assert (found and found[0]) == chosen

    @pytest.mark.parametrize("name", ["Fe", "Fe Ka", "Fe_Ka1", "O-K", "Au M"])
    def test_element_maps_are_known_by_their_names(self, name):
        assert is_element(name)

    @pytest.mark.parametrize("name", ["SE", "BSE", "HAADF", "B-D", "image 0", "DAPI", "In the lens"])
    def test_detectors_are_no_elements(self, name):
        assert not is_element(name)

    @pytest.mark.parametrize("wanted", ["c", 2, -1, "image", ""])
    def test_a_channel_that_is_not_there_or_not_the_only_one_is_an_error_with_choices(self, wanted):
        channels = [channel("image a"), channel("image b")]
        with pytest.raises(ImageChoiceNeeded, match="no single channel") as caught:
            choose.choose("file", channels, wanted, None, None)
        assert caught.value.choices == channels

    def test_frames_and_levels_that_are_not_there_are_named(self):
        stack = [channel("a", frames=3, levels=((64, 64),))]
        for wrong, known in (({"frame": 3}, "frames: 0 to 2"), ({"frame": 0, "level": 2}, "to 1")):
            with pytest.raises(ImageUnreadable, match=known):
                choose.choose("file", stack, None, wrong.get("frame"), wrong.get("level"))


def test_a_block_file_that_states_more_patterns_than_it_has_bytes_is_refused_at_once():
    header = b"IMGBLO" + struct.pack("<HIIIHHHH", 258, 4096, 4096, 0, 12, 0, 60000, 60000)
    with pytest.raises(ImageUnreadable, match="60000 x 60000 patterns of 12 x 12 px"):
        inspect(io.BytesIO(header + bytes(8192)), name="a.blo")
    for damaged in (header[:20], b"I1BLO" + header[6:] + bytes(8192)):
        with pytest.raises(ImageUnreadable, match="truncated or damaged"):
            inspect(io.BytesIO(damaged), name="a.blo")
