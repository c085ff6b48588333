"""Pixel spacing, stage and detector as instruments write them into TIFF files or beside them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from support import instrument_files as files

from xebra import inspect, read_image

PIXELS = files.image()


def image_and_channel(path):
    """The image, and the metadata of its channel."""
    image = read_image(path)
    return image, image.selected.channel


class TestZeiss:
    def test_the_image_pixel_size_is_that_of_the_stored_image(self, tmp_path):
        lines = [
            ("AP_PIXEL_SIZE", "Pixel Size = 99.0 nm"),
            ("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 12.5 nm"),
            ("AP_STAGE_AT_X", "Stage at X = 48.5 mm"),
            ("AP_STAGE_AT_R", "Stage at R = 233.5 °"),
            ("DP_DETECTOR_CHANNEL", "Signal A = InLens"),
        ]
        image, channel = image_and_channel(files.zeiss(tmp_path / "zeiss.tif", PIXELS, *lines))
        assert image.pixel_spacing == pytest.approx(0.0125)
        assert image.spacing_source == "Zeiss ap_image_pixel_size"
        assert (channel.stage.x_um, channel.stage.rotation_deg) == (pytest.approx(48_500), 233.5)
        assert channel.detector == "InLens"

    def test_the_pixel_size_holds_for_a_display_of_1024_px(self, tmp_path):
        lines = [("AP_PIXEL_SIZE", "Pixel Size = 100 nm")]
        image, _ = image_and_channel(files.zeiss(tmp_path / "a.tif", files.image(shape=(96, 2048)), *lines))
        assert image.pixel_spacing == pytest.approx(0.05)

    def test_the_header_is_the_last_resort(self, tmp_path):
        image, _ = image_and_channel(
            files.zeiss(tmp_path / "a.tif", files.image(shape=(96, 512)), header_m=2e-8)
        )
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.04), "Zeiss header")

    def test_a_palette_of_grays_stays_8_bit_gray(self, tmp_path):
        table = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
        tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="palette", colormap=table, metadata=None)
        image = read_image(tmp_path / "a.tif")
        assert image.pixels.dtype == np.uint8
        np.testing.assert_array_equal(image.pixels, PIXELS)


class TestThermo:
    def test_the_scans_pixel_width_counts_and_the_stage_is_in_m_and_rad(self, tmp_path):
        image, channel = image_and_channel(files.fei(tmp_path / "fei.tif", PIXELS))
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.05), "FEI Scan PixelWidth")
        assert (channel.stage.x_um, channel.stage.y_um) == (pytest.approx(1000), pytest.approx(-2000))
        assert channel.stage.rotation_deg == pytest.approx(np.degrees(1.5))
        assert (channel.detector, channel.scan_rotation_deg) == ("ETD", pytest.approx(np.degrees(0.5)))

    def test_an_image_stored_at_half_the_resolution_has_twice_the_spacing(self, tmp_path):
        image, _ = image_and_channel(
            files.fei(tmp_path / "fei.tif", PIXELS, ResolutionX=str(2 * PIXELS.shape[1]))
        )
        assert image.pixel_spacing == pytest.approx(0.1)

    def test_xml_of_the_tem_programs(self, tmp_path):
        xml = (
            b"<Metadata><BinaryResult><PixelSize><X unit='m'>2e-10</X><Y unit='m'>2e-10</Y></PixelSize>"
            b"</BinaryResult></Metadata>"
        )
        image, _ = image_and_channel(files.tiff(tmp_path / "a.tif", PIXELS, (34683, "s", 0, xml)))
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(2e-4), "Thermo PixelSize")

    def test_pixels_that_are_not_square_keep_both_spacings(self, tmp_path):
        image = read_image(files.fei(tmp_path / "fei.tif", PIXELS, PixelHeight="6e-08"))
        assert image.pixel_spacing_xy == pytest.approx((0.05, 0.06))


def test_tvips_states_nm_and_the_stage_in_m(tmp_path):
    image, channel = image_and_channel(files.tvips(tmp_path / "tvips.tif", PIXELS, 1.25))
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.00125), "TVIPS PixelSizeX")
    assert channel.stage.y_um == pytest.approx(-2)


def test_tescan_writes_lines_into_a_binary_tag(tmp_path):
    header = b"\x00\x01junk\r\n[MAIN]\r\nPixelSizeX=2.5e-8\r\nPixelSizeY=2.5e-8\r\n"
    header += b"[SEM]\r\nStageX=0.001\r\nDetector=BSE\r\n"
    image, channel = image_and_channel(
        files.tiff(tmp_path / "t.tif", PIXELS, (50431, "B", len(header), header))
    )
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.025), "TESCAN PixelSizeX")
    assert (channel.stage.x_um, channel.detector) == (pytest.approx(1000), "BSE")


def test_digital_micrograph_states_scale_and_unit_of_both_axes(tmp_path):
    tags = [(65003, "s", 0, "nm"), (65004, "s", 0, "nm"), (65009, "d", 1, 3.5), (65010, "d", 1, 3.5)]
    image, _ = image_and_channel(files.tiff(tmp_path / "dm.tif", PIXELS, *tags))
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.0035), "DigitalMicrograph scale")


def test_openfibsem_writes_json(tmp_path):
    text = {
        "image": {"beam_type": "ION"},
        "pixel_size": {"x": 4e-8, "y": 4e-8},
        "microscope_state": {
            "stage_position": {"x": 1e-3, "r": 0.5},
            "ion_detector": {"type": "ICE"},
            "electron_detector": {"type": "ETD"},
        },
    }
    image, channel = image_and_channel(files.tiff(tmp_path / "a.tif", PIXELS, description=json.dumps(text)))
    assert image.pixel_spacing == pytest.approx(0.04)
    assert (channel.stage.x_um, channel.detector) == (pytest.approx(1000), "ICE")


def test_jeol_sightx_divides_the_detectors_resolution_by_the_magnification(tmp_path):
    xml = "<TemReporter><ImageFormingSystem><ModeString>MAG</ModeString><SelectorValue>1000</SelectorValue>"
    xml += "</ImageFormingSystem></TemReporter>"
    options = {"resolution": (1000, 1000), "resolutionunit": "CENTIMETER", "description": xml}
    image, _ = image_and_channel(
        files.tiff(tmp_path / "a.tif", PIXELS, (271, "s", 0, "JEOL Ltd."), **options)
    )
    assert image.pixel_spacing == pytest.approx(0.01)


class TestTextFilesBeside:
    def test_of_a_jeol_sem(self, tmp_path):
        files.tiff(tmp_path / "a.tif", PIXELS)
        (tmp_path / "a.txt").write_text(
            "$CM_FORMAT 0\r\n$CM_SIGNAL SEI\r\n$CM_FULL_SIZE 90 70\r\n"
            "$CM_STAGE_POS 1.5 -2.5 10.0 3.0 45.0 0\r\n"
            "$$SM_MICRON_BAR 40\r\n$$SM_MICRON_MARKER 10um\r\n"
        )
        image, channel = image_and_channel(tmp_path / "a.tif")
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.25), "JEOL SM_MICRON_MARKER")
        assert (channel.stage.x_um, channel.stage.rotation_deg, channel.stage.tilt_deg) == (1500, 45, 3)
        assert channel.detector == "SEI"

    def test_of_a_hitachi_sem_hold_for_the_size_that_they_state(self, tmp_path):
        files.tiff(tmp_path / "a.tif", PIXELS)
        text = "[SemImageFile]\r\nDataSize=180x140\r\nPixelSize=49.5\r\nSignalName=SE\r\n"
        text += "StagePositionX=1500000\r\n"
        (tmp_path / "a.txt").write_bytes(text.encode("utf-16"))
        image, channel = image_and_channel(tmp_path / "a.tif")
        assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(0.099), "Hitachi PixelSize")
        assert (channel.detector, channel.stage.x_um) == ("SE", pytest.approx(1500))

    def test_of_a_tescan_sem(self, tmp_path):
        files.tiff(tmp_path / "a.tif", PIXELS)
        (tmp_path / "a-tif.hdr").write_text("[MAIN]\nPixelSizeX=1e-8\nPixelSizeY=1e-8\n")
        assert read_image(tmp_path / "a.tif").pixel_spacing == pytest.approx(0.01)

    def test_a_note_beside_the_image_says_nothing(self, tmp_path):
        files.tiff(tmp_path / "a.tif", PIXELS)
        (tmp_path / "a.txt").write_text("remember to clean the aperture")
        assert read_image(tmp_path / "a.tif").pixel_spacing is None


def test_olympus_shows_its_16_bit_image_and_not_the_preview(tmp_path):
    path = files.olympus(tmp_path / "sis.tif", files.image("uint16"), 2.5e-11)
    image, channel = image_and_channel(path)
    assert (image.pixels.dtype, channel.detector) == (np.uint16, "Quemesa")
    assert (image.pixel_spacing, image.spacing_source) == (pytest.approx(2.5e-5), "Olympus SIS pixelsizex")
    assert inspect(path).reason == "the only image beside image 0"


@pytest.mark.parametrize("unit", ["A", "Å", "\\u00C5", "angstroms", "Angstrom"])
def test_angstrom_is_one_unit_however_it_is_spelled(tmp_path, unit):
    text = f"ImageJ=1.54f\nunit={unit}\n"
    options = {"resolution": (0.5, 0.5), "resolutionunit": "NONE"}
    path = tmp_path / "a.tif"
    path.write_bytes(_with_description(text, options))
    assert read_image(path).pixel_spacing == pytest.approx(2e-4)


def _with_description(text: str, options: dict) -> bytes:
    """A TIFF whose description need not be ASCII."""
    import io

    file = io.BytesIO()
    tifffile.imwrite(
        file, PIXELS, metadata=None, extratags=[(270, "s", 0, text.encode("latin-1"), True)], **options
    )
    return file.getvalue()


@pytest.mark.parametrize("size", ["X", "Y"])
def test_ome_size_of_one_axis_holds_for_both(tmp_path, size):
    metadata = {"axes": "YX", f"PhysicalSize{size}": 50, f"PhysicalSize{size}Unit": "nm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", PIXELS, metadata=metadata)
    image = read_image(tmp_path / "a.ome.tif")
    assert image.pixel_spacing == pytest.approx(0.05)
    assert image.spacing_source == f"OME metadata ({size.lower()} only)"


def test_metadata_in_a_shape_that_no_instrument_writes_is_no_metadata(tmp_path):
    tags = [(34118, "s", 0, b"\r\n\r\n\r\nnot a number"), (37706, "B", 4, b"oops"), (34682, "s", 0, b"[Scan")]
    for number, tag in enumerate(tags):
        image = read_image(files.tiff(tmp_path / f"{number}.tif", PIXELS, tag))
        assert image.pixel_spacing is None
