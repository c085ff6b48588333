"""Every metric and label of the dashboard and of the alert rules exists in a running service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
import yaml
from support.prometheus import FOLDER, RULES, prometheus, query, series
from support.servers import wait_until
from support.service import QUICK, Service, speckle

PANELS = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
TARGETS = [target for panel in PANELS for target in panel["targets"]]
ALERTS = {rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
EXPRESSIONS = [target["expr"].replace("$__rate_interval", "1m") for target in TARGETS] + [*ALERTS.values()]
QUEUED = 1500  # jobs: more than the workers finish during the first scrapes
ABSENT = {"failed_system", "5.."}  # values that a service without faults does not show
LABELS_OF_PROMETHEUS = {"job", "instance", "le"}


@pytest.fixture(scope="module")
def scraped(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus server that has scraped a service with finished jobs."""
    image = service.upload(speckle())
    service.wait(service.submit(image, image, **QUICK))
    batch = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]] * QUEUED}
    queued = service.client.post("/api/v1/batches", json=batch).raise_for_status().json()
    with prometheus(tmp_path_factory.mktemp("prometheus"), service.url.removeprefix("http://")) as client:
        counted = (
            "count_over_time(xebra_recent_retries[1m]) >= 4 and on() count_over_time(xebra_queued_jobs[1m])"
        )
        wait_until(lambda: bool(query(client, counted)), "the first scrapes", 60)
        service.client.delete(queued["links"]["self"]).raise_for_status()
        yield client


def selectors(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Return each metric of an expression with its matched labels."""
    found = re.findall(r"\b(up|xebra_\w+)(?:{([^}]*)})?", expression)
    return [(name, dict(re.findall(r'(\w+)=~?"([^"]*)"', labels))) for name, labels in found]


def grouped(expression: str) -> set[str]:
    return {
        label.strip() for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(",")
    }


@pytest.mark.parametrize("expression", dict.fromkeys(EXPRESSIONS))
def test_metrics_and_labels_exist(scraped, expression):
    query(scraped, expression)
    assert selectors(expression)
    known: set[str] = set()
    for name, labels in selectors(expression):
        present = series(scraped, name)
        assert present, name
        known |= {label for one in present for label in one}
        assert set(labels) <= known
        for label, value in labels.items():
            assert value in ABSENT or re.search(rf"\b{value}\b", str([one[label] for one in present])), value
    assert grouped(expression) <= known | LABELS_OF_PROMETHEUS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target["expr"])
def test_legend_names_labels_of_the_result(scraped, target):
    found = query(scraped, target["expr"].replace("$__rate_interval", "1m"))
    wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    assert found or "_queued_" in target["expr"]  # its series end with the queue
    assert all(wanted <= set(sample["metric"]) for sample in found)


def test_no_alert_of_a_good_service_fires(scraped, service):
    """The tests of this service submit unlike images, which the drift watch may report: acknowledge it."""
    assert service.client.post("/api/v1/drift/acknowledge").status_code in {200, 409}  # 409: no change
    changed = 'ALERTS{alertname="XebraInstrumentChanged"}'
    wait_until(lambda: query(scraped, changed) == [], "the alert to end", 30)
    assert query(scraped, 'ALERTS{alertstate="firing"}') == []


def test_every_metric_of_the_service_is_shown(scraped, service):
    names = set(re.findall(r"^# TYPE (\w+)", service.client.get("/metrics").text, re.MULTILINE))
    shown = " ".join(EXPRESSIONS)
    assert {name for name in names if not name.endswith("_created") and name not in shown} == set()
