"""The job API: idempotency, waiting, events, batches, corrections, transforms, synchronous registration."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import numpy as np
import pytest
import tifffile
from support.service import PATIENCE_S, QUICK, Service, speckle, tiff

from xebra.resample import resample
from xebra.transform_files import FORMATS

MOVED = [[1.0, 0.0, 5.0], [0.0, 1.0, -2.5], [0.0, 0.0, 1.0]]


@pytest.fixture(scope="module")
def image(service: Service) -> dict:
    return service.upload(speckle(seed=21), "grains.tif")


@pytest.fixture(scope="module")
def done(service: Service, image: dict) -> dict:
    return service.wait(service.submit(image, image, **QUICK))


def submit(service: Service, image: dict, headers: dict, **settings) -> httpx.Response:
    body = {"fixed_image_id": image["id"], "moving_image_id": image["id"], **QUICK, **settings}
    return service.client.post("/api/v1/registrations", json=body, headers=headers)


def events(
    service: Service, path: str, last: int | None = None, connected: threading.Event | None = None
) -> list[tuple[int, dict]]:
    """Return the events up to the first final state, as (id, data); set ``connected`` at the beginning."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    found: list[tuple[int, dict]] = []
    with httpx.stream("GET", service.url + path, headers=headers, timeout=PATIENCE_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        if connected is not None:
            connected.set()
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


def test_modality_can_be_set_later_and_nothing_else_changes(service, image):
    path = f"/api/v1/images/{image['id']}"
    updated = service.client.patch(path, json={"modality": "BSE"}).raise_for_status().json()
    assert updated == {**image, "modality": "BSE"} == service.get(path)
    rejected = service.client.patch(path, json={"modality": "BSE", "dtype": "uint8"})
    assert (rejected.status_code, rejected.json()["type"]) == (422, "/problems/request-invalid")
    assert service.client.patch(path, json={"modality": None}).json() == image


def test_repeated_submission_is_one_registration(service, image):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (submit(service, image, key) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    other = submit(service, image, key, priority="collection")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    service.wait(first.json())


def test_rejected_submission_can_be_repeated_with_its_key(service, image):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert submit(service, {"id": str(uuid.uuid4())}, key).status_code == 404
    assert submit(service, image, key).status_code == 202


def test_prefer_wait_returns_the_result(service, image):
    answer = submit(service, image, {"Prefer": "wait=60"})
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=60"
    assert answer.json()["result"]["verdict"]


def test_events_of_a_registration_end_with_its_final_state(service, image):
    job = service.submit(image, image, **QUICK)
    received = events(service, job["links"]["events"])
    assert [data["state"] for _, data in received] == ["queued", "running", "succeeded"]
    assert [number for number, _ in received] == sorted(number for number, _ in received)
    rest = events(service, job["links"]["events"], last=received[0][0])
    assert rest == received[1:]
    over = service.client.get(job["links"]["events"], headers={"Last-Event-ID": str(received[-1][0])})
    assert over.status_code == 204


def test_events_of_all_registrations_are_streamed(service, image):
    connected = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(events, service, "/api/v1/events", connected=connected)
        assert connected.wait(PATIENCE_S)
        while not stream.done():  # a job may end before the stream has its start
            job = service.wait(service.submit(image, image, **QUICK))
            wait([stream], timeout=1)
    received = stream.result()
    assert received[-1][1]["state"] == job["state"] == "succeeded"
    assert events(service, f"/api/v1/events?after={received[0][0] - 1}")[0] == received[0]


def test_events_of_an_unknown_registration_are_not_found(service):
    answer = service.client.get(f"/api/v1/registrations/{uuid.uuid4()}/events")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/registration-not-found")


def test_batch_has_one_status_and_one_archive(service, image):
    other = service.upload(speckle(seed=22), "=grains.tif")
    body = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"], other["id"], image["id"]]}
    body |= {"mirror": "yes", **QUICK}
    answer = service.client.post("/api/v1/batches", json=body)
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
    assert [job["moving_image_id"] for job in members] == body["moving_image_ids"], "the order is kept"
    service.client.post(members[0]["links"]["reviews"], json={"decision": "reject"}).raise_for_status()
    everything = "images=true&pictures=true&transform=itk&transform=napari"
    content = service.client.get(f"{batch['links']['results']}?{everything}").content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        rows = list(csv.DictReader(io.StringIO(file.read("results.csv").decode())))
        assert [row["registration_id"] for row in rows] == [job["id"] for job in members]
        assert [row["review"] for row in rows] == ["reject", "", ""]
        assert {row["moving_name"] for row in rows} == {"grains.tif", "'=grains.tif"}
        names = {row["registration_id"]: row["files"] for row in rows}
        assert set(names.values()) == {"grains_on_grains", "grains_on_grains (2)", "_grains_on_grains"}
        for job in members:
            assert json.loads(file.read(f"{names[job['id']]}.json"))["scale"] == job["result"]["scale"]
            registered = service.client.get(job["links"]["registered"])
            assert file.read(f"{names[job['id']]}.tif") == registered.content
            assert file.read(f"{names[job['id']]}.png").startswith(b"\x89PNG")
            itk = service.client.get(f"{job['links']['self']}/transform?format=itk").content
            assert file.read(f"{names[job['id']]}.transform.tfm") == itk
            assert f"{names[job['id']]}.transform.napari.txt" in file.namelist()


@pytest.mark.parametrize(
    "body", [{}, {"pairs": []}, {"fixed_image_id": "a"}, {"pairs": [{}], "fixed_image_id": "a"}]
)
def test_malformed_batch_is_rejected(service, body):
    answer = service.client.post("/api/v1/batches", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


def test_correction_counts_and_the_prediction_is_kept(service, image):
    done = service.wait(service.submit(image, image, **QUICK))
    predicted = {what: service.client.get(done["links"][what]).content for what in ("registered", "picture")}
    body = {"fixed_from_moving": MOVED, "note": "by the fiducials"}
    answer = service.client.post(done["links"]["corrections"], json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["fixed_from_moving"], made["note"], made["actor"]) == (MOVED, body["note"], "local")
    np.testing.assert_allclose(np.array(made["moving_from_fixed"]) @ MOVED, np.eye(3), atol=1e-12)
    assert service.get(done["links"]["corrections"])["items"][-1] == made
    job = service.get(done["links"]["self"])
    assert job["prediction"] == done["result"]
    result = job["result"]
    assert (result["verdict"], result["fixed_from_moving"]) == ("corrected", MOVED)
    assert (result["shift_px"], result["scale"], result["angle_deg"]) == ([5.0, -2.5], 1.0, 0.0)
    assert "by hand by local" in result["reason"] and result["correction"]["note"] == body["note"]
    assert result["correction"]["id"] == made["id"] and result["expected_corner_error_px"] is None
    listed = service.client.get("/api/v1/registrations", params={"verdict": "corrected"}).json()["items"]
    assert job in listed and all(each["result"]["verdict"] == "corrected" for each in listed)
    others = service.client.get("/api/v1/registrations", params={"verdict": done["result"]["verdict"]})
    assert job["id"] not in {each["id"] for each in others.json()["items"]}
    assert service.get(done["links"]["transform"])["fixed_from_moving"] == MOVED
    for what, before in predicted.items():
        assert service.client.get(done["links"][what]).content != before
        path = f"{done['links'][what]}?correction=predicted"
        assert service.client.get(path).content == before
    pixels = tifffile.imread(io.BytesIO(service.client.get(done["links"]["registered"]).content))
    source = tifffile.imread(io.BytesIO(service.client.get(image["links"]["content"]).content))
    assert pixels.dtype == source.dtype
    expected = resample(source, np.linalg.inv(MOVED), source.shape)
    np.testing.assert_array_equal(pixels, expected)


def test_a_correction_that_is_no_similarity_is_drawn(service, image):
    done = service.wait(service.submit(image, image, **QUICK))
    sheared = [[1.1, 0.2, 5.0], [0.0, 0.9, -2.5], [0.0, 0.0, 1.0]]
    service.client.post(done["links"]["corrections"], json={"fixed_from_moving": sheared}).raise_for_status()
    assert service.get(done["links"]["self"])["result"]["fixed_from_moving"] == sheared
    assert service.client.get(done["links"]["picture"]).is_success


def test_archive_of_a_batch_holds_corrected_results(service, image):
    body = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]], **QUICK}
    batch = service.client.post("/api/v1/batches", json=body).raise_for_status().json()
    [job] = service.get(batch["links"]["registrations"])["items"]
    job = service.wait(job)
    service.client.post(job["links"]["corrections"], json={"fixed_from_moving": MOVED}).raise_for_status()
    content = service.client.get(f"{batch['links']['results']}?images=true").content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        [row] = csv.DictReader(io.StringIO(file.read("results.csv").decode()))
        assert (row["verdict"], row["corrected_by"], row["shift_x_px"]) == ("corrected", "local", "5.0")
        stored = json.loads(file.read("grains_on_grains.json"))
        assert stored["fixed_from_moving"] == MOVED != stored["prediction"]["fixed_from_moving"]
        registered = service.client.get(job["links"]["registered"]).content
        assert file.read("grains_on_grains.tif") == registered


