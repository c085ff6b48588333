"""Masks of users through the API: polygons, mask images, problems, batches and direct registration."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.service import Service, speckle, tiff

from xebra.client import Client, Refused
from xebra.polygons import rectangle
from xebra.usable_area.runs import mask_of

LEFT = {"exclude": [rectangle(-0.5, -0.5, 59.5, 255.5)]}
LEFT_ONLY = {"include": [rectangle(-0.5, -0.5, 59.5, 255.5)]}
TILTED = {"type": "Polygon", "coordinates": [[[0, 0], [90, 0], [0, 90], [0, 0]]]}
HALF = np.where(np.arange(256) < 128, 0, 255).astype(np.uint8) * np.ones((256, 1), np.uint8)
ENDED = ("accept", "review", "refuse")


@pytest.fixture
def image(service: Service) -> dict:
    return service.upload(speckle(seed=61), "grains.tif")


def used(job: dict, role: str) -> np.ndarray:
    """Return the mask of what a job has used of an image."""
    return mask_of(job["result"]["usable_area"][role]["runs"], job["result"][role]["shape"])


def names(job: dict, role: str) -> list[str]:
    return [part["name"] for part in job["result"]["usable_area"][role]["excluded"]]


def test_polygons_are_used_and_returned(service, image):
    moving = service.upload(np.roll(speckle(seed=61), (9, 20), (0, 1)))
    masks = {"fixed_mask": LEFT, "moving_mask": {"exclude": [TILTED]}}
    job = service.wait(service.submit(image, moving, **masks))
    assert job["result"]["verdict"] in ENDED
    assert not used(job, "fixed")[:, :60].any() and used(job, "fixed")[:, 60:].all()
    assert not used(job, "moving")[0, :90].any() and used(job, "moving")[100:].all()
    assert names(job, "fixed") == names(job, "moving") == ["given mask"]
    given = job["settings"]
    assert given["fixed_mask"] == {"include": [], **LEFT} and given["fixed_mask_image_id"] is None
    again = service.submit(image, moving, **given)  # what settings say is taken as it is
    assert service.wait(again)["result"]["usable_area"] == job["result"]["usable_area"]


def test_a_mask_image_and_polygons_together(service, image):
    mask = service.upload(HALF, "mask.png")
    job = service.wait(service.submit(image, image, moving_mask_image_id=mask["id"], moving_mask=LEFT))
    assert not used(job, "moving")[:, :128].any() and used(job, "moving")[:, 128:].all()
    assert job["settings"]["moving_mask_image_id"] == mask["id"]


def test_masks_of_a_batch(service, image):
    body = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]] * 2, "fixed_mask": LEFT}
    batch = service.client.post("/api/v1/batches", json=body).raise_for_status().json()
    for job in service.get(batch["links"]["registrations"])["items"]:
        assert not used(service.wait(job), "fixed")[:, :60].any()


def test_masks_of_a_pair_that_is_registered_at_once(service):
    content = tiff(speckle(seed=62))
    with Client(service.url) as client:
        result = client.register_at_once(content, content, 60_000, fixed_mask=LEFT)
        assert not used({"result": result}, "fixed")[:, :60].any()
        with pytest.raises(Refused, match="outside of the image") as refused:
            outside = {"exclude": [rectangle(300, 0, 310, 10)]}
            client.register_at_once(content, content, 60_000, moving_mask=outside)
        assert (refused.value.status, refused.value.code) == (422, "mask-invalid")


def test_masks_of_the_client(service):
    with Client(service.url) as client:
        image, mask = client.upload(tiff(speckle(seed=63))), client.upload(tiff(HALF))
        job = client.wait(client.submit(image, image, fixed_mask=LEFT, moving_mask_image_id=mask.id))
    assert not used(vars(job), "fixed")[:, :60].any() and not used(vars(job), "moving")[:, :128].any()


@pytest.mark.parametrize(
    "masks, code, words",
    [
        ({"fixed_mask": {"exclude": [rectangle(300, 0, 310, 10)]}}, "mask-invalid", "outside of the image"),
        ({"fixed_mask": {}}, "request-invalid", "give a polygon in include or exclude"),
        (
            {"moving_mask": {"exclude": [{"type": "Point", "coordinates": [1, 2]}]}},
            "request-invalid",
            "Polygon",
        ),
        (
            {"moving_mask": {"include": [{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9]]]}]}},
            "request-invalid",
            "last point must equal its first",
        ),
        ({"moving_mask": {"exclude": [rectangle(0, 0, 9, 9)] * 300}}, "request-invalid", "1000 points"),
        ({"fixed_mask": {"outline": []}}, "request-invalid", "Extra inputs"),
        ({"fixed_mask": LEFT, "network": "paper"}, "mask-invalid", "takes no masks"),
        ({"fixed_mask_image_id": "nothing"}, "image-not-found", "upload it first"),
    ],
)
def test_masks_that_cannot_be_used_are_refused_at_once(service, image, masks, code, words):
    pair = {"fixed_image_id": image["id"], "moving_image_id": image["id"]}
    answer = service.client.post("/api/v1/registrations", json=pair | masks)
    assert answer.status_code == (404 if code == "image-not-found" else 422)
    assert answer.json()["type"] == f"/problems/{code}" and words in json.dumps(answer.json())
    batch = {"pairs": [pair]} | masks
    assert service.client.post("/api/v1/batches", json=batch).json()["type"] == f"/problems/{code}"


def test_a_mask_image_of_another_size_is_refused(service, image):
    small = service.upload(HALF[:100], "small.png")
    pair = {"fixed_image_id": image["id"], "moving_image_id": image["id"], "fixed_mask_image_id": small["id"]}
    answer = service.client.post("/api/v1/registrations", json=pair)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/mask-invalid")
    assert "256 x 100 px" in answer.json()["detail"] and "256 x 256 px" in answer.json()["detail"]


def test_a_mask_that_leaves_nothing_fails_with_the_reason(service, image):
    everything = {"exclude": [rectangle(-1, -1, 256, 256)]}
    job = service.wait(service.submit(image, image, fixed_mask=everything))
    assert (job["state"], job["failure"]["code"]) == ("failed", "mask-invalid")
    assert "the mask leaves 0 px" in job["failure"]["message"]
