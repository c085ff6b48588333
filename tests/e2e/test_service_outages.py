"""An unavailable server is reported, and the service continues when it is available again."""

from __future__ import annotations

import httpx
import pytest
from support.crashes import Server
from support.servers import LOOPBACK, free_port, s3, s3_url
from support.service import serving, speckle, tiff, wait_until_ready

FILE = {"file": ("a.tif", tiff(speckle()))}


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "/problems/image-store-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture(scope="module")
def on_s3(tmp_path_factory):
    """A service whose images are on an S3 server of its own."""
    folder, port = tmp_path_factory.mktemp("outages"), free_port()
    store = Server(lambda: s3(folder / "s3", port))
    store.up()
    with serving(folder / "state", IMAGES_URL=s3_url(f"{LOOPBACK}:{port}", "images")) as service:
        yield service, store
    store.down()


def test_jobs_survive_an_unavailable_s3_store_and_readers_get_503(on_s3):
    service, store = on_s3
    image = service.upload(speckle())
    store.crash()
    assert_unavailable(service.client.get(image["links"]["content"]))
    assert_unavailable(service.client.post("/api/v1/images", files=FILE))
    queued = service.submit(image, image)
    store.up()
    wait_until_ready(service)
    assert service.client.get(image["links"]["content"]).content == FILE["file"][1]
    assert service.wait(queued)["state"] == "succeeded"


def test_presigned_upload_becomes_an_image(on_s3):
    service, _ = on_s3
    upload = service.client.post("/api/v1/uploads").raise_for_status().json()
    path = f"/api/v1/uploads/{upload['id']}/complete"
    assert service.client.post(path, json={}).json()["type"] == "/problems/upload-not-found"
    assert httpx.put(upload["url"], content=FILE["file"][1]).is_success
    image = service.client.post(path, json={"name": "a.tif"}).raise_for_status().json()
    httpx.put(upload["url"], content=b"something else")
    assert service.client.get(image["links"]["content"]).content == FILE["file"][1]
