"""Areas on the page: what was not used is hatched, and areas are marked before and after a registration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.accessible import assert_accessible
from support.browser import (
    Shown,
    ask,
    choose,
    open_details,
    open_result,
    opened,
    png_of,
    register,
    registration_id,
    wait_for_result,
)
from support.service import Service, speckle, tiff

from xebra.usable_area.runs import mask_of

BAR = 40  # px at the bottom of the fixed image
LARGEST = 1024 / 256  # px of the hatched picture for a px of the image
HREF = "image => image.getAttribute('href')"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Two images of one specimen that has moved; the fixed one has a data bar."""
    whole, folder = speckle(320, seed=71), tmp_path_factory.mktemp("images")
    fixed = whole[:256, :256].copy()
    fixed[-BAR:] = 0
    letters = np.random.default_rng(5).random((8, 50)) < 0.5
    fixed[-BAR + 8 : -8, 40:190] = 65_000 * np.kron(letters, np.ones((3, 3)))
    found = {"fixed": folder / "barred.tif", "moving": folder / "plain.tif"}
    for role, pixels in (("fixed", fixed), ("moving", whole[24:280, 30:286])):
        found[role].write_bytes(tiff(pixels))
    return found


@pytest.fixture(scope="module")
def barred(browser: Browser, service: Service, files: dict) -> Iterator[Shown]:
    """A result with a data bar that was not used."""
    fixed, moving = (service.upload(files[role].read_bytes(), files[role].name) for role in files)
    with open_result(browser, service.url, service.wait(service.submit(fixed, moving))) as shown:
        yield shown


@pytest.fixture
def page(barred: Shown) -> Page:
    barred.page.goto(f"{barred.url}/?registration={barred.registration['id']}")
    wait_for_result(barred.page)
    return barred.page


def used(result: dict, role: str) -> np.ndarray:
    return mask_of(result["usable_area"][role]["runs"], result[role]["shape"])


