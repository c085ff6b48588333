"""The uncertainty of a position is drawn at the corners of the fixed image."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.browser import canvas_from_fixed, open_details, pixels_of, settled

RADIUS_95 = np.sqrt(-2 * np.log(0.05))  # standard deviations, in two dimensions


def drawn(page: Page) -> list[list[float]]:
    """Return the half axes in px of the fixed image and their enlargement, for each corner."""
    found = page.locator("[data-corner-error]").all()
    return [[float(number) for number in one.get_attribute("data-corner-error").split()] for one in found]


def expected_half_axes(result: dict) -> list[np.ndarray]:
    """Return the half axes by the covariance and the derivative of a corner's position."""
    height, width = result["fixed"]["shape"]
    rows, columns = result["moving"]["shape"]
    centre = np.array(result["fixed_from_moving"]) @ [(columns - 1) / 2, (rows - 1) / 2, 1]
    axes = []
    for corner in ([-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]):
        x, y = np.subtract(corner, centre[:2])
        jacobian = np.array([[x, -y, 1, 0], [y, x, 0, 1]])
        of_the_corner = jacobian @ np.array(result["covariance"]) @ jacobian.T
        axes.append(RADIUS_95 * np.sqrt(np.linalg.eigvalsh(of_the_corner)[::-1]))
    return axes


def test_regions_of_the_corners_are_those_of_the_stated_covariance(shown):
    shown.page.get_by_label("Corner errors").check()
    expect(shown.page.locator("[data-corner-error]")).to_have_count(4)
    found = drawn(shown.page)
    assert np.array([half_axes for *half_axes, _ in found]) == pytest.approx(
        np.array(expected_half_axes(shown.result)), rel=1e-6
    )
    note = shown.page.locator(".corner-error-note")
    expect(note).to_contain_text(f"{max(major for major, *_ in found):.2f}")
    expect(note).to_contain_text(f"{found[0][2]:.0f} times larger")


def test_each_region_is_drawn_around_its_corner_and_as_large_as_the_page_says(shown):
    shown.page.get_by_label("Corner errors").check()
    expect(shown.page.locator("[data-corner-error]")).to_have_count(4)
    canvas_from = canvas_from_fixed(shown.page)
    height, width = shown.result["fixed"]["shape"]
    corners = ([-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5])
    stage = shown.page.locator(".stage").bounding_box()
    for (major, minor, times), corner, ellipse in zip(
        drawn(shown.page), corners, shown.page.locator(".corner-error ellipse:last-child").all(), strict=True
    ):
        box = ellipse.bounding_box()
        middle = [box["x"] + box["width"] / 2 - stage["x"], box["y"] + box["height"] / 2 - stage["y"]]
        assert middle == pytest.approx((canvas_from @ [*corner, 1])[:2] + 0.5, abs=1)
        half_axes = [float(ellipse.get_attribute(name)) for name in ("rx", "ry")]
        assert half_axes == pytest.approx(np.array([major, minor]) * canvas_from[0, 0] * times, rel=1e-4)


def test_regions_are_hidden_on_wish_and_where_they_say_nothing(shown):
    page, regions = shown.page, shown.page.locator("[data-corner-error]")
    page.get_by_label("Corner errors").check()
    page.wait_for_url("**/*errors=1*")
    page.get_by_label("Corner errors").uncheck()
    expect(regions).to_have_count(0)
    page.locator(".stage").focus()
    page.keyboard.press("e")
    expect(regions).to_have_count(4)
    page.get_by_label("Before registration").check()
    expect(regions).to_have_count(0)
    page.get_by_label("Before registration").uncheck()
    settled(page, lambda: regions.count() == 4)


def test_map_of_the_search_shows_each_score_and_marks_the_answer(shown):
    search, result = shown.result["search"], shown.result
    open_details(shown.page)
    plot = shown.page.get_by_role("img", name="Score of each angle and scale")
    drawn = pixels_of(plot)[::-1, :, 0].astype(float)
    turns = (np.array(search["angles_deg"]) + 180) % 360 - 180
    scores = np.array(search["scores"])[:, np.argsort(turns)]
    expected = 255 * (scores - scores.min()) / np.ptp(scores)
    assert np.abs(drawn - expected).max() <= 1
    canvas, mark = plot.bounding_box(), shown.page.locator(".search-found").bounding_box()
    column = np.abs(np.sort(turns) - result["angle_deg"]).argmin()
    row = np.abs(np.log(np.array(search["scales"]) / result["scale"])).argmin()
    x = canvas["x"] + canvas["width"] * (column + 0.5) / len(turns)
    y = canvas["y"] + canvas["height"] * (1 - (row + 0.5) / len(search["scales"]))
    assert [mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2] == pytest.approx([x, y], abs=1)


def test_next_best_place_is_told_with_how_much_less_likely_it_is(shown):
    search, result = shown.result["search"], shown.result
    open_details(shown.page)
    scores, angles = np.array(search["scores"]), np.array(search["angles_deg"])
    apart = np.abs((angles - result["angle_deg"] + 180) % 360 - 180)
    columns = np.abs(np.arange(len(angles)) - apart.argmin())
    rows = np.abs(np.log(np.array(search["scales"]) / result["scale"]))
    near = (np.minimum(columns, len(angles) - columns) <= 2) & (
        np.abs(np.arange(len(rows)) - rows.argmin()) <= 1
    )[:, None]
    row, column = np.unravel_index(np.where(near, -np.inf, scores).argmax(), scores.shape)
    section = shown.page.get_by_role("region", name="Search over angle and scale")
    words = section.locator(".hint").inner_text()
    turn = round((angles[column] + 180) % 360 - 180)
    assert f"{turn}\N{DEGREE SIGN}".replace("-", "\N{MINUS SIGN}") in words
    scale = float(f"{search['scales'][row]:.2g}")
    assert f"\N{MULTIPLICATION SIGN}{scale:g}" in words
    odds = np.exp(scores[near].max() - scores[row, column])
    stated = words.split("is ")[1].split(" times")[0].replace("\u202f", "")
    assert float(stated) == pytest.approx(odds, rel=0.06)
