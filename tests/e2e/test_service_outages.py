"""A server that is away is said to be away, and the service goes on where it was once it is back."""

from __future__ import annotations

import httpx
import pytest
from support.crashes import Server
from support.servers import LOOPBACK, free_port, s3, s3_url
from support.service import serving, speckle, tiff, wait_until_ready

FILE = {"file": ("a.tif", tiff(speckle()))}


def assert_asked_to_come_back(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "/problems/image-store-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture(scope="module")
def on_s3(tmp_path_factory):
    """A service whose images lie on an S3 server of the module's own."""
    folder, port = tmp_path_factory.mktemp("outages"), free_port()
    store = Server(lambda: s3(folder / "s3", port))
    store.up()
    with serving(folder / "state", IMAGES_URL=s3_url(f"{LOOPBACK}:{port}", "images")) as service:
        yield service, store
    store.down()


def test_jobs_survive_a_killed_s3_store_and_its_readers_are_asked_to_come_back(on_s3):
    service, store = on_s3
    image = service.upload(speckle())
    store.crash()
    assert_asked_to_come_back(service.client.get(image["links"]["content"]))
    assert_asked_to_come_back(service.client.post("/api/v1/images", files=FILE))
    waiting = service.submit(image, image)
    store.up()
    wait_until_ready(service)
    assert service.client.get(image["links"]["content"]).content == FILE["file"][1]
    assert service.wait(waiting)["state"] == "succeeded"


def test_a_file_goes_straight_to_the_s3_store_and_becomes_an_image(on_s3):
    service, _ = on_s3
    begun = service.client.post("/api/v1/uploads").raise_for_status().json()
    path = f"/api/v1/uploads/{begun['id']}/complete"
    assert service.client.post(path, json={}).json()["type"] == "/problems/upload-not-found"
    assert httpx.put(begun["url"], content=FILE["file"][1]).is_success
    image = service.client.post(path, json={"name": "a.tif"}).raise_for_status().json()
    httpx.put(begun["url"], content=b"something else")
    assert service.client.get(image["links"]["content"]).content == FILE["file"][1]
