"""Files with several images: the upload lists them, a registration names one."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from support import several_images
from support.service import QUICK, Service

from xebra import sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def fixed(service: Service) -> dict:
    return service.upload(sample.FIXED.read_bytes(), "fixed.tif")


@pytest.fixture(scope="module")
def several(service: Service, folder: Path) -> dict:
    several_images.channels(folder / "maps.ome.tif")
    return service.upload((folder / "maps.ome.tif").read_bytes(), "maps.ome.tif")


def pixels(service: Service, path: str) -> np.ndarray:
    return imagecodecs.png_decode(service.client.get(path).raise_for_status().content)


def test_upload_lists_the_channels_with_previews(service, several):
    assert several["choice_needed"] and several["default_channel"] is None
    assert [choice["name"] for choice in several["choices"]] == list(several_images.NAMES)
    previews = [pixels(service, choice["preview"]) for choice in several["choices"]]
    assert all(max(preview.shape[:2]) <= 256 for preview in previews)
    assert not np.array_equal(previews[0], previews[1])
    large = pixels(service, f"{several['links']['preview']}?channel=Phase")
    np.testing.assert_array_equal(large, pixels(service, f"{several['links']['preview']}?channel=1"))
    tile = pixels(service, f"{several['links']['self']}/tiles/0/0/0?channel=1")
    assert tile.shape == (several["height"], several["width"])


def test_a_single_image_needs_no_choice(fixed):
    assert not fixed["choice_needed"] and fixed["default_channel"] == 0 and len(fixed["choices"]) == 1


def test_submission_without_a_choice_is_refused_with_the_list(service, fixed, several):
    body = {"fixed_image_id": fixed["id"], "moving_image_id": several["id"]}
    refused = service.client.post("/api/v1/registrations", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/image-choice-needed")
    assert "Scatter" in refused.json()["detail"]
    refused = service.client.post("/api/v1/registrations", json={**body, "moving_channel": "Cu"})
    assert refused.json()["type"] == "/problems/image-choice-needed"
    refused = service.client.post("/api/v1/batches", json={"pairs": [body]})
    assert refused.json()["type"] == "/problems/image-choice-needed"


@pytest.mark.parametrize("channel", [1, "1", "phase"])
def test_the_named_channel_is_registered_and_stands_in_the_result(service, fixed, several, channel):
    job = service.wait(service.submit(fixed, several, moving_channel=channel, **QUICK))
    assert job["settings"]["moving_channel"] == str(channel)
    assert job["result"]["moving"]["selected"] == "Phase"
    alone = service.upload(sample.MOVING.read_bytes())
    expected = service.wait(service.submit(fixed, alone, **QUICK))["result"]
    np.testing.assert_allclose(job["result"]["fixed_from_moving"], expected["fixed_from_moving"], atol=1e-3)
    preview = pixels(service, job["links"]["moving_preview"])
    np.testing.assert_array_equal(preview, pixels(service, alone["links"]["preview"]))
    assert service.client.get(job["links"]["picture"]).is_success


def test_a_frame_of_a_stack_is_registered(service, fixed, folder):
    frames = several_images.stack(folder / "stack.tif")
    stack = service.upload((folder / "stack.tif").read_bytes(), "stack.tif")
    assert stack["choice_needed"] and stack["choices"][0]["frames"] == len(frames)
    job = service.wait(service.submit(fixed, stack, moving_frame=2, **QUICK))
    assert job["result"]["moving"]["selected"] == "frame 2"
    missing = {"fixed_image_id": fixed["id"], "moving_image_id": stack["id"], "moving_frame": 9}
    answer = service.client.post("/api/v1/registrations", json=missing)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/image-unreadable")


def test_channels_of_each_pair_of_a_batch(service, fixed, several):
    pair = {"fixed_image_id": fixed["id"], "moving_image_id": several["id"]}
    body = {"pairs": [{**pair, "moving_channel": 1}, pair], "moving_channel": "Scatter", **QUICK}
    batch = service.client.post("/api/v1/batches", json=body).raise_for_status().json()
    jobs = service.get(f"/api/v1/registrations?batch_id={batch['id']}")["items"]
    chosen = {service.wait(job)["result"]["moving"]["selected"] for job in jobs}
    assert chosen == {"Phase", "Scatter"}


def test_dm4_is_registered_without_a_choice(service, folder):
    image = service.upload(several_images.dm4(folder / "scan.dm4").read_bytes(), "scan.dm4")
    assert image["format"] == "DigitalMicrograph" and not image["choice_needed"]
    moving = service.upload(sample.MOVING.read_bytes())
    job = service.wait(service.submit(image, moving, **QUICK))
    assert job["result"], job["failure"]
    assert job["result"]["fixed"]["pixel_spacing_um"] == pytest.approx(0.5)
    assert service.client.get(image["links"]["preview"]).is_success


def test_synchronous_registration_takes_channels(service, folder, several):
    files = {"fixed": sample.FIXED.read_bytes(), "moving": (folder / "maps.ome.tif").read_bytes()}
    data = {"deadline_ms": "60000", **QUICK}
    refused = service.client.post("/api/v1/register", files=files, data=data)
    assert refused.json()["type"] == "/problems/image-choice-needed"
    answer = service.client.post("/api/v1/register", files=files, data=data | {"moving_channel": "1"})
    assert answer.json()["moving"]["selected"] == "Phase"


def test_a_line_of_a_spectrum_map_is_registered_by_its_name(service, fixed, folder):
    iron = several_images.spectrum(folder / "eds.hspy")
    eds = service.upload((folder / "eds.hspy").read_bytes(), "eds.hspy")
    assert [choice["name"] for choice in eds["choices"]] == ["EDS: total counts"]
    assert pixels(service, f"{eds['links']['preview']}?channel=EDS:Fe_Ka").shape == iron.shape
    unknown = service.client.get(f"{eds['links']['preview']}?channel=EDS:Xx_Ka")
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/image-choice-needed")
    job = service.wait(service.submit(fixed, eds, moving_channel="EDS:Fe_Ka", **QUICK))
    assert job["result"]["moving"]["selected"] == "EDS: Fe_Ka"
