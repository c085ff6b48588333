"""Registration of a pair through the running API, on embedded and on deployed backends."""

from __future__ import annotations

import io
import math
import uuid

import imagecodecs
import numpy as np
import pytest
import tifffile
from support.servers import wait_until
from support.service import QUICK, Service, speckle, tiff

from xebra import Registration
from xebra.align import Aligner
from xebra.image_files import read


@pytest.fixture(scope="module", params=["embedded", "deployed"])
def any_service(request: pytest.FixtureRequest) -> Service:
    """The service on embedded backends, and on servers."""
    return request.getfixturevalue("service" if request.param == "embedded" else "facility")


@pytest.fixture(scope="module")
def here(any_service: Service, service: Service, sample_pair, request: pytest.FixtureRequest) -> Registration:
    """The result of the library for the sample pair, on the same engine."""
    engine = None if any_service is service else request.getfixturevalue("triton_url")
    return Aligner(engine).register(*sample_pair)


@pytest.fixture(scope="module")
def done(any_service: Service, sample_pair) -> dict:
    """The finished registration of the sample pair."""
    fixed, moving = (any_service.upload(path.read_bytes(), path.name) for path in sample_pair)
    return any_service.wait(any_service.submit(fixed, moving))


def fetched(service: Service, link: str, media_type: str) -> bytes:
    answer = service.client.get(link)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == media_type
    return answer.content


def test_result_of_the_service_equals_that_of_the_library(done, here):
    assert done["state"] == "succeeded", done["failure"]
    here, there = here.to_json(), done["result"]
    for name in ("scale", "angle_deg", "shift_px", "expected_corner_error_px", "fixed_from_moving"):
        np.testing.assert_allclose(there[name], here[name], rtol=1e-6, atol=1e-6)
    for name in ("verdict", "reason", "fixed", "moving", "model"):
        assert there[name] == here[name]


def test_registered_image_equals_that_of_the_library(any_service, done, here):
    content = fetched(any_service, done["links"]["registered"], "image/tiff")
    registered = tifffile.imread(io.BytesIO(content))
    assert registered.dtype == here.registered.dtype
    np.testing.assert_allclose(registered.astype(float), here.registered.astype(float), atol=1)


def test_registered_image_has_the_pixel_spacing_of_the_fixed_image(any_service, done):
    content = fetched(any_service, done["links"]["registered"], "image/tiff")
    spacing = done["result"]["fixed"]["pixel_spacing_um"]
    assert read(io.BytesIO(content), "registered").spacing.x == pytest.approx(spacing)


def test_pictures_are_drawn_once_and_stored(any_service, done):
    for name in ("picture", "registered_preview", "fixed_preview", "moving_preview"):
        first = fetched(any_service, done["links"][name], "image/png")
        assert min(imagecodecs.png_decode(first).shape[:2]) >= 64
        assert fetched(any_service, done["links"][name], "image/png") == first


def test_uploaded_file_is_returned_byte_for_byte(any_service):
    content = tiff(speckle(seed=1), pixel_spacing=0.02)
    image = any_service.upload(content, "Körner 1.tif")
    answer = any_service.client.get(image["links"]["content"])
    assert answer.content == content
    assert "K%C3%B6rner%201.tif" in answer.headers["Content-Disposition"]


def test_times_of_a_job_are_ordered_and_in_utc(done):
    times = [done[name] for name in ("created_at", "started_at", "finished_at")]
    assert times == sorted(times)
    assert all(moment.endswith("Z") for moment in times)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_registered_image_has_the_data_type_of_the_moving_image(service, dtype):
    fixed = service.upload(speckle(seed=2))
    moving = service.upload((speckle(seed=2) // 256).astype(dtype))
    done = service.wait(service.submit(fixed, moving, **QUICK))
    content = fetched(service, done["links"]["registered"], "image/tiff")
    assert tifffile.imread(io.BytesIO(content)).dtype == dtype


def test_given_pixel_spacing_overrides_that_of_the_file(service):
    content = tiff(speckle(seed=3), pixel_spacing=0.02)
    assert service.upload(content)["pixel_spacing_um"] == pytest.approx(0.02)
    corrected = service.upload(content, pixel_spacing_um="0.5")
    assert (corrected["pixel_spacing_um"], corrected["spacing_source"]) == (0.5, "given")
    result = service.wait(service.submit(corrected, corrected, moving_spacing_um=0.25, **QUICK))["result"]
    assert result["fixed"]["pixel_spacing_um"] == 0.5
    assert result["moving"]["pixel_spacing_um"] == 0.25


def test_unknown_pixel_spacing_stays_unknown(service):
    image = service.upload(tiff(speckle(seed=4)))
    assert image["pixel_spacing_um"] is None and image["spacing_source"] is None
    assert service.wait(service.submit(image, image, **QUICK))["result"]["shift_um"] is None


def test_lists_are_paginated_newest_first(service):
    image = service.upload(speckle(seed=5))
    new = [service.submit(image, image, **QUICK)["id"] for _ in range(5)]
    found, cursor = [], ""
    while len(found) < len(new):
        page = service.get(f"/api/v1/registrations?limit=2{cursor}")
        found += [job["id"] for job in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found[: len(new)] == new[::-1]


def test_registrations_have_the_names_of_their_images(service):
    fixed, moving = (service.upload(speckle(seed=s), f"{s}.tif") for s in (8, 9))
    job = service.submit(fixed, moving, **QUICK)
    [newest] = service.get("/api/v1/registrations?limit=1")["items"]
    assert newest["id"] == job["id"]
    for body in (job, newest, service.wait(job)):
        assert (body["fixed_name"], body["moving_name"]) == ("8.tif", "9.tif")


def test_list_is_filtered_by_state(service):
    image = service.upload(speckle(seed=6))
    done = service.wait(service.submit(image, image, **QUICK))
    page = service.get("/api/v1/registrations?state=succeeded")
    assert done["id"] in [job["id"] for job in page["items"]]
    assert {job["state"] for job in page["items"]} == {"succeeded"}


def test_cancelled_job_stays_cancelled_without_a_result(service):
    image = service.upload(speckle(1024, seed=7))
    for _ in range(20):  # until one is caught before its end
        job = service.submit(image, image)
        answer = service.client.delete(job["links"]["self"])
        if answer.status_code == 200:
            break
        assert answer.json()["type"] == "/problems/registration-ended"
    assert answer.json()["state"] == "cancelled"
    later = service.wait(service.submit(image, image))  # the worker processes other jobs
    assert later["state"] == "succeeded"
    assert service.get(job["links"]["self"])["state"] == "cancelled"
    assert service.client.get(f"{job['links']['self']}/registered").status_code == 409
    assert service.client.delete(job["links"]["self"]).status_code == 409


def test_request_id_is_in_the_response_and_in_the_log(service):
    given = f"test-{uuid.uuid4()}"
    answer = service.client.get("/api/v1/images/none", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    log = service.state_dir / "logs" / "api.log"
    line = f"request={given} GET /api/v1/images/none 404"
    wait_until(lambda: line in log.read_text(), "the line in the log")
    assert service.client.get("/health/live").headers["X-Request-ID"]


def test_service_information(service):
    about = service.get("/api/v1/service")
    assert "paper" in [network["name"] for network in about["networks"]]
    assert about["limits"]["min_side_px"] == 64
    assert math.isfinite(about["limits"]["max_upload_bytes"])
