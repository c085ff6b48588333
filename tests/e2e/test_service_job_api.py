"""What pipelines lean on: repeated requests, waiting, events, batches, corrections, transforms, haste."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import uuid
import zipfile

import httpx
import numpy as np
import pytest
from support.service import PATIENCE_S, QUICK, Service, speckle, tiff

MOVED = [[1.0, 0.0, 5.0], [0.0, 1.0, -2.5], [0.0, 0.0, 1.0]]


@pytest.fixture(scope="module")
def image(service: Service) -> dict:
    return service.upload(speckle(seed=21), "grains.tif")


@pytest.fixture(scope="module")
def done(service: Service, image: dict) -> dict:
    return service.wait(service.submit(image, image, **QUICK))


def submit(service: Service, image: dict, headers: dict, **wish) -> httpx.Response:
    body = {"fixed_image_id": image["id"], "moving_image_id": image["id"], **QUICK, **wish}
    return service.client.post("/api/v1/registrations", json=body, headers=headers)


def events(service: Service, path: str, last: int | None = None) -> list[tuple[int, dict]]:
    """All events up to the first final state, as (id, data)."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    found: list[tuple[int, dict]] = []
    with httpx.stream("GET", service.url + path, headers=headers, timeout=PATIENCE_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "data" in fields:
                found.append((int(fields["id"]), json.loads(fields["data"])))
                fields = {}
                if found[-1][1]["state"] in ("succeeded", "failed", "cancelled"):
                    break
    return found


def test_what_an_image_shows_can_be_said_later_and_nothing_else_changes(service, image):
    path = f"/api/v1/images/{image['id']}"
    said = service.client.patch(path, json={"modality": "BSE"}).raise_for_status().json()
    assert said == {**image, "modality": "BSE"} == service.get(path)
    refused = service.client.patch(path, json={"modality": "BSE", "name": "other.tif"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/request-invalid")
    assert service.client.patch(path, json={"modality": None}).json() == image


def test_a_repeated_submission_is_one_registration(service, image):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (submit(service, image, key) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    other = submit(service, image, key, priority="collection")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    service.wait(first.json())


def test_a_submission_that_was_refused_may_be_repeated_under_its_key(service, image):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert submit(service, {"id": str(uuid.uuid4())}, key).status_code == 404
    assert submit(service, image, key).status_code == 202


def test_who_prefers_to_wait_gets_the_result_at_once(service, image):
    answer = submit(service, image, {"Prefer": "wait=60"})
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=60"
    assert answer.json()["result"]["verdict"]


def test_events_tell_every_state_of_a_registration_and_then_end(service, image):
    job = service.submit(image, image, **QUICK)
    told = events(service, job["links"]["events"])
    assert [data["state"] for _, data in told] == ["queued", "running", "succeeded"]
    assert [number for number, _ in told] == sorted(number for number, _ in told)
    rest = events(service, job["links"]["events"], last=told[0][0])
    assert rest == told[1:]
    over = service.client.get(job["links"]["events"], headers={"Last-Event-ID": str(told[-1][0])})
    assert over.status_code == 204


def test_events_of_all_registrations_come_while_they_happen(service, image):
    heard: list[tuple[int, dict]] = []
    listener = threading.Thread(target=lambda: heard.extend(events(service, "/api/v1/events")))
    listener.start()
    time.sleep(0.5)  # until it listens; what it missed is asked for below
    job = service.wait(service.submit(image, image, **QUICK))
    while listener.is_alive():
        listener.join(1)
        service.wait(service.submit(image, image, **QUICK))
    assert heard[-1][1]["state"] == "succeeded"
    again = events(service, f"/api/v1/events?after={heard[0][0] - 1}")
    assert again[0] == heard[0]
    assert job["state"] == "succeeded"


def test_events_of_an_unknown_registration_are_not_found(service):
    answer = service.client.get(f"/api/v1/registrations/{uuid.uuid4()}/events")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/registration-not-found")


def test_a_batch_has_one_status_and_one_archive(service, image):
    other = service.upload(speckle(seed=22), "=grains.tif")
    wish = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"], other["id"], image["id"]]}
    wish |= {"mirror": "yes", **QUICK}
    answer = service.client.post("/api/v1/batches", json=wish)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert batch["size"] == sum(batch["states"].values()) == 3
    end = time.monotonic() + PATIENCE_S
    while not batch["ended"] and time.monotonic() < end:
        time.sleep(0.1)
        batch = service.get(batch["links"]["self"])
    assert batch["states"]["succeeded"] == 3
    members = service.get(batch["links"]["registrations"])["items"]
    assert {job["batch_id"] for job in members} == {batch["id"]}
    assert {(job["settings"]["mirror"], job["result"]["mirror"]) for job in members} == {("yes", True)}
    content = service.client.get(f"{batch['links']['results']}?images=true").content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        rows = list(csv.DictReader(io.StringIO(file.read("results.csv").decode())))
        assert {row["registration_id"] for row in rows} == {job["id"] for job in members}
        assert {row["moving_name"] for row in rows} == {"grains.tif", "'=grains.tif"}
        for job in members:
            assert json.loads(file.read(f"{job['id']}.json"))["scale"] == job["result"]["scale"]
            assert file.read(f"{job['id']}.tif") == service.client.get(job["links"]["registered"]).content


@pytest.mark.parametrize(
    "wish", [{}, {"pairs": []}, {"fixed_image_id": "a"}, {"pairs": [{}], "fixed_image_id": "a"}]
)
def test_a_batch_that_is_none_is_refused(service, wish):
    answer = service.client.post("/api/v1/batches", json=wish)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


def test_a_correction_is_kept_beside_what_was_found(service, done):
    body = {"fixed_from_moving": MOVED, "note": "by the fiducials"}
    answer = service.client.post(done["links"]["corrections"], json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["fixed_from_moving"], made["note"], made["actor"]) == (MOVED, body["note"], "local")
    np.testing.assert_allclose(np.array(made["moving_from_fixed"]) @ MOVED, np.eye(3), atol=1e-12)
    assert service.get(done["links"]["corrections"])["items"][-1] == made
    assert service.get(done["links"]["self"])["result"] == done["result"]
    by_hand = service.get(f"{done['links']['transform']}?correction=latest")
    assert by_hand["fixed_from_moving"] == MOVED
    found = service.get(done["links"]["transform"])
    assert found["fixed_from_moving"] == done["result"]["fixed_from_moving"]


@pytest.mark.parametrize(
    "matrix", [[[1, 0, 0], [0, 1, 0], [0, 0, 2]], [[1, 1, 0], [1, 1, 0], [0, 0, 1]], [[1, 0], [0, 1]]]
)
def test_a_correction_that_maps_no_plane_is_refused(service, done, matrix):
    answer = service.client.post(done["links"]["corrections"], json={"fixed_from_moving": matrix})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


@pytest.mark.parametrize("name", ["itk", "ngff", "bigwarp", "napari", "elastix", "csv"])
def test_the_transform_comes_in_every_format(service, done, name):
    answer = service.client.get(done["links"]["transform"], params={"format": name})
    assert answer.status_code == 200 and answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_pair_is_registered_at_once_or_by_its_deadline_not_at_all(service):
    images = {"fixed": speckle(seed=23), "moving": speckle(seed=23)[:, ::-1]}
    files = {name: (f"{name}.tif", tiff(pixels)) for name, pixels in images.items()}
    asked = {"deadline_ms": "60000", "mirror": "yes"}
    answer = service.client.post("/api/v1/register", files=files, data=asked)
    assert answer.status_code == 200, answer.text
    assert abs(answer.json()["scale"] - 1) < 0.1 and answer.json()["fixed"]["name"] == "fixed.tif"
    assert answer.json()["mirror"]
    late = service.client.post("/api/v1/register", files=files, data={"deadline_ms": "1"})
    assert (late.status_code, late.json()["type"]) == (504, "/problems/deadline-missed")
    bad = service.client.post("/api/v1/register", files=files | {"fixed": ("a.tif", b"none")})
    assert (bad.status_code, bad.json()["type"]) == (422, "/problems/image-unreadable")


def test_lists_hold_what_was_asked_for(service, image, done):
    def found(**asked) -> set[str]:
        page = service.client.get("/api/v1/registrations", params=asked).raise_for_status().json()
        return {job["id"] for job in page["items"]}

    assert done["id"] in found(verdict=done["result"]["verdict"], fixed_image_id=image["id"], limit=200)
    assert found(moving_image_id="nothing") == set()
    assert done["id"] not in found(created_after=done["finished_at"], limit=200)
    same = service.client.get("/api/v1/images", params={"sha256": image["sha256"]}).json()["items"]
    assert {entry["sha256"] for entry in same} == {image["sha256"]}
    assert service.client.get("/api/v1/registrations?created_after=yesterday").status_code == 422


def test_metrics_tell_what_waits_and_how_jobs_ended(service, image):
    done = service.wait(service.submit(image, image, **QUICK))  # of the last minutes
    text = service.client.get("/metrics").text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['xebra_jobs{state="succeeded"}']) >= 1
    assert float(values[f'xebra_recent_jobs{{outcome="{done["result"]["verdict"]}"}}']) >= 1
    assert float(values['xebra_recent_job_seconds{phase="total",quantile="0.5"}']) > 0
    assert float(values['xebra_http_request_seconds_count{method="POST",status="202"}']) >= 1


def test_the_documentation_of_the_api_needs_no_other_server(service):
    page = service.client.get("/docs").text
    assert "https://" not in page and "http://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert service.client.get(f"/docs-assets/{name}").is_success
