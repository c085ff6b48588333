"""Many pairs: paired by names, followed and found again by URL, reviewed by one key each."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.accessible import assert_accessible
from support.browser import ask, opened, settled
from support.service import QUICK, Service, speckle

COUNT = 20


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    with opened(browser, service_url) as page:
        yield page


@pytest.fixture(scope="module")
def batch(service: Service) -> dict:
    """A batch of images of one specimen, with two of another."""
    names = [(f"grain_{number}_fixed.tif", f"grain_{number}_moving.tif") for number in range(COUNT)]
    pixels, other = speckle(seed=91), speckle(seed=92)
    fixed = service.upload(pixels, "grain_fixed.tif")
    moving = [service.upload(other if number < 2 else pixels, name) for number, (_, name) in enumerate(names)]
    body = {"fixed_image_id": fixed["id"], "moving_image_ids": [each["id"] for each in moving], **QUICK}
    made = service.client.post("/api/v1/batches", json=body).raise_for_status().json()
    jobs = service.get(made["links"]["registrations"])["items"]
    return made | {"jobs": [service.wait(job) for job in jobs]}


def folder_of(folder: Path, sample_pair: tuple[Path, Path]) -> Path:
    """Fill a folder: three pairs, a stray file, one that cannot be read, and one of the system."""
    folder.mkdir()
    for number in (10, 2, 3):
        for kind, file in zip(("fixed", "moving"), sample_pair, strict=True):
            shutil.copy(file, folder / f"area_{number}_{kind}.tif")
    shutil.copy(sample_pair[0], folder / "area_2a_overview.tif")
    (folder / "area_3_moving.tif").write_bytes(sample_pair[1].read_bytes()[:3000])
    (folder / ".DS_Store").write_bytes(b"0")
    return folder


def test_stray_and_refused_files_of_a_folder_are_set_aside_and_shift_no_pair(
    page, service_url, sample_pair, tmp_path
):
    folder = folder_of(tmp_path / "folder", sample_pair)
    page.get_by_label("Choose a folder of images").set_input_files(folder)
    aside = page.get_by_role("region", name="Set aside")
    expect(aside).to_contain_text("area_2a_overview.tif its name has neither “fixed” nor “moving”")
    expect(aside.get_by_role("alert")).to_contain_text("area_3_moving.tif")
    expect(page.get_by_role("heading", name="7 files, 2 pairs")).to_be_visible()
    pairs = [
        [page.get_by_role("combobox", name=f"{role} image of pair {number}") for role in ("fixed", "moving")]
        for number in (1, 2)
    ]
    for number, pair in zip((2, 3), pairs, strict=True):
        for role, box in zip(("fixed", "moving"), pair, strict=True):
            expect(box.locator("option:checked")).to_have_text(f"area_{number}_{role}.tif")
    assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    sides = page.locator(".pair-side .thumb")
    sides.nth(0).drag_to(sides.nth(4))
    expect(pairs[0][0].locator("option:checked")).to_have_text("area_10_fixed.tif")
    sides.nth(4).drag_to(sides.nth(0))
    page.get_by_role("button", name="Register 2 pairs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Batch of 2 pairs")
    expect(page.locator(".batch-progress p")).to_have_text("2 of 2 done")
    address = page.url
    page.reload()
    assert page.url == address
    expect(page).to_have_title("Batch, 2 of 2 done \N{EN DASH} Xebra")
    rows = page.locator(".recent-item")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("area_2_moving.tif")
    rows.first.get_by_role("link").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("link", name="Back to the batch").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as file:
        names = [f"area_{number}_moving_on_area_{number}_fixed" for number in (2, 10)]
        made = {f"{name}{end}" for name in names for end in (".json", ".tif", ".png", ".transform.json")}
        assert set(file.namelist()) == made | {"results.csv"}
        rows = list(csv.DictReader(io.StringIO(file.read("results.csv").decode())))
        assert [row["files"] for row in rows] == names


def test_each_result_takes_one_key_and_the_decisions_are_stored(page, service_url, batch):
    page.goto(f"{service_url}/?batch={batch['id']}")
    page.get_by_role("button", name="Review").click()
    tiles = page.locator("[data-tile]")
    expect(tiles).to_have_count(COUNT)
    words = [tile.text_content() for tile in tiles.all()]
    verdicts = ("To be reviewed", "Refused", "Accepted")
    ranks = [next(rank for rank, verdict in enumerate(verdicts) if verdict in text) for text in words]
    assert ranks == sorted(ranks), "the doubtful ones first"
    settled(page, lambda: page.locator(".sheet-large canvas[data-drawn=yes]").count() == 1)
    assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    tiles.first.focus()
    presses = 0
    for index in range(COUNT):
        page.keyboard.press("r" if index < 2 else "a")
        presses += 1
    expect(page.locator(".sheet-left")).to_have_text("All decided.")
    assert presses == COUNT

    def stored() -> list[str | None]:
        found = ask("GET", f"{service_url}/api/v1/registrations?batch_id={batch['id']}&limit=200").json()
        return [(job["review"] or {}).get("decision") for job in found["items"]]

    settled(page, lambda: sorted(map(str, stored())) == ["accept"] * (COUNT - 2) + ["reject"] * 2)
    page.reload()
    expect(page.locator("[data-decision=accept]")).to_have_count(COUNT - 2)
    page.locator("[data-decision=reject]").first.focus()
    page.keyboard.press("u")
    expect(page.locator("[data-decision=reject]")).to_have_count(1)
    settled(page, lambda: stored().count(None) == 1)


def test_correction_from_the_contact_sheet_returns_to_it(page, service_url, batch):
    page.goto(f"{service_url}/?batch={batch['id']}&sheet=1")
    tile = page.locator("[data-tile]").nth(3)
    identity = tile.get_attribute("data-tile")
    tile.focus()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Correct by hand")).to_be_visible()
    page.locator(".stage").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Save correction").click()
    corrected = page.locator(f"[data-tile='{identity}']")
    expect(corrected).to_have_attribute("data-decision", "corrected")
    expect(corrected).to_have_attribute("aria-current", "true")


def test_list_is_searched_by_the_service_and_the_search_is_in_the_url(page, service_url, batch):
    page.get_by_label("Search by name").fill("grain_17 FIXED")
    row = page.locator(".recent-item")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("grain_17_moving.tif onto grain_fixed.tif")
    page.wait_for_url("**/*search=grain_17+FIXED*")
    page.reload()
    expect(row).to_have_count(1)
    expect(page.get_by_label("Search by name")).to_have_value("grain_17 FIXED")
