"""Many pairs: paired by names, followed and found again by URL, reviewed by one key each."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from support.accessible import assert_accessible
from support.browser import PATIENCE_MS, ask, count_acts, drop, opened, settled
from support.service import QUICK, Service, speckle

COUNT, NAMED = 100, 20  # results, and those of them with a name of their own
WRONG = 2


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    with opened(browser, service_url) as page:
        yield page


@pytest.fixture(scope="module")
def batch(service: Service) -> dict:
    """A batch of images of one specimen, with two of another."""
    pixels, other = speckle(seed=91), speckle(seed=92)
    fixed = service.upload(pixels, "grain_fixed.tif")
    moving = [
        service.upload(other if number < WRONG else pixels, f"grain_{number}_moving.tif")
        for number in range(NAMED)
    ]
    ids = [each["id"] for each in moving] + [fixed["id"]] * (COUNT - NAMED)
    body = {"fixed_image_id": fixed["id"], "moving_image_ids": ids, **QUICK}
    made = service.client.post("/api/v1/batches", json=body).raise_for_status().json()
    jobs = service.get(made["links"]["registrations"] + "&limit=200")["items"]
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


def test_twenty_pairs_of_a_folder_take_one_drop_and_one_click(page, service_url, sample_pair, tmp_path):
    for number in range(20):
        for kind, file in zip(("bse", "xrf"), sample_pair, strict=True):
            shutil.copy(file, tmp_path / f"area_{number}_{kind}.tif")
    acts = count_acts(page)
    drop(page, page.locator(".header"), tmp_path)
    expect(page.get_by_role("heading", name="40 files, 20 pairs")).to_be_visible()
    expect(page.get_by_label("fixed image of pair 20").locator("option:checked")).to_have_text(
        "area_19_bse.tif"
    )
    expect(page.locator(".plan")).to_contain_text("Pixel sizes are not known: the scale is searched")
    page.get_by_role("button", name="Register 20 pairs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Batch of 20 pairs")
    assert acts() == {"drop": 1, "click": 1, "keydown": 0}
    batch = parse_qs(urlsplit(page.url).query)["batch"][0]
    ask("DELETE", f"{service_url}/api/v1/batches/{batch}").raise_for_status()  # the results are not needed
    expect(page.locator(".batch-progress p")).to_contain_text("20 of 20 done")


def test_files_that_are_dropped_before_the_form_is_displayed_are_kept_for_it(
    browser: Browser, service_url, sample_pair
):
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    waiting = []
    page.route("**/api/v1/session", lambda route: waiting.append(route))
    try:
        page.goto(service_url)
        settled(page, lambda: waiting)  # the page does not know its session yet
        drop(page, page.locator(".header"), *sample_pair)
        expect(page.locator(".slots")).to_have_count(0)
        waiting[0].continue_()
        expect(page.get_by_role("button", name="Register", exact=True)).to_be_enabled()
    finally:
        context.close()


def test_a_page_without_a_form_is_not_replaced_by_a_file_that_is_dropped(page, sample_pair):
    page.get_by_role("link", name="Series").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Series")
    address = page.url
    drop(page, page.locator("main"), *sample_pair)
    page.get_by_role("link", name="Xebra, new registration").click()
    expect(page.locator(".slots")).to_be_visible()
    assert page.url != address
    expect(page.locator(".slots img")).to_have_count(0)


def test_pairing_is_changed_by_keys_and_files_that_were_set_aside_are_paired(page, sample_pair, tmp_path):
    names = ("a_fixed.tif", "a_moving.tif", "b_fixed.tif", "c_moving.tif", "d_moving.tif")
    for name in names:
        shutil.copy(sample_pair[0], tmp_path / name)
    page.get_by_label("Choose a folder of images").set_input_files(tmp_path)
    aside = page.get_by_role("region", name="Set aside")
    expect(aside.locator(".aside-file")).to_have_count(3)
    add = page.get_by_role("button", name="Add a pair")
    add.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("5 files, 2 pairs")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(add).to_have_count(0)
    expect(page.get_by_label("fixed image of pair 2").locator("option:checked")).to_have_text("b_fixed.tif")
    expect(page.get_by_label("moving image of pair 2").locator("option:checked")).to_have_text("c_moving.tif")
    moving = page.get_by_label("moving image of pair 1")
    moving.focus()
    page.keyboard.type("d")
    expect(moving.locator("option:checked")).to_have_text("d_moving.tif")
    expect(moving).to_be_focused()
    expect(aside.locator(".aside-file")).to_have_text("a_moving.tif it was taken out of its pair")


def test_each_result_takes_one_key_and_the_decisions_are_stored(page, service_url, batch):
    page.goto(f"{service_url}/?batch={batch['id']}")
    page.get_by_role("button", name="Review").click()
    tiles = page.locator("[data-tile]")
    expect(tiles).to_have_count(COUNT)
    words = tiles.all_text_contents()
    verdicts = ("To be reviewed", "Refused", "Accepted")
    ranks = [next(rank for rank, verdict in enumerate(verdicts) if verdict in text) for text in words]
    assert ranks == sorted(ranks), "the doubtful ones first"
    settled(page, lambda: page.locator(".sheet-large canvas[data-drawn=yes]").count() == 1)
    assert_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    tiles.first.focus()
    acts = count_acts(page)
    for index in range(COUNT):
        page.keyboard.press("r" if index < WRONG else "a")
    expect(page.locator(".sheet-left")).to_have_text("All decided.")
    assert acts() == {"keydown": COUNT, "click": 0, "drop": 0}

    def stored() -> list[str | None]:
        found = ask("GET", f"{service_url}/api/v1/registrations?batch_id={batch['id']}&limit=200").json()
        return [(job["review"] or {}).get("decision") for job in found["items"]]

    settled(page, lambda: sorted(map(str, stored())) == ["accept"] * (COUNT - WRONG) + ["reject"] * WRONG)
    page.reload()
    expect(page.locator("[data-decision=accept]")).to_have_count(COUNT - WRONG)
    page.locator("[data-decision=reject]").first.focus()
    page.keyboard.press("u")
    expect(page.locator("[data-decision=reject]")).to_have_count(WRONG - 1)
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
