"""An adaptation beside registrations: in a process of its own, failing with its reason, cancelled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from support.servers import wait_until
from support.service import PATIENCE_S, QUICK, Service, serving, speckle

from db.adaptations import MIN_LABELS

ROLLED = 5  # px by which the moving image of a label is shifted
MATRIX = [[1, 0, ROLLED], [0, 1, 0], [0, 0, 1]]
PROCESS = "worker.adapt_process"


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    """A service of its own: its labels are counted."""
    with serving(tmp_path_factory.mktemp("adapting")) as service:
        yield service


def add_label(service: Service, seed: int, group: str) -> str:
    """Add a pair that is shifted by ``ROLLED``; return the id of the label."""
    fixed = speckle(128, seed=seed)
    pair = [service.upload(pixels)["id"] for pixels in (fixed, np.roll(fixed, ROLLED, axis=1))]
    body = {"fixed_image_id": pair[0], "moving_image_id": pair[1], "moving_from_fixed": MATRIX}
    answer = service.client.post("/api/v1/labels", json=body | {"group": group})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def start(service: Service, **settings) -> str:
    answer = service.client.post("/api/v1/networks", json={"minutes": 30, "seed": 1} | settings)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v1/networks/{answer.json()['id']}"
    return answer.json()["id"]


def network(service: Service, network_id: str) -> dict:
    return service.get(f"/api/v1/networks/{network_id}")


def test_adaptation_that_cannot_be_judged_fails_with_its_reason(service):
    too_few = service.client.post("/api/v1/networks", json={})
    assert (too_few.status_code, too_few.json()["type"]) == (409, "/problems/labels-too-few")
    labels = [add_label(service, seed, "one region") for seed in range(MIN_LABELS)]
    found = start(service, minutes=1)
    assert service.client.post("/api/v1/networks", json={}).json()["type"] == "/problems/adaptation-running"
    wait_until(lambda: network(service, found)["state"] == "failed", "the reason", PATIENCE_S)
    assert "group" in network(service, found)["message"]
    assert service.client.post(f"/api/v1/networks/{found}/promote").status_code == 409
    for label in labels:
        assert service.client.delete(f"/api/v1/labels/{label}").status_code == 204


def test_registrations_go_on_and_a_cancelled_adaptation_ends_its_processes(service):
    for seed in range(20, 20 + MIN_LABELS):
        add_label(service, seed, f"region {seed}")
    found = start(service)
    wait_until(lambda: service.parts(PROCESS) != [], "the process of the adaptation", PATIENCE_S)
    (process,) = [part for part in service.parts(PROCESS) if PROCESS in part.cmdline()]
    wait_until(lambda: process.nice() == 10, "its low priority", PATIENCE_S)
    image = service.upload(speckle(seed=99))
    assert service.wait(service.submit(image, image, **QUICK))["state"] == "succeeded"
    assert network(service, found)["state"] == "running"
    wait_until(lambda: network(service, found)["message"] != "reads the labels", "progress", PATIENCE_S)
    assert service.client.delete(f"/api/v1/networks/{found}").json()["state"] == "cancelled"
    wait_until(lambda: not process.is_running(), "the end of the process", PATIENCE_S)
    assert service.client.delete(f"/api/v1/networks/{found}").status_code == 409
    assert network(service, found)["weights_sha256"] is None
