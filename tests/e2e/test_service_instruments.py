"""Instruments: each has its own API keys, images and jobs."""

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
    """A service that requires API keys."""
    return service_with_keys


def admin(service: Service, *arguments: str) -> str:
    return xebra(service, "admin", *arguments)


def xebra(service: Service, *arguments: str) -> str:
    """Return the output of the command, which must succeed."""
    command = [program("xebra"), *arguments]
    return subprocess.check_output(command, env=environment(service.state_dir), text=True).strip()


def client(service: Service, key: str) -> Service:
    """Return the service with a client that uses this key."""
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


def test_request_without_a_key_is_rejected(service, sem):
    for path in (f"/api/v1/{name}" for name in ("images", "registrations", "batches", "series", "events")):
        answer = service.client.get(path)
        assert is_problem(answer, 401, "api-key-missing"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert is_problem(client(service, "xebra_none").client.get("/api/v1/images"), 401, "api-key-unknown")
    assert service.get("/api/v1/service")["access"] == "keys"


def test_data_of_another_instrument_are_not_found(sem, tem):
    image = sem.upload(speckle(seed=32))
    job = sem.wait(sem.submit(image, image, **QUICK))
    assert job["state"] == "succeeded"
    reviews = job["links"].pop("reviews")  # knows no GET
    assert tem.client.post(reviews, json={"decision": "accept"}).status_code == 404
    assert sem.client.post(reviews, json={"decision": "accept"}).status_code == 201
    for link in (*image["links"].values(), *(link for link in job["links"].values() if link)):
        assert tem.client.get(link).status_code == 404, link
    assert tem.client.delete(job["links"]["self"]).status_code == 404
    matrix = {"fixed_from_moving": job["result"]["fixed_from_moving"]}
    assert tem.client.post(job["links"]["corrections"], json=matrix).status_code == 404
    body = {"fixed_image_id": image["id"], "moving_image_id": image["id"]}
    assert is_problem(tem.client.post("/api/v1/registrations", json=body), 404, "image-not-found")
    assert is_problem(tem.client.post("/api/v1/batches", json={"pairs": [body]}), 404, "image-not-found")
    assert tem.get("/api/v1/registrations")["items"] == tem.get("/api/v1/images")["items"] == []
    assert job["id"] in [found["id"] for found in sem.get("/api/v1/registrations")["items"]]


def test_pixel_spacing_of_the_instrument_is_the_default(sem):
    image = sem.upload(speckle(seed=33))
    assert (image["pixel_spacing_um"], image["spacing_source"]) == (0.5, "instrument")
    assert sem.upload(tiff(speckle(seed=33), pixel_spacing=0.02))["pixel_spacing_um"] == pytest.approx(0.02)
    result = sem.wait(sem.submit(image, image, **QUICK))["result"]
    assert result["fixed"]["pixel_spacing_um"] == 0.5


def test_modality_and_thresholds_of_the_instrument_apply(service):
    admin(service, "add-instrument", "xrf", "--modality", "XRF", "--refuse-beyond-px", "0.000001")
    xrf = client(service, admin(service, "add-key", "xrf", "--scope", "read", "write", "collect"))
    image = xrf.upload(speckle(seed=36))
    assert image["modality"] == "XRF"
    assert xrf.upload(speckle(seed=36), modality="SE")["modality"] == "SE"
    job = xrf.wait(xrf.submit(image, image, **QUICK))
    pair = {"fixed": FILE["file"], "moving": FILE["file"]}
    form = {"deadline_ms": "60000", **QUICK}
    direct = xrf.client.post("/api/v1/register", files=pair, data=form).json()
    for result in (job["result"], direct):
        assert result["verdict"] == "refuse" and "this instrument's" in result["reason"]
        assert result["thresholds"] == {"refuse_beyond_px": 1e-6}
    xebra(service, "replay", job["id"])  # the same result, with the same thresholds


def test_key_has_its_scopes_until_it_is_revoked(service, sem):
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


def test_quotas_are_enforced(sem, tem):
    image = sem.upload(speckle(seed=35))
    body = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]] * 4}
    answer = sem.client.post("/api/v1/batches", json=body)
    assert is_problem(answer, 429, "quota-exceeded") and int(answer.headers["Retry-After"]) > 0
    large = {"file": ("large.tif", tiff(speckle(1024)))}
    assert is_problem(tem.client.post("/api/v1/images", files=large), 429, "quota-exceeded")


def test_rate_limit_is_enforced(tem):
    answers = [tem.client.get("/api/v1/images")]
    while answers[-1].is_success and len(answers) <= 60:  # the window may end in between
        answers.append(tem.client.get("/api/v1/images"))
    assert is_problem(answers[-1], 429, "rate-exceeded")
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[0].headers["RateLimit-Policy"] == '"instrument";q=30;w=60'
    assert answers[-1].headers["RateLimit"].startswith('"instrument";r=0;t=')


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_session_cookie_is_secure_behind_tls(service, sem, scheme):
    key = {"key": sem.client.headers["Authorization"].partition(" ")[2]}
    answer = service.client.post("/api/v1/session", json=key, headers={"X-Forwarded-Proto": scheme})
    service.client.cookies.clear()
    assert answer.status_code == 201, answer.text
    assert ("Secure" in answer.headers["Set-Cookie"]) == (scheme == "https")
