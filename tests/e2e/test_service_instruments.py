"""Many instruments: each with keys of its own, each alone with its images and jobs."""

from __future__ import annotations

import subprocess
import time

import httpx
import pytest
from support.servers import program
from support.service import PATIENCE_S, QUICK, Service, environment, speckle, tiff

FILE = {"file": ("a.tif", tiff(speckle(seed=31)))}


@pytest.fixture(scope="module")
def service(service_with_keys: Service) -> Service:
    """It asks for keys."""
    return service_with_keys


def admin(service: Service, *arguments: str) -> str:
    return xebra(service, "admin", *arguments)


def xebra(service: Service, *arguments: str) -> str:
    """What the command says; it must succeed."""
    command = [program("xebra"), *arguments]
    return subprocess.check_output(command, env=environment(service.state_dir), text=True).strip()


def client(service: Service, key: str) -> Service:
    """The same service, seen with this key."""
    headers = {"Authorization": f"Bearer {key}"}
    seen = httpx.Client(base_url=service.url, headers=headers, timeout=PATIENCE_S)
    return Service(service.url, service.state_dir, service.process, seen)


@pytest.fixture(scope="module")
def sem(service) -> Service:
    admin(service, "add-instrument", "sem", "--pixel-spacing-um", "0.5", "--max-queued-jobs", "3")
    return client(service, admin(service, "add-key", "sem"))


@pytest.fixture(scope="module")
def tem(service) -> Service:
    admin(service, "add-instrument", "tem", "--requests-per-minute", "30", "--max-stored-bytes", "1000000")
    return client(service, admin(service, "add-key", "tem", "--scope", "read", "write", "collect"))


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    return (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")


def test_without_a_key_nothing_is_shown(service, sem):
    for path in ("/api/v1/images", "/api/v1/registrations", "/api/v1/batches", "/api/v1/events"):
        answer = service.client.get(path)
        assert is_problem(answer, 401, "api-key-missing"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert is_problem(client(service, "xebra_none").client.get("/api/v1/images"), 401, "api-key-unknown")
    assert service.get("/api/v1/service")["access"] == "keys"


def test_what_one_instrument_has_another_does_not_find(sem, tem):
    image = sem.upload(speckle(seed=32))
    job = sem.wait(sem.submit(image, image, **QUICK))
    assert job["state"] == "succeeded"
    for link in (*image["links"].values(), *(link for link in job["links"].values() if link)):
        assert tem.client.get(link).status_code == 404, link
    assert tem.client.delete(job["links"]["self"]).status_code == 404
    matrix = {"fixed_from_moving": job["result"]["fixed_from_moving"]}
    assert tem.client.post(job["links"]["corrections"], json=matrix).status_code == 404
    wish = {"fixed_image_id": image["id"], "moving_image_id": image["id"]}
    assert is_problem(tem.client.post("/api/v1/registrations", json=wish), 404, "image-not-found")
    assert is_problem(tem.client.post("/api/v1/batches", json={"pairs": [wish]}), 404, "image-not-found")
    assert tem.get("/api/v1/registrations")["items"] == tem.get("/api/v1/images")["items"] == []
    assert job["id"] in [found["id"] for found in sem.get("/api/v1/registrations")["items"]]


def test_an_instruments_pixel_spacing_counts_where_the_file_says_none(sem):
    image = sem.upload(speckle(seed=33))
    assert (image["pixel_spacing_um"], image["spacing_source"]) == (0.5, "instrument")
    assert sem.upload(tiff(speckle(seed=33), pixel_spacing=0.02))["pixel_spacing_um"] == pytest.approx(0.02)
    result = sem.wait(sem.submit(image, image, **QUICK))["result"]
    assert result["fixed"]["pixel_spacing_um"] == 0.5


def test_an_instruments_modality_and_limits_count_for_all_that_it_sends(service):
    admin(service, "add-instrument", "xrf", "--modality", "XRF", "--refuse-beyond-px", "0.000001")
    xrf = client(service, admin(service, "add-key", "xrf", "--scope", "read", "write", "collect"))
    image = xrf.upload(speckle(seed=36))
    assert image["modality"] == "XRF"
    assert xrf.upload(speckle(seed=36), modality="SE")["modality"] == "SE"
    job = xrf.wait(xrf.submit(image, image, **QUICK))
    pair = {"fixed": FILE["file"], "moving": FILE["file"]}
    asked = {"deadline_ms": "60000", **QUICK}
    at_once = xrf.client.post("/api/v1/register", files=pair, data=asked).json()
    for result in (job["result"], at_once):
        assert result["verdict"] == "refuse" and "this instrument's" in result["reason"]
        assert result["thresholds"] == {"refuse_beyond_px": 1e-6}
    xebra(service, "replay", job["id"])  # the same answer, judged by the same limits


def test_a_key_may_do_what_it_was_given_for_and_nothing_once_it_is_revoked(service, sem):
    key = admin(service, "add-key", "sem", "--scope", "read")
    reader = client(service, key)
    assert reader.client.get("/api/v1/images").is_success
    assert is_problem(reader.client.post("/api/v1/images", files=FILE), 403, "scope-missing")
    image = sem.upload(speckle(seed=34))
    urgent = {"fixed_image_id": image["id"], "moving_image_id": image["id"], "priority": "collection"}
    assert is_problem(sem.client.post("/api/v1/registrations", json=urgent), 403, "scope-missing")
    end = time.monotonic() + PATIENCE_S
    with reader.client.stream("GET", "/api/v1/events") as stream:
        assert stream.is_success
        admin(service, "revoke-key", key.split("_")[1])
        for _ in stream.iter_lines():  # to its end
            assert time.monotonic() < end
    while reader.client.get("/api/v1/images").is_success and time.monotonic() < end:
        time.sleep(0.05)
    assert is_problem(reader.client.get("/api/v1/images"), 401, "api-key-unknown")
    database = (service.state_dir / "xebra.sqlite").read_bytes()
    assert key.encode() not in database


def test_a_quota_is_kept(sem, tem):
    image = sem.upload(speckle(seed=35))
    wish = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]] * 4}
    answer = sem.client.post("/api/v1/batches", json=wish)
    assert is_problem(answer, 429, "quota-exceeded") and int(answer.headers["Retry-After"]) > 0
    large = {"file": ("large.tif", tiff(speckle(1024)))}
    assert is_problem(tem.client.post("/api/v1/images", files=large), 429, "quota-exceeded")


def test_who_asks_too_often_is_told_when_to_come_back(tem):
    answers = [tem.client.get("/api/v1/images")]
    while answers[-1].is_success and len(answers) <= 60:  # a minute that began earlier may end in between
        answers.append(tem.client.get("/api/v1/images"))
    assert is_problem(answers[-1], 429, "rate-exceeded")
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[0].headers["RateLimit-Policy"] == '"instrument";q=30;w=60'
    assert answers[-1].headers["RateLimit"].startswith('"instrument";r=0;t=')


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_session_begun_through_tls_has_a_cookie_for_tls_alone(service, sem, scheme):
    key = {"key": sem.client.headers["Authorization"].partition(" ")[2]}
    answer = service.client.post("/api/v1/session", json=key, headers={"X-Forwarded-Proto": scheme})
    service.client.cookies.clear()
    assert answer.status_code == 201, answer.text
    assert ("Secure" in answer.headers["Set-Cookie"]) == (scheme == "https")
