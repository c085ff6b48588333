"""A pair is registered on the page, which shows the result of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, expect
from support.browser import (
    Shown,
    canvas_from_fixed,
    canvas_pixels,
    matrix_of,
    pixels_of,
    registered,
    registration_id,
    set_display_mode,
    settled,
    shows,
    wait_for_result,
)

COLOURS = "Magenta\N{EN DASH}green"


@pytest.fixture(scope="module")
def shown(browser: Browser, service_url: str, sample_pair: tuple[Path, Path]) -> Iterator[Shown]:
    with registered(browser, service_url, *sample_pair) as shown:
        yield shown


@pytest.fixture
def page(shown: Shown) -> Page:
    """The page in its first state."""
    set_display_mode(shown.page, "Blend", 50)
    return shown.page


def test_four_parameters_stand_beside_their_intervals(shown, page):
    result = shown.result
    angle, scale, shift_x, shift_y = (
        result["intervals"]["angle_deg"],
        result["intervals"]["scale"],
        *result["intervals"]["shift_px"],
    )
    px = "\u202fpx"
    expected = {
        "angle": f"{result['angle_deg']:.3f}°± {angle:.3f}°",
        "scale": f"{result['scale']:.4f}± {scale:.4f}",
        "shift_x": f"{result['shift_px'][0]:.2f}{px}± {shift_x:.2f}{px}",
        "shift_y": f"{result['shift_px'][1]:.2f}{px}± {shift_y:.2f}{px}",
    }
    for parameter, text in expected.items():
        cell = page.locator(f"[data-parameter={parameter}] td").first
        expect(cell).to_have_text(text.replace("-", "\u2212"))


def test_verdict_and_reason_are_written(shown, page):
    words = {"accept": "Accepted", "review": "To be reviewed", "refuse": "Refused"}
    verdict = page.locator(".verdict")
    expect(verdict.get_by_role("heading")).to_have_text(words[shown.result["verdict"]])
    assert shown.result["reason"].lower().rstrip(".") in verdict.inner_text().lower()


def test_scale_bar_has_its_length_in_the_fixed_image(shown, page):
    spacing = shown.result["fixed"]["pixel_spacing_um"]
    assert spacing is not None, "the sample pair states its pixel spacing"
    bar = page.locator(".scale-bar")
    number, unit = bar.inner_text().split()
    length_um = float(number) * {"nm": 1e-3, "µm": 1, "mm": 1e3}[unit]
    expected = length_um / spacing * canvas_from_fixed(page)[0, 0]
    assert bar.bounding_box()["width"] == pytest.approx(expected, abs=1)


def test_registered_image_is_downloaded_with_its_values(shown, page, tmp_path):
    with page.expect_download() as download:
        page.get_by_role("link", name="Registered image").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    registered = tifffile.imread(path)
    assert list(registered.shape) == shown.result["fixed"]["shape"]
    assert str(registered.dtype) == shown.result["moving"]["dtype"]


def test_picture_is_downloaded_as_pixels_and_as_lines(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the figure").click()
    pixels = imagecodecs.png_decode(Path(download.value.path()).read_bytes())
    with page.expect_download() as download:
        page.get_by_label("Format of the figure").select_option("SVG")
        page.get_by_role("button", name="Download the figure").click()
    drawing = ElementTree.parse(download.value.path()).getroot()
    width, height = (float(drawing.get(side).removesuffix("pt")) for side in ("width", "height"))
    assert width / height == pytest.approx(pixels.shape[1] / pixels.shape[0], rel=0.01)
    images = drawing.findall(".//{http://www.w3.org/2000/svg}image")
    assert len(images) == 4  # fixed, moving, registered, overlay; everything else is vector graphics
    texts = ["".join(text.itertext()) for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Fixed", "Overlay"} <= set(texts), "text that can be edited"


def test_page_states_that_a_figure_is_being_drawn(page):
    held = []
    page.route("**/picture?*", lambda route: held.append(route))
    page.get_by_role("button", name="Download the figure").click()
    expect(page.get_by_role("button", name="Drawing")).to_be_disabled()
    expect(page.locator(".figure-file [role=status]")).to_have_text("Drawing the figure")
    settled(page, lambda: held)
    with page.expect_download():
        held[0].continue_()
    expect(page.get_by_role("button", name="Download the figure")).to_be_enabled()
    page.unroute("**/picture?*")


def test_overlay_alone_is_looked_at_before_it_is_saved(page):
    page.get_by_label("Figure", exact=True).select_option("Overlay alone")
    page.get_by_role("button", name="Preview").click()
    shown = page.get_by_alt_text("Preview of the figure")
    expect(shown).to_be_visible()
    settled(page, lambda: shown.evaluate("image => image.naturalWidth") == 2048)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the figure").click()
    assert download.value.suggested_filename.endswith("_overlay.svg")
    page.get_by_label("Figure", exact=True).select_option("Four panels")


def test_the_transform_is_downloaded_in_the_chosen_format(shown, page):
    for name, mark in (("JSON", '"fixed_from_moving"'), ("ITK", "Transform"), ("napari", "numpy.loadtxt")):
        option = page.locator("option", has_text=name).first.inner_text()
        page.get_by_label("Format of the transform").select_option(option)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the transform").click()
        assert mark in Path(download.value.path()).read_text(), name


def test_code_to_paste_holds_the_transform(shown, page):
    page.get_by_text("Code for other programs").click()
    page.get_by_label("scikit-image", exact=True).check()
    shown_code = page.locator(".code pre")
    expect(shown_code).to_contain_text("np.array(")
    code = shown_code.inner_text()
    matrix = json.loads(code.split("np.array(")[1].split("))")[0])
    assert np.allclose(matrix, shown.result["moving_from_fixed"], atol=1e-9)


def test_crops_show_the_same_place_in_both_images(shown, page):
    def crops(role: str) -> list[np.ndarray]:
        return [
            pixels_of(canvas)[..., 0].astype(float) for canvas in page.locator(f"[data-crop={role}]").all()
        ]

    expect(page.locator("[data-crop]")).to_have_count(10)
    pairs = list(zip(crops("fixed"), crops("moving"), strict=True))
    assert len(pairs) == 5
    alike = [np.corrcoef(fixed.ravel(), moving.ravel())[0, 1] for fixed, moving in pairs]
    crossed = [np.corrcoef(pairs[i][0].ravel(), pairs[i - 1][1].ravel())[0, 1] for i in range(5)]
    assert np.mean(alike) > np.mean(crossed) + 0.2


def test_detail_is_shown_in_the_viewer_by_a_click(page):
    crop = page.locator("[data-crop=moving]").nth(2)
    image_from_crop = np.linalg.inv(matrix_of(page.locator("[data-crop=fixed]").nth(2), "image"))
    middle = image_from_crop @ [99.5, 99.5, 1]
    crop.click()
    stage = page.locator(".stage")
    expect(stage).to_be_focused()
    box = stage.bounding_box()

    def shown() -> np.ndarray:
        return (canvas_from_fixed(page) @ middle)[:2] - [box["width"] / 2, box["height"] / 2]

    settled(page, lambda: np.abs(shown()).max() < 2)
    page.get_by_role("button", name="Whole image").click()


def test_reload_shows_the_same_registration_in_the_same_view(shown, page):
    set_display_mode(page, COLOURS, 70)
    page.wait_for_url("**/*blend=0.7*")
    before = canvas_pixels(page)
    page.reload()
    wait_for_result(page)
    assert registration_id(page) == shown.registration["id"]
    expect(page.get_by_label(COLOURS)).to_be_checked()
    shows(page, before)


def test_recent_registrations_lead_back_to_the_result(shown, page):
    page.get_by_role("link", name="New registration", exact=True).click()
    expect(page.get_by_role("heading", name="Register a pair")).to_be_visible()
    page.locator(f".recent a[href*='{shown.registration['id']}']").click()
    wait_for_result(page)
    assert registration_id(page) == shown.registration["id"]
