"""A service without API keys is served to this machine only, and to no page of another site."""

from __future__ import annotations

import httpx
import pytest
from support.service import Service, serving, speckle, tiff

from worker import process_manager
from worker.settings import WorkerSettings

FILE = {"file": ("a.tif", tiff(speckle()))}


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:80", "127.0.0.1.example", "", "a/b"])
def test_other_host_names_are_refused(service, host):
    """A page of another site can have its name resolve to this machine (DNS rebinding)."""
    answer = service.client.get("/api/v1/images", headers={"Host": host})
    assert answer.status_code == 421 or (host == "" and answer.status_code in (400, 421))
    assert service.client.get("/", headers={"Host": host}).status_code >= 400


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "xebra.localhost"]
)
def test_names_of_this_machine_are_served(service, host):
    assert service.client.get("/api/v1/images", headers={"Host": host}).is_success


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://other.example"}],
    ids=["cross-site", "same-site", "origin"],
)
def test_upload_of_a_page_of_another_site_is_refused(service, headers):
    answer = service.client.post("/api/v1/images", files=FILE, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/other-site")


@pytest.fixture(scope="module")
def with_token(tmp_path_factory) -> Service:
    with serving(tmp_path_factory.mktemp("token"), TOKEN="letmein") as service:
        yield service


def test_token_is_required_as_key_or_cookie(with_token):
    url = with_token.url
    assert httpx.get(f"{url}/api/v1/images").status_code == 401
    assert httpx.get(f"{url}/api/v1/images", headers={"Authorization": "Bearer wrong"}).status_code == 401
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer letmein"}) as client:
        assert client.post("/api/v1/images", files=FILE).status_code == 201
    with httpx.Client(base_url=url) as browser:
        answer = browser.get("/", params={"token": "letmein"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        assert (
            "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=strict" in answer.headers["Set-Cookie"]
        )
        assert browser.get("/api/v1/images").is_success
        assert browser.get("/api/v1/session").json()["instrument"] == "local"
        assert browser.post("/api/v1/images", files=FILE).status_code == 403  # no page sent it
        same = {"Sec-Fetch-Site": "same-origin"}
        assert browser.post("/api/v1/images", files=FILE, headers=same).status_code == 201


def test_address_beyond_this_machine_gets_a_token_in_the_printed_url():
    for host, expected in (("0.0.0.0", True), ("192.0.2.1", True), ("127.0.0.1", False), ("::1", False)):
        settings = WorkerSettings(host=host)
        process_manager.require_token(settings)
        assert bool(settings.token) == expected, host
    keys = WorkerSettings(host="0.0.0.0", access="keys")
    process_manager.require_token(keys)
    assert not keys.token
