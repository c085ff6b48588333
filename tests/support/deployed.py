"""The deployed stack without containers: every server on a free port, and several processes of Xebra."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from db.settings import StorageSettings
from support.servers import (
    LOOPBACK,
    NO_PERSISTENCE,
    free_port,
    postgres,
    redis,
    s3,
    s3_url,
    temporary_home,
    wait_until,
)
from support.service import PATIENCE_S, environment
from support.triton_server import starting_triton, triton_at, wait_until_triton_is_ready
from worker import process_manager
from worker.settings import WorkerSettings
from worker.supervisor import ManagedProcess, Supervisor

APIS = 2


@dataclass
class Deployed:
    """A running stack."""

    urls: list[str]  # of the API processes
    settings: dict[str, str]  # of the servers, without XEBRA_
    supervisor: Supervisor
    log_dir: Path


@contextmanager
def deployed(folder: Path, workers: int = 2, **settings: str) -> Iterator[Deployed]:
    """Start all servers, two API processes, a relay and workers; wait until all are ready."""
    with ExitStack() as opened:
        given = {"WORKER_PROCESSES": "1", **_servers(opened, folder), **settings}
        prepare(given)
        ports = [free_port() for _ in range(APIS)]
        urls = [f"http://{LOOPBACK}:{port}" for port in ports]
        variables = environment(folder, **given) | {"PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor(managed_parts(ports, workers), variables, folder / "logs")
        opened.callback(supervisor.stop)
        supervisor.start()
        for url in urls:
            wait_until_ready(url, folder / "logs")
        wait_until_triton_is_ready(folder / "triton", int(given["INFERENCE_URL"].rpartition(":")[2]))
        yield Deployed(urls, given, supervisor, folder / "logs")


def _servers(opened: ExitStack, folder: Path) -> dict[str, str]:
    """Start the servers, all ready but Triton; return their addresses as settings."""
    database, store, broker, engine = (free_port() for _ in range(4))
    for name in ("s3", "triton"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    home = opened.enter_context(temporary_home())
    opened.enter_context(starting_triton(folder / "triton", engine))  # the slowest
    opened.enter_context(postgres(home, database))
    opened.enter_context(s3(folder / "s3", store))
    opened.enter_context(redis(broker, *NO_PERSISTENCE))
    return {
        "DATABASE_URL": f"postgresql+psycopg://postgres@{LOOPBACK}:{database}/postgres",
        "IMAGES_URL": s3_url(f"{LOOPBACK}:{store}", "xebra"),
        "BROKER_URL": f"redis://{LOOPBACK}:{broker}/0",
        "INFERENCE_URL": triton_at(engine),
    }


def prepare(given: dict[str, str]) -> None:
    """Create tables and bucket before the first process starts."""
    storage = StorageSettings(database_url=given["DATABASE_URL"], images_url=given["IMAGES_URL"])
    process_manager.prepare(storage, WorkerSettings(inference_url=given["INFERENCE_URL"]))


def managed_parts(ports: list[int], workers: int, relays: int = 1) -> list[ManagedProcess]:
    """Return the processes of Xebra: an API on each port, relays and workers."""
    api = ("api.server", "--host", LOOPBACK)
    parts = [
        ManagedProcess(f"api-{n}", _python("-m", *api, "--port", str(port)))
        for n, port in enumerate(ports, 1)
    ]
    parts += [ManagedProcess(f"relay-{n}", _python("-m", "worker.relay")) for n in range(1, relays + 1)]
    for n in range(1, workers + 1):
        command = _python(*process_manager.CELERY, *process_manager.CELERY_FLAGS, "-n", f"worker-{n}@%h")
        parts.append(
            ManagedProcess(f"worker-{n}", command, stop_timeout_s=process_manager.JOB_STOP_TIMEOUT_S)
        )
    return parts


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def wait_until_ready(url: str, log_dir: Path) -> None:
    """Wait until an API process and the parts behind it are ready."""

    def ready() -> bool:
        return httpx.get(f"{url}/health/ready", trust_env=False).is_success

    wait_until(ready, f"{url} (see {log_dir})", PATIENCE_S)
