"""Files with several images on the page: one click chooses, and a result goes to further channels."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Locator, Page, expect
from support import several_images
from support.accessible import faults
from support.browser import Shown, ask, choose, opened, register, settled, wait_for_result

from xebra.image_files import write_tiff
from xebra.resample import resample

DROP = """async ([selector, files]) => {
  const data = new DataTransfer()
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    data.items.add(new File([bytes], name))
  }
  const target = document.querySelector(selector)
  target.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
}"""


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    with opened(browser, service_url) as page:
        yield page


def slot(page: Page, role: str) -> Locator:
    return page.locator(f"[data-role={role}]")


def loaded(pictures: Locator, count: int) -> None:
    """Wait until the pictures are there, and shown."""
    expect(pictures).to_have_count(count)
    shown = "pictures => pictures.every(one => one.complete && one.naturalWidth > 0)"
    settled(pictures.page, lambda: pictures.evaluate_all(shown))


def drop(page: Page, selector: str, files: list[Path]) -> None:
    """Drop files, as a mouse does."""
    import base64

    page.wait_for_selector(selector)
    content = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    page.evaluate(DROP, [selector, content])


def on_fixed(shown: Shown, pixels: np.ndarray) -> np.ndarray:
    shape = tuple(shown.result["fixed"]["shape"][:2])
    return resample(pixels, np.array(shown.result["moving_from_fixed"]), shape)


def test_dm4_and_three_channels_need_one_more_click(page, service_url, tmp_path: Path):
    several_images.channels(tmp_path / "grating.ome.tif")
    drop(page, "[data-role=fixed] .drop", [several_images.dm4(tmp_path / "scan.dm4")])
    expect(slot(page, "fixed").locator(".facts")).to_contain_text("DigitalMicrograph")
    drop(page, "[data-role=moving] .drop", [tmp_path / "grating.ome.tif"])
    moving = slot(page, "moving")
    loaded(moving.locator(".channel img"), 3)
    expect(page.get_by_role("button", name="Register")).to_be_disabled()
    expect(page.locator(".submit-bar")).to_contain_text("Choose an image of the moving file.")
    assert faults(page) == []
    moving.locator(".channel", has_text="Phase").click()  # the one more click
    expect(moving.locator(".drop img")).to_have_attribute("src", re_channel(1))
    shown = register(page, service_url)
    assert shown.result["moving"]["selected"] == "Phase"
    expect(page.locator("#registration-title")).to_contain_text("grating.ome.tif: Phase")
    expect(page.locator(".recent-row").first).to_contain_text("grating.ome.tif: Phase onto scan.dm4")


def re_channel(number: int):
    import re

    return re.compile(rf"\?channel={number}$")


def test_the_default_of_an_eds_set_needs_no_click_and_can_be_changed(page, service_url, tmp_path: Path):
    several_images.element_maps(tmp_path / "eds.ome.tif")
    choose(page, "moving", tmp_path / "eds.ome.tif")
    moving = slot(page, "moving")
    expect(moving.get_by_role("radio", name="HAADF")).to_be_checked()
    expect(moving.locator(".channels")).to_contain_text("the only image beside Fe Ka")
    choose(page, "fixed", several_images.dm4(tmp_path / "scan.dm4"))
    moving.locator(".channel", has_text="Fe Ka").click()
    shown = register(page, service_url)
    assert shown.registration["settings"]["moving_channel"] == "1"


def test_a_frame_of_a_stack_is_chosen(page, service_url, tmp_path: Path):
    several_images.stack(tmp_path / "stack.tif")
    choose(page, "fixed", several_images.dm4(tmp_path / "scan.dm4"))
    choose(page, "moving", tmp_path / "stack.tif")
    frame = slot(page, "moving").get_by_label("Frame")
    frame.focus()
    frame.press("ArrowRight")
    frame.press("ArrowRight")
    expect(slot(page, "moving").locator("output")).to_contain_text("2 (0 to 3)")
    shown = register(page, service_url)
    assert shown.result["moving"]["selected"] == "frame 2"


def test_a_line_of_a_spectrum_map_is_chosen_by_its_name(page, service_url, tmp_path: Path):
    several_images.spectrum(tmp_path / "eds.hspy")
    choose(page, "fixed", several_images.dm4(tmp_path / "scan.dm4"))
    choose(page, "moving", tmp_path / "eds.hspy")
    line = slot(page, "moving").get_by_label("X-ray line or energy window")
    line.fill("Xx_Ka")
    line.press("Enter")
    expect(slot(page, "moving").locator(".line-field .spacing-wrong")).to_contain_text("no single channel")
    line.fill("Fe_Ka")
    line.press("Enter")
    expect(slot(page, "moving").locator(".channels")).to_contain_text("Used: EDS:Fe_Ka")
    shown = register(page, service_url)
    assert shown.result["moving"]["selected"] == "EDS: Fe_Ka"


@pytest.fixture
def of_eds(page: Page, service_url: str, tmp_path: Path) -> Shown:
    """The electron image of a set with ten maps, registered."""
    several_images.element_maps(tmp_path / "eds.ome.tif")
    choose(page, "fixed", several_images.dm4(tmp_path / "scan.dm4"))
    choose(page, "moving", tmp_path / "eds.ome.tif")
    return register(page, service_url)


def test_channels_of_the_same_file_follow(of_eds: Shown, tmp_path: Path):
    page, maps = of_eds.page, several_images.element_maps(tmp_path / "again.ome.tif")
    panel = page.locator(".apply")
    expect(panel.get_by_role("checkbox", name="Ti Ka")).to_be_checked()
    panel.get_by_role("button", name="Choose none").click()
    panel.get_by_role("checkbox", name="Ni Ka").check()
    panel.get_by_role("checkbox", name="Cu Ka").check()
    panel.get_by_label("Files").select_option("TIFF for each channel")
    with page.expect_download() as download:
        panel.get_by_role("button", name="Download 2 registered").click()
    assert download.value.suggested_filename == "eds_channels_on_scan.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["eds_Ni Ka_on_scan.tif", "eds_Cu Ka_on_scan.tif"]
        with archive.open("eds_Cu Ka_on_scan.tif") as file:
            found = tifffile.imread(file)
    np.testing.assert_array_equal(found, on_fixed(of_eds, maps["Cu Ka"]))
    assert faults(page) == []


def test_ten_maps_follow_in_one_drop(page, service_url, tmp_path: Path, sample_pair):
    maps = several_images.element_maps(tmp_path / "eds.ome.tif")
    for name in several_images.ELEMENTS:
        write_tiff(tmp_path / f"{name}.tif", maps[name])
    choose(page, "fixed", sample_pair[0])
    choose(page, "moving", sample_pair[1])
    shown = register(page, service_url)
    drop(page, ".apply-drop", [tmp_path / f"{name}.tif" for name in several_images.ELEMENTS])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download 10 registered").click()
    assert download.value.suggested_filename.endswith("_channels_on_fixed.ome.tif")
    found = tifffile.imread(download.value.path())
    expected = [on_fixed(shown, maps[name]) for name in several_images.ELEMENTS]
    np.testing.assert_array_equal(found, expected)


def test_a_binned_map_follows_where_the_same_field_is_confirmed(of_eds: Shown, tmp_path: Path):
    page, panel = of_eds.page, of_eds.page.locator(".apply")
    panel.get_by_role("button", name="Choose none").click()
    write_tiff(tmp_path / "binned.tif", np.random.default_rng(1).integers(1, 99, (128, 128), np.uint16))
    panel.locator("input[type=file]").set_input_files(tmp_path / "binned.tif")
    download = panel.get_by_role("button", name="Download 1 registered")
    expect(download).to_be_disabled()
    panel.get_by_label("Images with another number of pixels show the same field").check()
    with page.expect_download() as event:
        download.click()
    assert tifffile.imread(event.value.path()).shape == tuple(of_eds.result["fixed"]["shape"])


def test_registered_image_is_downloaded_as_ome_tiff(of_eds: Shown):
    with of_eds.page.expect_download() as download:
        of_eds.page.get_by_role("link", name="Registered, with OME metadata").click()
    assert download.value.suggested_filename == "eds_on_scan.ome.tif"
    with tifffile.TiffFile(download.value.path()) as file:
        assert file.is_ome


def test_reload_shows_the_chosen_channel(of_eds: Shown):
    page = of_eds.page
    page.reload()
    wait_for_result(page)
    unchanged = ask("GET", of_eds.url + of_eds.registration["links"]["self"]).json()
    assert unchanged == of_eds.registration
    expect(page.locator("#registration-title")).to_contain_text("eds.ome.tif: HAADF")
