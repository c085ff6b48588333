"""Labels and versions of the network of an instrument through the API; no other instrument sees them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from support.network_versions import changed_version
from support.servers import wait_until
from support.service import PATIENCE_S, QUICK, Service, speckle
from test_service_instruments import admin, client, is_problem, xebra

from xebra import image_files, sample
from xebra.adaptation.labels import read_labels
from xebra.client import Labels

SHIFT = [[1.0, 0.0, 3.0], [0.0, 1.0, -2.0], [0.0, 0.0, 1.0]]
SCOPES = ("--scope", "read", "write", "collect", "networks")


@pytest.fixture(scope="module")
def service(service_with_keys: Service) -> Service:
    return service_with_keys


@pytest.fixture(scope="module")
def owner(service) -> Service:
    """An instrument that may change its networks."""
    admin(service, "add-instrument", "learning")
    return client(service, admin(service, "add-key", "learning", *SCOPES))


@pytest.fixture(scope="module")
def other(service) -> Service:
    """Another one, with every scope but ``admin``."""
    admin(service, "add-instrument", "curious")
    return client(service, admin(service, "add-key", "curious", *SCOPES))


@pytest.fixture(scope="module")
def version(service, owner, tmp_path_factory) -> str:
    """A version of the owner's network."""
    folder = changed_version(tmp_path_factory.mktemp("version") / "out")
    return xebra(service, "networks", "add", str(folder), "--instrument", "learning")


@pytest.fixture
def pair(owner) -> tuple[dict, dict]:
    """The bundled pair, uploaded."""
    fixed, moving = (owner.upload(file.read_bytes(), file.name) for file in (sample.FIXED, sample.MOVING))
    return fixed, moving


@pytest.fixture
def collecting(owner) -> Iterator[None]:
    put = owner.client.put
    assert put("/api/v1/labels/collection", json={"enabled": True}).is_success
    yield
    put("/api/v1/labels/collection", json={"enabled": False})


def labels_of(service: Service, job: dict) -> list[dict]:
    found = service.client.get("/api/v1/labels", params={"limit": 200}).json()["items"]
    return [label for label in found if label["registration_id"] == job["id"]]


def key_of(service: Service) -> str:
    return service.client.headers["Authorization"].partition(" ")[2]


def test_no_result_is_a_label_unless_the_instrument_collects_them(owner, pair):
    assert owner.get("/api/v1/labels/collection") == {"enabled": False}
    job = owner.wait(owner.submit(*pair))
    matrix = {"fixed_from_moving": job["result"]["fixed_from_moving"]}
    assert owner.client.post(job["links"]["corrections"], json=matrix).is_success
    assert labels_of(owner, job) == []


def test_label_follows_what_persons_decide(owner, pair, collecting):
    job = owner.wait(owner.submit(*pair))
    wait_until(lambda: len(labels_of(owner, job)) == 1, "the label of a certain result", 30)
    (label,) = labels_of(owner, job)
    assert (label["source"], label["excluded"]) == ("accepted", False)
    assert label["moving_from_fixed"] == job["result"]["moving_from_fixed"]
    review = owner.client.post
    assert review(job["links"]["reviews"], json={"decision": "accept"}).is_success
    assert labels_of(owner, job)[0]["source"] == "confirmed"
    assert review(job["links"]["reviews"], json={"decision": "reject"}).is_success
    assert labels_of(owner, job) == []
    inverse = np.linalg.inv(SHIFT).tolist()
    assert review(job["links"]["corrections"], json={"fixed_from_moving": inverse}).is_success
    (label,) = labels_of(owner, job)
    assert label["source"] == "correction"
    assert np.allclose(label["moving_from_fixed"], SHIFT)
    assert owner.client.patch(f"/api/v1/labels/{label['id']}", json={"excluded": True}).json()["excluded"]
    assert owner.client.delete(f"/api/v1/labels/{label['id']}").status_code == 204
    assert labels_of(owner, job) == []


def test_uncertain_result_is_no_label(owner, collecting):
    one, two = (owner.upload(speckle(seed=seed)) for seed in (61, 62))
    job = owner.wait(owner.submit(one, two, **QUICK))
    assert job["state"] == "succeeded" and labels_of(owner, job) == []