@pytest.mark.parametrize(
    "matrix", [[[1, 0, 0], [0, 1, 0], [0, 0, 2]], [[1, 1, 0], [1, 1, 0], [0, 0, 1]], [[1, 0], [0, 1]]]
)
def test_singular_correction_is_rejected(service, done, matrix):
    answer = service.client.post(done["links"]["corrections"], json={"fixed_from_moving": matrix})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


@pytest.mark.parametrize("name", FORMATS)
def test_transform_in_every_format(service, done, name):
    answer = service.client.get(done["links"]["transform"], params={"format": name})
    assert answer.status_code == 200 and answer.text
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="grains_on_grains.')


def test_pair_is_registered_synchronously_or_misses_its_deadline(service):
    images = {"fixed": speckle(seed=23), "moving": speckle(seed=23)[:, ::-1]}
    files = {name: (f"{name}.tif", tiff(pixels)) for name, pixels in images.items()}
    form = {"deadline_ms": "60000", "mirror": "yes"}
    answer = service.client.post("/api/v1/register", files=files, data=form)
    assert answer.status_code == 200, answer.text
    assert abs(answer.json()["scale"] - 1) < 0.1 and answer.json()["fixed"]["name"] == "fixed.tif"
    assert answer.json()["mirror"]
    late = service.client.post("/api/v1/register", files=files, data={"deadline_ms": "1"})
    assert (late.status_code, late.json()["type"]) == (504, "/problems/deadline-missed")
    bad = service.client.post("/api/v1/register", files=files | {"fixed": ("a.tif", b"none")})
    assert (bad.status_code, bad.json()["type"]) == (422, "/problems/image-unreadable")


