"""The commands of docker-compose.yml, run unchanged on real servers."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from support.servers import LOOPBACK, S3_KEY, S3_SECRET, free_port, running
from support.service import PATIENCE_S, Service, environment, wait_until_ready

CHECKOUT = Path(__file__).parents[2]
COMPOSED = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
REDIS_DATABASE = 1  # other tests count the messages in database 0


def api_command(port: int) -> list[str]:
    """Return the command of the API image, on the loopback address."""
    words = re.search(r"^CMD \[(.*)\]$", (CHECKOUT / "docker/Dockerfile").read_text(), re.MULTILINE)[1]
    place = {"0.0.0.0": LOOPBACK, "8000": str(port)}
    return [place.get(word, word) for word in shlex.split(words.replace(",", " "))]


@pytest.fixture(scope="session")
def facility(
    postgres_server: str,
    s3_server: str,
    redis_server: str,
    triton_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """A service on servers, with one process each of api, relay and worker."""
    folder, port = tmp_path_factory.mktemp("facility"), free_port()
    settings = environment(
        folder,
        DATABASE_URL=postgres_server,
        IMAGES_URL=f"minio://{S3_KEY}:{S3_SECRET}@{s3_server}/facility?secure=0",
        BROKER_URL=f"{redis_server.rpartition('/')[0]}/{REDIS_DATABASE}",
        INFERENCE_URL=triton_url,
    )
    settings["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{settings['PATH']}"
    subprocess.run(COMPOSED["prepare"]["command"], env=settings, cwd=folder, check=True)
    (folder / "logs").mkdir()
    commands = {name: COMPOSED[name]["command"] for name in ("relay", "worker")} | {"api": api_command(port)}
    with ExitStack() as started:
        for name, command in commands.items():
            log = started.enter_context(open(folder / "logs" / f"{name}.log", "w"))
            one = running(command, env=settings, cwd=folder, stdout=log, stderr=log)
            process = started.enter_context(one)
        client = started.enter_context(httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=PATIENCE_S))
        service = Service(str(client.base_url), folder, process, client)
        wait_until_ready(service)
        yield service
