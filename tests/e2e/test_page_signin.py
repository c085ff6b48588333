"""Sign-in with an API key: the page shows the data of the instrument of that key only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from support.accessible import assert_accessible
from support.administrator import admin
from support.browser import ask, choose, opened, settled, wait_for_result
from support.service import PATIENCE_S, Service

import db.keys

COOKIE = "xebra_session"
SEM, TEM = "page-sem", "page-tem"  # instruments that other tests of this service do not use


@pytest.fixture(scope="module")
def service(service_with_keys: Service) -> Service:
    """A service that requires API keys."""
    return service_with_keys


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, str]:
    """Keys of two instruments; that of the second has the scope of the statistics."""
    scopes = {SEM: ["read", "write"], TEM: ["read", "write", "admin"]}
    for name in scopes:
        admin(service, db.keys.add_instrument, name)
    return {name: admin(service, db.keys.add, name, "", scopes[name])[1] for name in scopes}


@pytest.fixture(scope="module")
def job(service: Service, keys: dict[str, str], sample_pair: tuple[Path, Path]) -> dict:
    """A registration of the first instrument."""
    headers = {"Authorization": f"Bearer {keys[SEM]}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=PATIENCE_S) as client:
        known = replace(service, client=client)
        fixed, moving = (known.upload(file.read_bytes(), file.name) for file in sample_pair)
        return known.wait(known.submit(fixed, moving))


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    with opened(browser, service.url) as page:
        yield page


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def token(service: Service, keys: dict[str, str]) -> str:
    """The session token of the first instrument."""
    answer = ask("POST", f"{service.url}/api/v1/session", json={"key": keys[SEM]})
    return answer.raise_for_status().cookies[COOKIE]


def cancel(service: Service, token: str, **headers: str) -> httpx.Response:
    """Send a request that changes data; the registration does not exist."""
    headers["Cookie"] = f"{COOKIE}={token}"
    return ask("DELETE", f"{service.url}/api/v1/registrations/none", headers=headers)


def test_page_asks_for_a_key_and_says_why_one_opens_nothing(page, keys):
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("heading", name="Registrations")).to_have_count(0)
    sign_in(page, "xebra_none")
    expect(page.locator(".problem")).to_contain_text("unknown or was revoked")
    assert_accessible(page)


def test_whoever_signed_in_registers_a_pair_and_no_script_can_read_the_key(page, service, keys, sample_pair):
    sign_in(page, keys[SEM])
    for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
        choose(page, role, file)
    expect(page.get_by_alt_text("Preview of")).to_have_count(2)
    page.get_by_role("button", name="Register").click()
    wait_for_result(page)
    expect(page.locator(".recent-item .state-accept").first).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    readable = page.evaluate(
        "document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    )
    assert keys[SEM] not in readable and cookie["value"] not in readable
    assert cookie["value"].encode() not in kept_in_database(service)


def kept_in_database(service: Service) -> bytes:
    """Return the bytes of all files of the database; journal files exist at times."""
    kept = (service.state_dir / "xebra.sqlite").read_bytes()
    for file in service.state_dir.glob("xebra.sqlite-*"):
        with suppress(FileNotFoundError):
            kept += file.read_bytes()
    return kept


def test_news_come_with_the_cookie(page, keys):
    sign_in(page, keys[SEM])
    expect(page.get_by_label("Instrument", exact=True)).to_have_value(SEM)  # a reload would abort the request
    with page.expect_response(lambda answer: answer.url.endswith("/events")) as answer:
        page.reload()
    assert answer.value.status == 200
    assert answer.value.headers["content-type"].startswith("text/event-stream")


def test_of_two_instruments_each_is_seen_alone(page, keys, job):
    sign_in(page, keys[SEM])
    row = page.locator(f".recent a[href*='{job['id']}']")
    expect(row).to_be_visible()
    instrument = page.get_by_label("Instrument", exact=True)
    instrument.select_option("Another instrument…")
    sign_in(page, keys[TEM])
    expect(instrument).to_have_value(TEM)
    assert_accessible(page)
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    instrument.select_option(SEM)
    expect(row).to_be_visible()


def test_a_key_that_opens_nothing_leaves_who_shows_it_signed_in(page, keys):
    sign_in(page, keys[SEM])
    instrument = page.get_by_label("Instrument", exact=True)
    instrument.select_option("Another instrument…")
    sign_in(page, "xebra_none")
    expect(page.locator(".problem")).to_contain_text("unknown or was revoked")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Registrations")).to_be_visible()
    expect(instrument).to_have_value(SEM)


def test_after_signing_out_the_cookie_opens_nothing(page, service, keys):
    sign_in(page, keys[SEM])
    expect(page.get_by_label("Instrument", exact=True)).to_have_value(SEM)
    (cookie,) = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    settled(page, lambda: page.context.cookies() == [])
    answer = ask("GET", f"{service.url}/api/v1/images", cookies={COOKIE: cookie["value"]})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/session-ended")


def test_a_revoked_key_ends_the_session_that_it_opened(page, service):
    page.clock.install()  # do not wait for the next poll
    page.reload()
    row, key = admin(service, db.keys.add, SEM, "", ["read"])
    sign_in(page, key)
    expect(page.get_by_label("Instrument", exact=True)).to_be_visible()
    admin(service, db.keys.revoke, row.id)

    def is_out() -> bool:
        page.clock.fast_forward(20_000)
        return page.get_by_role("heading", name="Sign in").is_visible()

    settled(page, is_out)
    expect(page.locator(".problem")).to_contain_text("session has ended")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://other.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.example"},
    ],
)
def test_a_cookie_changes_nothing_at_the_wish_of_another_page(service, token, headers):
    answer = cancel(service, token, **headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/other-site")


def test_the_page_itself_may_change_things_with_its_cookie(service, token):
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": service.url}):
        assert cancel(service, token, **headers).status_code == 404
    of_the_key = ask("GET", f"{service.url}/api/v1/session", cookies={COOKIE: token}).json()
    assert of_the_key["instrument"] == SEM and of_the_key["scopes"] == ["read", "write"]


def test_a_cookie_that_somebody_else_put_there_never_opens_anything(service, keys, token):
    known = {"key": keys[TEM]}
    answer = ask("POST", f"{service.url}/api/v1/session", json=known, cookies={COOKIE: token})
    assert answer.cookies[COOKIE] != token
    assert ask("GET", f"{service.url}/api/v1/images", cookies={COOKIE: token}).status_code == 401
    chosen = ask("GET", f"{service.url}/api/v1/session", cookies={COOKIE: answer.cookies[COOKIE]}).json()
    assert (chosen["instrument"], chosen["instruments"]) == (TEM, [SEM, TEM])


def test_a_key_is_no_cookie_and_a_cookie_is_no_key(service, keys, token):
    url = f"{service.url}/api/v1/images"
    assert ask("GET", url, headers={"Authorization": f"Bearer {keys[SEM]}"}).status_code == 200
    assert ask("GET", url, cookies={COOKIE: keys[SEM]}).status_code == 401
    assert ask("GET", url, cookies={COOKIE: token}).status_code == 200
    assert ask("GET", url, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_administrator_sees_how_all_instruments_fare(page, service, keys, job):
    sign_in(page, keys[TEM])
    page.get_by_role("link", name="Administration").click()
    instruments = page.get_by_role("table", name="Instruments")
    expect(instruments.get_by_role("row", name=TEM)).to_contain_text("never")
    figures = ask(
        "GET", f"{service.url}/api/v1/administration", headers={"Authorization": f"Bearer {keys[TEM]}"}
    ).json()
    sem = next(one for one in figures["instruments"] if one["name"] == SEM)
    expect(instruments.get_by_role("row", name=SEM)).to_contain_text(str(sem["images"]))
    day = next(one for one in figures["days"] if one["instrument"] == SEM)
    assert (day["refusal_rate"], day["ended"]) == (0, day["accepted"])
    days = page.get_by_role("table", name="Results by day and instrument")
    row = days.get_by_role("row", name=SEM).filter(has_text=day["day"])
    expect(row.get_by_role("cell")).to_have_text(
        [SEM, str(day["ended"]), str(day["accepted"]), "0", "0", "0", "0 %"]
    )


def test_other_keys_do_not_see_that(page, service, keys):
    sign_in(page, keys[SEM])
    expect(page.get_by_label("Instrument", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto(f"{service.url}/?page=administration")
    expect(page.locator(".administration .problem")).to_contain_text("does not have the scope 'admin'")