def test_lists_are_filtered(service, image, done):
    def found(**filters) -> set[str]:
        page = service.client.get("/api/v1/registrations", params=filters).raise_for_status().json()
        return {job["id"] for job in page["items"]}

    assert done["id"] in found(verdict=done["result"]["verdict"], fixed_image_id=image["id"], limit=200)
    assert found(moving_image_id="nothing") == set()
    assert done["id"] not in found(created_after=done["finished_at"], limit=200)
    same = service.client.get("/api/v1/images", params={"sha256": image["sha256"]}).json()["items"]
    assert {entry["sha256"] for entry in same} == {image["sha256"]}
    assert service.client.get("/api/v1/registrations?created_after=yesterday").status_code == 422


def test_metrics(service, image):
    done = service.wait(service.submit(image, image, **QUICK))  # of the last minutes
    text = service.client.get("/metrics").text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['xebra_jobs{state="succeeded"}']) >= 1
    assert float(values[f'xebra_recent_jobs{{outcome="{done["result"]["verdict"]}"}}']) >= 1
    assert float(values['xebra_recent_job_seconds{phase="total",quantile="0.5"}']) > 0
    assert float(values['xebra_http_request_duration_seconds_count{method="POST",status="202"}']) >= 1


def test_documentation_page_works_without_the_internet(service):
    page = service.client.get("/docs").text
    assert "https://" not in page and "http://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert service.client.get(f"/docs-assets/{name}").is_success
