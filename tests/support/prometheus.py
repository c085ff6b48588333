"""Prometheus of Debian, which ``./dev test`` unpacks: its tool for rules, and a server for a service."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml

from support.servers import LOOPBACK, free_port, running, wait_until

CHECKOUT = Path(__file__).parents[2]
PROGRAMS = CHECKOUT / ".dev/prometheus/usr/bin"
FOLDER = CHECKOUT / "deploy" / "monitoring"
RULES = FOLDER / "alerts.yaml"
INTERVAL = "500ms"


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    assert PROGRAMS.is_dir(), "Prometheus is missing: tools/prometheus install"
    return subprocess.run([PROGRAMS / "promtool", *map(str, arguments)], capture_output=True, text=True)


@contextlib.contextmanager
def prometheus(folder: Path, target: str) -> Iterator[httpx.Client]:
    """Start a server that scrapes ``target`` (host:port) with our rules; return a client of it."""
    assert PROGRAMS.is_dir(), "Prometheus is missing: tools/prometheus install"
    scrape = {"job_name": "xebra", "static_configs": [{"targets": [target]}]}
    every = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL}
    settings = {"global": every, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    port = free_port()
    flags = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    flags |= {"web.listen-address": f"{LOOPBACK}:{port}", "log.level": "error"}
    command = [PROGRAMS / "prometheus", *(f"--{name}={value}" for name, value in flags.items())]
    with running(command), httpx.Client(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as client:
        wait_until(lambda: client.get("/-/ready").is_success, "Prometheus")
        yield client


def query(client: httpx.Client, expression: str) -> list[dict]:
    """Return the samples of an expression at present."""
    answer = client.get("/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", f"{expression}: {answer}"
    return answer["data"]["result"]


def series(client: httpx.Client, selector: str) -> list[dict]:
    """Return the labels of the series that a selector matches."""
    answer = client.get("/api/v1/series", params={"match[]": selector}).json()
    assert answer["status"] == "success", f"{selector}: {answer}"
    return answer["data"]
