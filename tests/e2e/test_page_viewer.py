"""The viewer: each display mode composes the two images as named, and the URL stores the view."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Page, expect
from scipy import ndimage
from support.accessible import assert_accessible
from support.browser import (
    PATIENCE_MS,
    Shown,
    canvas_from,
    canvas_pixels,
    fixed_from_moving,
    pixels_of,
    set_display_mode,
    settled,
    shows,
    wait_for_result,
)

from xebra import sample

COLOURS = "Magenta\N{EN DASH}green"
NO_WEBGL = """const get = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : get.call(this, kind, ...rest)
}"""
# Zoom with frames of that many ms until the picture is drawn at half the resolution; return the canvas width.
ZOOM_SLOWLY = """pause => new Promise(done => {
  const stage = document.querySelector('.stage'), canvas = stage.querySelector('canvas')
  let steps = 0
  const step = () => {
    if (canvas.dataset.drawn === 'coarse' || ++steps > 50) return done(canvas.width)
    for (const end = performance.now() + pause; performance.now() < end; );
    stage.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, deltaY: 1 }))
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})"""


@pytest.fixture
def page(shown: Shown) -> Page:
    """The page when the result is first displayed."""
    shown.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    shown.page.set_viewport_size({"width": 1280, "height": 900})
    shown.page.goto(f"{shown.url}/?registration={shown.registration['id']}")
    wait_for_result(shown.page)
    return shown.page


@pytest.fixture(scope="module")
def alone(shown: Shown) -> dict[str, np.ndarray]:
    """Return what the canvas shows of each image alone, (H, W) as floats, 0 outside of it."""
    shown.page.goto(f"{shown.url}/?registration={shown.registration['id']}")
    wait_for_result(shown.page)
    pictures = {}
    for role, percent in (("fixed", 0), ("moving", 100)):
        set_display_mode(shown.page, COLOURS, percent)
        pixels = canvas_pixels(shown.page)
        pictures[role] = pixels[..., 0 if role == "fixed" else 1].astype(float) * (pixels[..., 3] > 0)
    return pictures


def slide(page: Page, mode: str, percent: int) -> np.ndarray:
    """Return the canvas as gray values in a display mode with its slider at a position."""
    page.get_by_label(mode, exact=True).check()
    page.locator(".blend input").fill(str(percent))
    return canvas_pixels(page)[..., 0].astype(float)


def test_swipe_shows_the_fixed_image_left_of_the_line_and_the_moving_one_right(page, alone):
    drawn = slide(page, "Swipe", 40)
    line = round(0.4 * drawn.shape[1])
    assert np.abs(drawn - alone["fixed"])[:, : line - 2].max() <= 1
    assert np.abs(drawn - alone["moving"])[:, line + 2 :].max() <= 1


def test_squares_of_the_checkerboard_show_the_images_in_turn(page, alone):
    drawn = slide(page, "Checkerboard", 50)
    side = int(page.locator(".blend output").inner_text().split()[0])
    row, column = (np.arange(length) // side for length in drawn.shape)
    expected = np.where((row[:, None] + column) % 2 == 0, alone["fixed"], alone["moving"])
    assert np.abs(drawn - expected).max() <= 1


def test_difference_is_the_difference_of_grey_values_where_both_images_are(page, alone):
    drawn = slide(page, "Difference", 25)
    assert page.locator(".blend output").inner_text() == "\N{MULTIPLICATION SIGN} 1.0"
    both = (alone["fixed"] > 0) & (alone["moving"] > 0)
    assert np.abs(drawn - np.abs(alone["fixed"] - alone["moving"]))[both].max() <= 2


def test_flicker_shows_one_image_after_the_other(page, alone):
    page.get_by_label("Flicker", exact=True).check()
    page.locator(".blend input").fill("100")
    overlap = (alone["fixed"] > 0) & (alone["moving"] > 0)
    seen: set[str] = set()

    def both_were_seen() -> bool:
        drawn = canvas_pixels(page)[..., 0].astype(float)
        off = {role: np.abs(drawn - alone[role])[overlap].mean() for role in alone}
        nearest = min(off, key=off.get)
        assert off[nearest] < 1
        seen.add(nearest)
        return seen == {"fixed", "moving"}

    settled(page, both_were_seen)


def test_side_by_side_shows_the_same_place_twice(page, alone):
    page.get_by_label("Side by side", exact=True).check()
    page.keyboard.press("Tab")
    height, width = alone["fixed"].shape
    drawn = canvas_pixels(page)[..., 0].astype(float)
    here, there = drawn[:, : width // 2], drawn[:, width // 2 :]
    # The two halves correlate: both images show the same structures at the border.
    middle = np.s_[height // 3 : 2 * height // 3, width // 6 : width // 3]
    assert np.corrcoef(here[middle].ravel(), there[middle].ravel())[0, 1] > 0.5


def test_inverted_is_black_for_white(page):
    set_display_mode(page, "Blend", 100)
    plain = canvas_pixels(page)
    page.get_by_text("Contrast and colours", exact=True).click()
    page.get_by_label("Invert the moving image").check()
    inside = (plain[..., 3] == 255) & (canvas_pixels(page)[..., 3] == 255)
    total = plain[..., 0].astype(int) + canvas_pixels(page)[..., 0]
    assert (
        np.abs(total - 255)[inside] <= 1
    ).mean() > 0.6  # the rest is the fixed image beside the moving one


def test_gamma_below_one_brightens_one_image_only(page):
    set_display_mode(page, "Blend", 0)
    before = canvas_pixels(page)[..., 0]
    page.get_by_text("Contrast and colours", exact=True).click()
    page.get_by_label("Gamma of the moving image").fill("-0.5")
    assert np.array_equal(canvas_pixels(page)[..., 0], before)
    page.get_by_label("Gamma of the fixed image").fill("-0.5")
    after = canvas_pixels(page)[..., 0]
    assert np.abs(after - 255 * (before / 255) ** 0.5).max() <= 1


def test_limits_are_black_and_white_and_automatic_ones_saturate_few_pixels(page):
    set_display_mode(page, "Blend", 0)
    before = canvas_pixels(page)[..., 0].astype(float)
    page.get_by_text("Contrast and colours", exact=True).click()
    page.get_by_label("Black level of the fixed image").fill("40")
    page.get_by_label("White level of the fixed image").fill("200")
    drawn = canvas_pixels(page)
    expected = np.clip((before - 40) / 160, 0, 1) * 255
    assert np.abs(drawn[..., 0] - expected).max() <= 2
    page.get_by_role("button", name="Automatic contrast of the fixed image").click()
    expect(page.get_by_label("Black level of the fixed image")).not_to_have_value("40")
    values = canvas_pixels(page)[..., 0][drawn[..., 3] == 255]
    assert ((values <= 1) | (values >= 254)).mean() < 0.15
    page.get_by_role("button", name="Reset contrast and colours of the fixed image").click()
    shown_again = canvas_pixels(page)[..., 0].astype(float)
    assert np.array_equal(shown_again, before)


def test_lookup_table_and_colours_of_the_overlay_are_chosen_and_kept_in_the_url(page, alone):
    page.get_by_text("Contrast and colours", exact=True).click()
    page.get_by_label("Lookup table of the fixed image").select_option("Viridis")
    page.get_by_label("Colour of the moving image in the overlay").select_option("Cyan")
    page.get_by_label("Colour of the fixed image in the overlay").select_option("Red")
    set_display_mode(page, "Red\N{EN DASH}cyan", 50)
    red, green, blue, _ = np.moveaxis(canvas_pixels(page).astype(float), -1, 0)
    for drawn, role in ((red, "fixed"), (green, "moving"), (blue, "moving")):
        assert np.abs(drawn - alone[role]).max() <= 1
    set_display_mode(page, "Blend", 0)
    drawn = canvas_pixels(page)
    bright = (alone["fixed"] >= 254) & (drawn[..., 3] == 255)
    assert np.abs(drawn[bright][:, :3] - np.array([253, 231, 37.0])).max() <= 6  # the end of viridis
    for part in (
        "fixed_tone=0,255,1,0,viridis,red",
        "moving_tone=0,255,1,0,grey,cyan",
        "mode=blend",
        "blend=0",
    ):
        page.wait_for_url(f"**/*{part}*")
    page.reload()
    wait_for_result(page)
    again = canvas_pixels(page)
    assert again.shape == drawn.shape and np.abs(again.astype(int) - drawn).mean() < 0.5


def test_values_under_the_pointer_are_those_of_both_files(page, shown):
    box = page.locator(".stage").bounding_box()
    page.mouse.move(round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))
    at = np.array(
        [round(box["x"] + box["width"] / 2) - box["x"], round(box["y"] + box["height"] / 2) - box["y"]]
    )
    fixed = np.linalg.inv(canvas_from(page, "fixed")) @ [*(at - 0.5), 1]
    moving = np.array(shown.result["moving_from_fixed"]) @ fixed
    for role, file, point in (("fixed", sample.FIXED, fixed), ("moving", sample.MOVING, moving)):
        pixels = tifffile.imread(file)
        x, y = np.floor(point[:2] + 0.5).astype(int)
        near = pixels[y - 1 : y + 2, x - 1 : x + 2]  # the pointer may lie on the border of a pixel
        text = page.locator(f"[data-value={role}]").inner_text()
        value = float("".join(text.split()).replace("\N{MINUS SIGN}", "-"))
        assert np.isclose(near, value, rtol=1e-3).any()


def test_a_profile_shows_both_images_along_a_line_with_its_length(page, shown):
    page.get_by_label("Profile", exact=True).check()
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    ends = np.array([[0.35, 0.4], [0.6, 0.65]]) * [box["width"], box["height"]] + [box["x"], box["y"]]
    page.mouse.move(*map(float, ends[0]))
    page.mouse.down()
    page.mouse.move(*map(float, ends[1]), steps=3)
    page.mouse.up()
    px = np.hypot(*(ends[1] - ends[0])) / canvas_from(page, "fixed")[0, 0]
    length = page.locator("[data-profile=length]")
    settled(page, lambda: abs(float(length.inner_text().split()[-2]) - px) < 1)
    um = (
        float(length.inner_text().split()[0])
        * {"nm": 1e-3, "\N{MICRO SIGN}m": 1}[length.inner_text().split()[1]]
    )
    assert um == pytest.approx(px * shown.result["fixed"]["pixel_spacing_um"], rel=0.02)
    expect(page.locator(".profile-fixed")).to_have_count(1)
    expect(page.locator("[data-profile=moving]")).to_contain_text(" to ")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    table = np.genfromtxt(download.value.path(), delimiter=",", skip_header=1)
    assert table[-1, 0] == pytest.approx(px * shown.result["fixed"]["pixel_spacing_um"], rel=0.02)
    line = [float(number) for number in page.url.split("profile=")[1].split("&")[0].split(",")]
    share = np.linspace(0, 1, len(table))[:, None]
    points = np.array(line[:2]) * (1 - share) + np.array(line[2:]) * share
    expected = ndimage.map_coordinates(tifffile.imread(sample.FIXED).astype(float), points.T[::-1], order=1)
    assert np.nanmean(np.abs(table[:, 1] - expected)) < 0.02 * np.ptp(expected)
    page.get_by_text("Contrast and colours", exact=True).click()
    assert_accessible(page)


def test_profile_and_grid_are_set_with_keys(page):
    page.locator(".stage").focus()
    for key in ("p", "Enter", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".profile-moving")).to_have_count(1)
    page.keyboard.press("g")
    grid = page.locator(".grid")
    step, zoom = float(grid.get_attribute("data-step")), canvas_from(page, "fixed")[0, 0]
    assert 60 < step * zoom < 360
    expect(page.locator(".grid-step")).to_contain_text("\N{MICRO SIGN}m")
    page.wait_for_url("**/*grid=1*")
    page.keyboard.press("p")
    page.keyboard.press("g")
    expect(page.locator(".grid, .profile")).to_have_count(0)


def test_side_by_side_zooms_on_what_is_under_the_pointer(page):
    page.get_by_label("Side by side", exact=True).check()
    box = page.locator(".stage").bounding_box()
    pointer = np.array([round(box["x"] + 0.4 * box["width"]), round(box["y"] + 0.6 * box["height"])])
    on_canvas = np.array(
        [pointer[0] - box["x"] - 0.5 + round(box["width"]) // 4, pointer[1] - box["y"] - 0.5, 1]
    )
    under = np.linalg.inv(canvas_from(page, "fixed")) @ on_canvas
    before = canvas_from(page, "fixed")[0, 0]
    page.mouse.move(*map(float, pointer))
    page.mouse.wheel(0, -300)
    settled(page, lambda: canvas_from(page, "fixed")[0, 0] > 1.5 * before)
    assert canvas_from(page, "fixed") @ under == pytest.approx(on_canvas, abs=1)


def test_before_registration_the_images_lie_centre_on_centre(page, shown):
    page.get_by_label("Before registration").check()
    result = shown.result
    assert result["moving"]["pixel_spacing_um"] is None  # its size is unknown
    fixed, moving = ((np.array(result[role]["shape"][1::-1]) - 1) / 2 for role in ("fixed", "moving"))

    def is_at_target() -> bool:
        """Return whether the view is at its target; all values are read at once, because the view moves."""
        found = fixed_from_moving(page)
        straight = np.allclose(found[:2, :2], np.eye(2), rtol=0, atol=1e-6)
        return straight and np.allclose(found[:2, 2], fixed - moving, rtol=0, atol=0.01)

    settled(page, is_at_target)
    page.get_by_label("Before registration").uncheck()
    settled(page, lambda: is_registered(page, result))


def is_registered(page: Page, result: dict) -> bool:
    return np.allclose(fixed_from_moving(page), result["fixed_from_moving"], rtol=0, atol=1e-4)


def test_wheel_zooms_on_what_is_under_the_pointer_and_dragging_moves_it(page):
    box = page.locator(".stage").bounding_box()
    pointer = np.array([round(box["x"] + 0.3 * box["width"]), round(box["y"] + 0.6 * box["height"])])

    def on_canvas(pointer: np.ndarray) -> np.ndarray:
        return np.array([pointer[0] - box["x"] - 0.5, pointer[1] - box["y"] - 0.5, 1])

    page.mouse.move(*map(float, pointer))
    before = canvas_from(page, "fixed")[0, 0]
    under = np.linalg.inv(canvas_from(page, "fixed")) @ on_canvas(pointer)
    page.mouse.wheel(0, -400)
    settled(page, lambda: canvas_from(page, "fixed")[0, 0] > 1.9 * before)
    assert canvas_from(page, "fixed") @ under == pytest.approx(on_canvas(pointer), abs=0.5)
    page.mouse.down()
    pointer += [50, -30]
    page.mouse.move(*map(float, pointer), steps=4)
    page.mouse.up()
    settled(page, lambda: np.abs(canvas_from(page, "fixed") @ under - on_canvas(pointer)).max() < 0.5)


@pytest.mark.parametrize("pause_ms", [40, 400])
def test_picture_that_moves_on_a_slow_machine_is_drawn_coarser_until_it_rests(page, pause_ms):
    before = canvas_pixels(page)
    width = page.evaluate(ZOOM_SLOWLY, pause_ms)
    assert width == -(-before.shape[1] // 2)
    assert canvas_pixels(page).shape == before.shape
    page.get_by_role("button", name="Whole image").click()
    shows(page, before)


def test_pointer_is_told_in_the_pixels_of_both_images_and_in_micrometres(page, shown):
    box = page.locator(".stage").bounding_box()
    page.mouse.move(round(box["x"]) + 300, round(box["y"]) + 200)
    fixed = np.linalg.inv(canvas_from(page, "fixed")) @ [299.5, 199.5, 1]
    moving = np.array(shown.result["moving_from_fixed"]) @ fixed

    def stated(role: str) -> list[float]:
        text = page.locator(f"[data-position={role}]").inner_text().replace("\N{MINUS SIGN}", "-")
        return [float(number) for number in text.split(" px")[0].split(", ")]

    for role, expected in (("fixed", fixed), ("moving", moving)):
        settled(
            page, lambda role=role, expected=expected: stated(role) == pytest.approx(expected[:2], abs=0.6)
        )
    length, unit = page.locator("[data-position=fixed] .readout-length").inner_text().split(",")[0].split()
    um = float(length) * {"nm": 1e-3, "µm": 1, "mm": 1e3}[unit]
    assert um == pytest.approx(fixed[0] * shown.result["fixed"]["pixel_spacing_um"], rel=0.02)


def test_everything_is_done_with_keys_and_a_link_shows_the_same(page, shown):
    page.locator(".stage").focus()
    for key in ("+", "+", "ArrowLeft", "ArrowDown", "m", "]", "]", "i"):
        page.keyboard.press(key)
    expect(page.get_by_label("Blend", exact=True)).to_be_checked()
    page.wait_for_url("**/*moving_tone=0,255,1,1,grey,green*")
    drawn, place = canvas_pixels(page), canvas_from(page, "fixed")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    wait_for_result(page)
    assert canvas_from(page, "fixed") == pytest.approx(place, abs=0.1)
    assert np.abs(canvas_pixels(page).astype(int) - drawn).mean() < 0.5
    page.locator(".stage").focus()
    page.keyboard.press("0")
    settled(page, lambda: "at=" not in page.url)


def test_without_webgl_the_images_are_drawn_too_and_the_page_says_so(browser, service_url, shown):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(NO_WEBGL)
    page = context.new_page()
    page.goto(f"{service_url}/?registration={shown.registration['id']}")
    expect(page.locator(".stage")).to_contain_text("No WebGL 2")
    settled(page, lambda: page.locator(".stage canvas").get_attribute("data-drawn") == "fine")
    drawn = pixels_of(page.locator(".stage canvas"))
    assert (drawn[..., 3] == 255).mean() > 0.2 and drawn[..., 0].std() > 20 and drawn[..., 1].std() > 20
    before = canvas_from(page, "fixed")[0, 0]
    page.get_by_role("button", name="Zoom in").click()
    settled(page, lambda: canvas_from(page, "fixed")[0, 0] > 1.3 * before)
    context.close()
