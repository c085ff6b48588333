"""Drift through the running service: notice, event, metric, acknowledgement; no other instrument sees it."""

from __future__ import annotations

import json

import pytest
from support.drift_jobs import Jobs
from support.servers import wait_until
from support.service import Service
from test_service_instruments import admin, client, is_problem

from db.engine import Database
from xebra.drift.comparison import REFERENCE_JOBS

SCOPES = ("--scope", "read", "write", "admin")


@pytest.fixture(scope="module")
def service(service_with_keys: Service) -> Service:
    return service_with_keys


@pytest.fixture(scope="module")
def changing(service) -> Service:
    admin(service, "add-instrument", "changing")
    return client(service, admin(service, "add-key", "changing", *SCOPES))


@pytest.fixture(scope="module")
def other(service) -> Service:
    admin(service, "add-instrument", "steady")
    return client(service, admin(service, "add-key", "steady", *SCOPES))


def drift(service: Service) -> dict:
    return service.get("/api/v1/drift")


def test_change_is_reported_to_its_instrument_only(service, changing, other):
    assert (drift(changing)["state"], drift(changing)["reference_jobs"]) == ("reference", 0)
    assert is_problem(changing.client.post("/api/v1/drift/acknowledge"), 409, "drift-unchanged")
    database = Database(f"sqlite:///{service.state_dir / 'xebra.sqlite'}")
    jobs = Jobs(database, "changing")
    before = jobs.add(REFERENCE_JOBS + 50)
    after = jobs.add(50, shift=5.0, verdict="refuse")
    database.close()
    wait_until(lambda: drift(changing)["state"] == "changed", "the notice", 60)
    found = drift(changing)
    assert found["features"] == ["fixed_noise"] and found["changed_window"] == 6
    assert set(found["examples"]["before"]) <= set(before) and set(found["examples"]["after"]) <= set(after)
    newest = found["windows"][0]
    assert (newest["verdicts"], newest["changes"][0]["side"]) == ({"refuse": 50}, "image")
    assert len(changing.get("/api/v1/drift?windows=0")["windows"]) == 0
    event = next(each for each in events(changing) if each["features"])
    assert (event["state"], event["window"]) == ("changed", 6)
    metrics = changing.client.get("/metrics").text
    assert 'xebra_drift_changed{instrument="changing"} 1.0' in metrics
    assert 'xebra_drift_changed{instrument="steady"} 0.0' in metrics
    seen = drift(other)
    assert (seen["state"], seen["windows"], seen["examples"]) == (
        "reference",
        [],
        {"before": [], "after": []},
    )
    assert is_problem(other.client.post("/api/v1/drift/acknowledge"), 409, "drift-unchanged")
    assert drift(changing)["state"] == "changed"
    assert is_problem(other.client.get(f"/api/v1/registrations/{after[0]}"), 404, "registration-not-found")
    reader = client(service, admin(service, "add-key", "changing", "--scope", "read"))
    assert is_problem(reader.client.post("/api/v1/drift/acknowledge"), 403, "scope-missing")
    assert changing.client.post("/api/v1/drift/acknowledge").json()["state"] == "reference"
    assert 'xebra_drift_changed{instrument="changing"} 0.0' in changing.client.get("/metrics").text


def events(service: Service) -> list[dict]:
    """Return the stored drift events, up to the first one."""
    with service.client.stream("GET", "/api/v1/events?after=0") as stream:
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                kind = line.removeprefix("event:").strip()
            elif line.startswith("data:") and kind == "drift":
                return [json.loads(line.removeprefix("data:"))]
    return []