def test_labels_are_exported_and_imported_as_a_folder(service, owner, tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    images = {name: speckle(seed=70 + number) for number, name in enumerate(("a.tif", "b.tif", "c.tif"))}
    for name, pixels in images.items():
        with (folder / name).open("wb") as file:
            image_files.write_tiff(file, pixels, None)
    entry = {"moving_from_fixed": SHIFT, "fixed_spacing": [0.5, 0.5], "moving_spacing": None}
    pairs = [("a.tif", "b.tif", "grid 1"), ("b.tif", "c.tif", None)]
    entries = [entry | {"fixed": one, "moving": two, "group": group} for one, two, group in pairs]
    (folder / "labels.json").write_text(json.dumps({"version": 1, "labels": entries}))
    command = ("--url", service.url, "--api-key", key_of(owner))
    assert xebra(service, "labels", "import", str(folder), *command) == "2 labels were added"
    out = tmp_path / "exported"
    assert f"labels in {out}" in xebra(service, "labels", "export", str(out), *command)
    exported = json.loads((out / "labels.json").read_text())
    added = [label for label in exported["labels"] if label["group"] == "grid 1"]
    assert exported["version"] == 1 and len(added) == 2  # the second shares an image with the first
    for label, (one, two, _) in zip(added, pairs, strict=True):
        assert label["source"] == "added" and label["job"] is None
        assert (label["fixed_spacing"], label["moving_from_fixed"]) == ([0.5, 0.5], SHIFT)
        for side, name in (("fixed", one), ("moving", two)):
            with (out / label[side]).open("rb") as file:
                pixels = image_files.read(file, name).pixels
            assert np.array_equal(pixels, images[name])
    listed = xebra(service, "labels", "list", *command).splitlines()
    assert sum(" added " in line for line in listed) == 2
    with Labels(service.url, key_of(owner)) as known:
        image = next(label for label in known.all() if label["source"] == "added")["fixed_image_id"]
    assert owner.client.delete(f"/api/v1/images/{image}").status_code == 204  # its labels go with it
    with Labels(service.url, key_of(owner)) as known:
        assert image not in {label["fixed_image_id"] for label in known.all()}


def test_a_single_image_stays_one_through_the_service(service, owner, tmp_path):
    with (tmp_path / "alone.tif").open("wb") as file:
        image_files.write_tiff(file, speckle(seed=90), None)
    command = ("--url", service.url, "--api-key", key_of(owner))
    folder, out = str(tmp_path / "labels"), tmp_path / "exported"
    xebra(service, "labels", "add-images", folder, str(tmp_path / "alone.tif"))
    assert xebra(service, "labels", "import", folder, *command) == "1 labels were added"
    xebra(service, "labels", "export", str(out), *command)
    (label,) = [label for label in read_labels(out) if label.group == "alone.tif"]
    assert label.is_single


def test_folder_that_names_other_files_is_refused(service, owner, tmp_path):
    entry = {"fixed": "../secret.tif", "moving": "../secret.tif", "moving_from_fixed": SHIFT}
    (tmp_path / "secret.tif").write_bytes(b"secret")
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs/labels.json").write_text(json.dumps({"version": 1, "labels": [entry]}))
    with (
        pytest.raises(Exception, match="no file in this folder"),
        Labels(service.url, key_of(owner)) as known,
    ):
        known.add(tmp_path / "pairs")


def test_version_is_promoted_and_rolled_back(owner, version, pair):
    shown = owner.get(f"/api/v1/networks/{version}")
    assert (shown["state"], shown["acceptable"], shown["comparison"]["jobs"]) == ("candidate", True, 0)
    assert version in [row["id"] for row in owner.get("/api/v1/networks")["items"]]
    assert owner.client.post(f"/api/v1/networks/{version}/promote").json()["state"] == "active"
    job = owner.wait(owner.submit(*pair))
    assert job["result"]["model"]["version"] == version
    files = {
        side: (file.name, file.read_bytes()) for side, file in zip(("fixed", "moving"), PAIR, strict=True)
    }
    direct = owner.client.post("/api/v1/register", files=files, data={"deadline_ms": "60000"}).json()
    assert direct["model"]["version"] == version
    assert direct["fixed_from_moving"] == job["result"]["fixed_from_moving"]
    answer = owner.client.post(f"/api/v1/networks/{version}/promote")
    assert is_problem(answer, 409, "network-state-invalid")
    assert owner.client.post("/api/v1/networks/rollback").json() == {"active_id": None}
    assert is_problem(owner.client.post("/api/v1/networks/rollback"), 409, "no-active-network")
    assert owner.wait(owner.submit(*pair))["result"]["model"]["version"] is None


PAIR = (sample.FIXED, sample.MOVING)


def test_worse_version_is_refused_with_its_reason(service, owner, tmp_path):
    worse = changed_version(tmp_path / "worse", 9, acceptable=False, reasons=["20 % of the labels disagree"])
    found = xebra(service, "networks", "add", str(worse), "--instrument", "learning")
    answer = owner.client.post(f"/api/v1/networks/{found}/promote")
    assert is_problem(answer, 409, "network-not-acceptable")
    assert "20 % of the labels disagree" in answer.json()["detail"]


def test_shadow_version_is_compared_and_not_shown(owner, version, pair):
    assert owner.client.post(f"/api/v1/networks/{version}/shadow").json()["state"] == "shadow"
    job = owner.wait(owner.submit(*pair))
    assert job["result"]["model"]["version"] is None and version not in json.dumps(job)

    def compared() -> dict:
        return owner.get(f"/api/v1/networks/{version}")["comparison"]

    wait_until(lambda: compared()["jobs"] > 0, "the answer in shadow mode", 30)
    seen = compared()
    assert (seen["jobs"], seen["agree"], seen["verdict_changed"]) == (1, 1, 0)
    assert seen["verdicts"] == [{"shown": "accept", "shadow": "accept", "jobs": 1}]
    assert owner.client.post(f"/api/v1/networks/{version}/retire").json()["state"] == "retired"


def test_adaptation_needs_labels_and_the_scope(service, owner, other):
    assert is_problem(other.client.post("/api/v1/networks", json={}), 409, "labels-too-few")
    plain = client(service, admin(service, "add-key", "learning"))
    for method, path, body in (
        *(("POST", "/api/v1/networks", {}), ("POST", "/api/v1/networks/rollback", None)),
        ("PUT", "/api/v1/labels/collection", {"enabled": True}),
    ):
        assert is_problem(plain.client.request(method, path, json=body), 403, "scope-missing"), path


def test_labels_and_networks_of_another_instrument_are_neither_read_used_nor_inferred(
    service, owner, other, version, pair
):
    """Through every route that takes their ids, or those of the images, and through results."""
    body = {"fixed_image_id": pair[0]["id"], "moving_image_id": pair[1]["id"], "moving_from_fixed": SHIFT}
    label = owner.client.post("/api/v1/labels", json=body).json()
    missing = "00000000-0000-4000-8000-000000000000"
    routes = httpx.get(f"{service.url}/openapi.json", headers=other.client.headers, timeout=PATIENCE_S).json()
    tried = 0
    for path, operations in routes["paths"].items():
        for name, known in (("{network_id}", version), ("{label_id}", label["id"])):
            for method in operations if name in path else ():
                json_body = {"excluded": True} if method == "patch" else None
                answers = [
                    other.client.request(method, path.replace(name, found), json=json_body)
                    for found in (known, missing)
                ]
                tried += 1
                assert [answer.status_code for answer in answers] == [404, 404], (method, path)
                texts = [answer.text.replace(known, "ID").replace(missing, "ID") for answer in answers]
                assert texts[0] == texts[1], path  # nothing tells that it exists
    assert tried >= 8
    assert is_problem(other.client.post("/api/v1/labels", json=body), 404, "image-not-found")
    answer = other.client.post("/api/v1/networks", json={"base_id": version})
    assert answer.status_code in (404, 409) and version not in answer.text.replace(f'"{version}"', "")
    assert other.get("/api/v1/networks")["items"] == other.get("/api/v1/labels")["items"] == []
    with zipfile.ZipFile(io.BytesIO(other.client.get("/api/v1/labels/export").content)) as files:
        assert files.namelist() == ["labels.json"]
    owner.client.post(f"/api/v1/networks/{version}/promote")
    try:
        fixed, moving = (other.upload(file.read_bytes(), file.name) for file in PAIR)
        job = other.wait(other.submit(fixed, moving))
        own = owner.wait(owner.submit(*pair))
        assert own["result"]["model"]["version"] == version
        assert job["result"]["model"]["version"] is None
        assert job["result"]["model"]["weights_sha256"] != own["result"]["model"]["weights_sha256"]
        assert other.client.post("/api/v1/networks/rollback").status_code == 409
        assert owner.get(f"/api/v1/networks/{version}")["state"] == "active"
        served = json.dumps(other.get("/api/v1/service"))
        assert version not in served and own["result"]["model"]["weights_sha256"] not in served
        batch = {"fixed_image_id": fixed["id"], "moving_image_ids": [moving["id"]], "network": version}
        assert other.client.post("/api/v1/batches", json=batch).status_code == 422
    finally:
        owner.client.post("/api/v1/networks/rollback")
    assert Path(service.state_dir / "images" / "networks").is_dir()
