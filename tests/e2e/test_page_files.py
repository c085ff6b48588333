"""Files of instruments: the page draws their values, whatever their type, range and size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Locator, Route, expect
from scipy.ndimage import gaussian_filter, zoom
from support.browser import (
    Shown,
    ask,
    canvas_from,
    canvas_pixels,
    choose,
    matrix_of,
    open_details,
    opened,
    pixels_of,
    register,
    registered,
    set_display_mode,
    settled,
    wait_for_result,
)
from support.drawn import (
    GREY_LEVELS,
    image_from_canvas,
    mean_difference,
    resampled,
    unclipped,
    with_contrast_of,
)

from xebra.resample import coverage, resample
from xebra.transform import SimilarityTransform, corners, map_points

ROLES = ("fixed", "moving")
PIECES = re.compile("/(preview|tiles/.*)$")
LARGE, UNEVEN = (4096, 4096), (3989, 4095)  # the preview of the second has no whole number of rows
TRUTH = SimilarityTransform(scale=1.1, angle=np.radians(20), translation=(40, -25), center=(2047.5, 2047.5))


def as_uint16(pixels: np.ndarray) -> np.ndarray:
    """Counts of a detector above the range of 8 bit."""
    return (pixels.astype(np.float64) / pixels.max() * 51_000 + 9_000).astype(np.uint16)


def as_float32(pixels: np.ndarray) -> np.ndarray:
    """Small positive and negative values."""
    return (pixels.astype(np.float32) / pixels.max() - 0.5) * 1e-3


def assert_drawn_as_resampled(shown: Shown, pixels: np.ndarray, role: str = "moving") -> None:
    """Check that the canvas shows an image's values at its position, up to the page's contrast."""
    set_display_mode(shown.page, "Blend", 0 if role == "fixed" else 100)
    drawn = canvas_pixels(shown.page)[..., 0]
    image, inside = resampled(pixels, image_from_canvas(shown, role), shown)
    where = inside & unclipped(drawn)
    assert mean_difference(drawn, with_contrast_of(drawn, image, where), where) < GREY_LEVELS


@pytest.mark.parametrize("as_dtype", [as_uint16, as_float32])
def test_values_of_16_bit_and_float_are_named_drawn_and_taken_home(
    browser, service_url, sample_pair, tmp_path: Path, as_dtype
):
    files = [tmp_path / "fixed.tif", tmp_path / "moving.tif"]
    for file, source in zip(files, sample_pair, strict=True):
        tifffile.imwrite(file, as_dtype(tifffile.imread(source)))
    moving = tifffile.imread(files[1])
    with opened(browser, service_url) as page:
        for role, file in zip(ROLES, files, strict=True):
            choose(page, role, file)
            expect(page.locator(f"[data-role={role}] .facts")).to_contain_text(str(moving.dtype))
        shown = register(page, service_url)
        assert_drawn_as_resampled(shown, moving)
        with page.expect_download() as download:
            page.get_by_role("link", name="Registered image").click()
        taken = tifffile.imread(download.value.path())
    expected = resample(moving, np.array(shown.result["moving_from_fixed"]), taken.shape)
    assert taken.dtype == moving.dtype
    assert np.array_equal(taken, expected)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two views of one specimen, rotated, scaled and shifted; grains over 100 px, noise of single px."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("large")
    grains = zoom(gaussian_filter(rng.normal(size=(512, 512)).astype(np.float32), 3), 8, order=1)
    noisy = grains / grains.std() + 0.3 * rng.standard_normal(LARGE, np.float32)
    fixed = (np.clip(noisy / 8 + 0.5, 0, 1) * 65_535).astype(np.uint16)
    files = folder / "fixed.tif", folder / "moving.tif"
    tifffile.imwrite(files[0], fixed)
    tifffile.imwrite(files[1], resample(fixed, TRUTH.matrix, UNEVEN))
    return files


@pytest.fixture(scope="module")
def large_shown(browser: Browser, service_url: str, large: tuple[Path, Path]) -> Iterator[Shown]:
    with registered(browser, service_url, *large) as shown:
        yield shown


def test_pair_of_4096_px_is_brought_together_and_drawn_so(large_shown, large):
    assert large_shown.result["verdict"] == "accept"
    found = map_points(np.array(large_shown.result["fixed_from_moving"]), TRUTH.inverse()(corners(LARGE)))
    assert np.hypot(*(found - corners(LARGE)).T).mean() < 1
    for role, file in zip(ROLES, large, strict=True):
        assert_drawn_as_resampled(large_shown, tifffile.imread(file), role)


def test_own_pixels_of_a_4096_px_pair_lie_where_the_result_says(large_shown, large):
    page, canvas = large_shown.page, large_shown.page.locator(".stage canvas")
    page.get_by_role("button", name="Whole image").click()
    expect(canvas).to_have_attribute("data-tiles", "0/0")  # the previews are fine enough
    page.get_by_role("button", name="Actual pixels").click()
    settled(page, lambda: is_complete(canvas))
    for role, percent, file, shape in zip(ROLES, (0, 100), large, (LARGE, UNEVEN), strict=True):
        set_display_mode(page, "Blend", percent)
        drawn, image_from_canvas = canvas_pixels(page)[..., 0], np.linalg.inv(canvas_from(page, role))
        assert coverage(shape, image_from_canvas, drawn.shape).all()
        image, where = resample(tifffile.imread(file), image_from_canvas, drawn.shape), unclipped(drawn)
        assert mean_difference(drawn, with_contrast_of(drawn, image.astype(float), where), where) < 1


def test_crops_of_a_4096_px_image_show_its_own_pixels(large_shown, large):
    for role, file in zip(ROLES, large, strict=True):
        crops = large_shown.page.locator(f"[data-crop={role}]")
        expect(crops).to_have_count(5)
        for crop in crops.all():
            settled(large_shown.page, lambda crop=crop: is_complete(crop))
            drawn, image_from_crop = pixels_of(crop)[..., 0], np.linalg.inv(matrix_of(crop, "image"))
            image, where = resample(tifffile.imread(file), image_from_crop, drawn.shape), unclipped(drawn)
            expected = with_contrast_of(drawn, image.astype(float), where)
            assert np.abs(drawn - expected)[where].mean() < GREY_LEVELS


def test_pieces_of_a_picture_that_did_not_come_are_asked_for_again(browser, large_shown):
    with opened(browser, large_shown.url) as page:
        page.route(PIECES, lambda route: route.abort())
        page.goto(f"{large_shown.url}/?registration={large_shown.registration['id']}")
        expect(page.get_by_text("No picture.")).to_be_visible()
        page.unroute(PIECES)
        wait_for_result(page)
        expect(page.locator("[data-crop]")).to_have_count(10)
        page.route(PIECES, lambda route: route.abort())
        with page.expect_event("requestfailed"):
            page.get_by_role("button", name="Actual pixels").click()
        page.unroute(PIECES)
        settled(page, lambda: is_complete(page.locator(".stage canvas")))


def is_complete(canvas: Locator) -> bool:
    """Return whether a canvas shows all tiles that it needs, and needs some."""
    drawn, needed = canvas.get_attribute("data-tiles").split("/")
    return drawn == needed != "0"


def test_specimen_that_was_turned_over_is_found_out_and_drawn_so(
    browser, service_url, sample_pair, tmp_path: Path
):
    moving = tmp_path / "turned_over.tif"
    tifffile.imwrite(moving, tifffile.imread(sample_pair[1])[:, ::-1])
    with opened(browser, service_url) as page:
        choose(page, "fixed", sample_pair[0])
        choose(page, "moving", moving)
        page.get_by_label("Specimen").select_option("Try both (takes twice as long)")
        shown = register(page, service_url)
        assert shown.registration["settings"]["mirror"] == "try"
        assert (shown.result["mirror"], shown.result["verdict"]) == (True, "accept")
        open_details(page)
        expect(page.get_by_text("The moving image is mirrored.")).to_be_visible()
        assert_drawn_as_resampled(shown, tifffile.imread(moving))


def test_pair_with_nothing_in_common_is_refused_with_a_reason(browser, service_url, tmp_path: Path):
    files = [tmp_path / "here.tif", tmp_path / "elsewhere.tif"]
    for seed, file in enumerate(files):
        tifffile.imwrite(file, gaussian_filter(np.random.default_rng(seed).normal(size=(256, 256)), 4))
    with registered(browser, service_url, *files) as shown:
        assert shown.result["verdict"] == "refuse"
        verdict = shown.page.locator(".verdict")
        expect(verdict.get_by_role("heading")).to_have_text("Refused")
        assert shown.result["reason"].lower().rstrip(".") in verdict.inner_text().lower()
        assert "at 256" not in verdict.inner_text(), "lengths are in px of the user's image"
        expect(shown.page.locator(".bar, [data-corner-error]")).to_have_count(
            0
        )  # intervals assume that the match is correct
        expect(shown.page.locator(".recent-item .state-refuse").first).to_be_visible()
        picture = ask("GET", service_url + shown.registration["links"]["picture"])
        assert picture.headers["content-type"] == "image/png"


def test_what_an_image_shows_is_said_beside_it_and_kept_by_the_service(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        choose(page, "fixed", sample_pair[0])
        held: list[Route] = []  # the response arrives only after the images have been exchanged
        page.route(f"{service_url}/api/v1/images/*", lambda route: held.append(route))
        field = page.locator("[data-role=fixed]").get_by_label("Modality")
        field.fill("BSE")
        field.press("Tab")
        settled(page, lambda: held)
        page.get_by_role("button", name="Swap").click()
        with page.expect_response(lambda answer: answer.request.method == "PATCH") as kept:
            held[0].continue_()
        image = kept.value.json()
        assert ask("GET", f"{service_url}/api/v1/images/{image['id']}").json()["modality"] == "BSE"
        expect(page.locator("[data-role=moving]").get_by_label("Modality")).to_have_value("BSE")