def point(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """Return where a point of a 256 x 256 image lies on the screen."""
    box = canvas.bounding_box()
    scale = min(box["width"], box["height"]) / 256
    left, top = (
        box[start] + (box[side] - 256 * scale) / 2 for start, side in (("x", "width"), ("y", "height"))
    )
    return left + (x + 0.5) * scale, top + (y + 0.5) * scale


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Press at the first point, move to the others, and release."""
    canvas = page.locator("dialog[open] .area-canvas")
    places = [point(canvas, *each) for each in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def move_by_keys(page: Page, end: str) -> None:
    """Take the corner at (180, 90), move it 4 px right, and set it there (Enter) or give up (Escape)."""
    canvas = page.locator("dialog[open] .area-canvas")
    page.mouse.move(*point(canvas, 180, 90))
    canvas.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open] .area-spoken")).to_contain_text("Corner taken")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press(end)


def shown_registration(page: Page, url: str) -> dict:
    return ask("GET", f"{url}/api/v1/registrations/{registration_id(page)}").json()


@pytest.mark.parametrize("mode", ["Blend", "Side by side"])
def test_what_was_not_used_is_hatched_and_named(page, barred, mode):
    page.get_by_label(mode, exact=True).check()
    hatched = page.locator(".stage image[data-unused=fixed]")
    clear = png_of(hatched.evaluate(HREF))[..., 3] == 0
    expected = np.kron(used(barred.result, "fixed"), np.ones((int(LARGEST),) * 2, bool))
    assert np.array_equal(clear, expected) and not clear[-int(BAR * LARGEST) :].any()
    expect(page.locator(".stage image[data-unused=moving]")).to_have_count(0)
    expect(page.locator("[data-not-used=fixed]")).to_contain_text("data bar")
    expect(page.locator("[data-not-used=moving]")).to_contain_text("everything was used")


def test_the_hatching_lies_where_the_image_is_drawn(page):
    canvas = page.locator(".stage canvas")
    drawn = page.locator(".stage image[data-unused=fixed]").get_attribute("transform")
    numbers = [float(each) for each in drawn.removeprefix("matrix(").removesuffix(")").split()]
    assert numbers == pytest.approx(
        [float(each) for each in canvas.get_attribute("data-canvas-from-fixed").split()]
    )


def test_the_hatching_is_switched_off_by_box_and_key(page, barred):
    hatched = page.locator(".stage image[data-unused]")
    expect(hatched).to_have_count(1)
    page.get_by_label("Unused areas").uncheck()
    expect(hatched).to_have_count(0)
    page.wait_for_url("**unused=0**")
    page.reload()
    wait_for_result(page)
    expect(hatched).to_have_count(0)
    page.locator(".stage").focus()
    page.keyboard.press("u")
    expect(hatched).to_have_count(1)
    expect(page.get_by_label("Unused areas")).to_be_checked()


def test_details_show_nothing_that_was_not_used(page, barred):
    crops = page.locator("[data-crop=fixed]")
    expect(crops).to_have_count(5)
    for crop in crops.all():
        _, _, _, scale, _, top = (
            float(each) for each in crop.get_attribute("data-canvas-from-image").split()
        )
        lowest = (crop.evaluate("canvas => canvas.height") - top) / scale
        assert lowest < 256 - BAR + 3


def test_areas_are_marked_before_the_registration(browser, service_url, files):
    with opened(browser, service_url) as page:
        choose(page, "fixed", files["fixed"])
        choose(page, "moving", files["moving"])
        page.get_by_role("button", name="Mark areas of the fixed image").click()
        draw(page, (20, 30), (80, 90))
        page.get_by_label("Right pixel of Not used: rectangle 1").fill("99")
        assert_accessible(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_role("button", name="Done").click()
        page.get_by_role("button", name="Mark areas of the moving image").click()
        page.locator("dialog[open]").get_by_label("Polygon", exact=True).check()
        corners = ((150, 20), (220, 40), (180, 90))
        for corner in (*corners, corners[0]):
            draw(page, corner)
        expect(page.locator("dialog[open] .area-item")).to_have_text(["Not used: polygon 1Remove3 corners"])
        draw(page, corners[1], (200, 60), (230, 50))
        move_by_keys(page, "Escape")
        move_by_keys(page, "Enter")
        expect(page.locator("dialog[open] .area-item")).to_have_text(["Not used: polygon 1Remove3 corners"])
        corners = (corners[0], (230, 50), (184, 90))
        page.get_by_role("button", name="Done").click()
        expect(page.locator("[data-role=fixed] .drop-areas .area-exclude")).to_have_count(1)
        job = register(page, service_url).registration
    fixed, moving = (job["settings"][f"{role}_mask"]["exclude"][0]["coordinates"][0] for role in files)
    xs, ys = np.array(fixed).T
    assert (xs.max(), len(fixed)) == (99.5, 5)
    assert np.allclose([xs.min(), ys.min(), ys.max()], [19.5, 29.5, 90.5], atol=1)
    assert np.allclose(moving[:3], corners, atol=1) and moving[3] == moving[0]
    assert not used(job["result"], "fixed")[31:90, 21:100].any()
    assert not used(job["result"], "fixed")[-BAR:].any(), "the data bar is still found"
    assert not used(job["result"], "moving")[40, 165:200].any()


def test_areas_are_marked_on_a_result_with_keys_alone(page, barred):
    open_details(page)
    page.get_by_role("button", name="Mark areas").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Register again")).to_be_disabled()
    page.get_by_role("dialog").get_by_label("Moving", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_label("Use only").focus()
    page.keyboard.press("Space")
    page.locator(".area-canvas").focus()
    for key in ("Enter", "Escape"):  # a first corner that is taken back; the dialog stays
        page.keyboard.press(key)
    for _ in range(15):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    name = "Only used: rectangle 1"
    expect(page.get_by_label(f"Left pixel of {name}")).to_have_value("53")
    expect(page.get_by_label(f"Bottom pixel of {name}")).to_have_value("188")
    page.get_by_label(f"Right pixel of {name}").fill("200")
    assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Register again").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("id => !location.search.includes(id)", arg=barred.registration["id"])
    wait_for_result(page)
    job = shown_registration(page, barred.url)
    expected = np.zeros((256, 256), bool)
    expected[128:189, 53:201] = True
    assert np.array_equal(used(job["result"], "moving"), expected)
    assert job["settings"]["fixed_mask"] is None
    assert job["moving_image_id"] == barred.registration["moving_image_id"]
    expect(page.locator("[data-not-used=moving]")).to_contain_text("marked areas")
    open_details(page)
    page.get_by_role("button", name="Mark areas").click()
    expect(page.get_by_role("button", name="Register again")).to_be_disabled()
    page.get_by_role("dialog").get_by_label("Moving", exact=True).check()
    page.get_by_role("button", name=f"Remove {name}").click()
    expect(page.get_by_role("button", name="Register again")).to_be_enabled()
