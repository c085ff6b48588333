"""The commands of docker-compose.yml, run unchanged on real servers."""

from __future__ import annotations

import subprocess
import sys

from support.facility import COMPOSED
from support.servers import free_port
from support.service import Service

from xebra import sample


def test_pair_is_registered_on_all_servers(facility: Service) -> None:
    fixed, moving = (facility.upload(path.read_bytes(), path.name) for path in (sample.FIXED, sample.MOVING))
    job = facility.wait(facility.submit(fixed, moving))
    assert job["state"] == "succeeded", job["failure"]
    assert job["result"]["model"]["engine"].startswith("triton ")
    assert facility.client.get(job["links"]["registered"]).is_success


def test_health_check_of_the_api(facility: Service) -> None:
    _, *check = COMPOSED["api"]["healthcheck"]["test"]
    for port, answers in ((facility.client.base_url.port, True), (free_port(), False)):
        command = [sys.executable, *(word.replace(":8000", f":{port}") for word in check[1:])]
        assert (subprocess.run(command, capture_output=True).returncode == 0) == answers
