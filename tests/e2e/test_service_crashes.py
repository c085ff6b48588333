"""Every job ends exactly once, even if processes are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from celery import Celery
from support.crashes import JOBS, Server, assert_each_ended_once, kill, still_running, submit_some
from support.servers import LOOPBACK, NO_PERSISTENCE, free_port, postgres, redis, s3, s3_url, temporary_home
from support.service import PATIENCE_S, Service, serving, speckle, wait_until_ready
from support.triton_server import triton, triton_at

from db.job_transitions import MAX_LOST_WORKERS

LEASE = {"LEASE_SECONDS": "6"}  # renewed three times in that time, even on a busy machine


@dataclass
class Stack:
    """A service on servers of its own."""

    service: Service
    servers: dict[str, Server]
    urls: dict[str, str]

    @contextmanager
    def running_jobs(self) -> Iterator[list[dict]]:
        """Run the block, which kills processes, while jobs run; then check that each job ends once."""
        jobs = submit_some(self.service)
        yield jobs
        assert_each_ended_once(self.service, jobs, self.urls["DATABASE_URL"])
        wait_until_ready(self.service)

    def crash(self, name: str) -> None:
        self.servers[name].crash()
        self.servers[name].up()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("crashes")
    database, broker, store, engine = (free_port() for _ in range(4))
    for name in ("s3", "triton"):
        (folder / name).mkdir()
    with ExitStack() as opened:
        home = opened.enter_context(temporary_home())
        servers = {
            "postgres": Server(lambda: postgres(home, database)),
            "redis": Server(lambda: redis(broker, *NO_PERSISTENCE)),
            "s3": Server(lambda: s3(folder / "s3", store)),
            "triton": Server(lambda: triton(folder / "triton", engine)),
        }
        for server in servers.values():
            opened.callback(server.down)
            server.up()
        urls = {
            "DATABASE_URL": f"postgresql+psycopg://postgres@{LOOPBACK}:{database}/postgres",
            "BROKER_URL": f"redis://{LOOPBACK}:{broker}/0",
            "IMAGES_URL": s3_url(f"{LOOPBACK}:{store}", "crashes"),
            "INFERENCE_URL": triton_at(engine),
        }
        yield Stack(opened.enter_context(serving(folder / "state", **LEASE, **urls)), servers, urls)


@dataclass
class Embedded:
    """A service on embedded backends that can be restarted on its state."""

    state: Path
    opened: ExitStack

    def restart(self) -> None:
        self.opened.close()
        self.service = self.opened.enter_context(serving(self.state, **LEASE))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with ExitStack() as opened:
        embedded = Embedded(tmp_path_factory.mktemp("embedded"), opened)
        embedded.restart()
        yield embedded


def test_kill_pool_process(stack: Stack):
    with stack.running_jobs():
        kill(stack.service.parts("worker.app")[1:])


def test_kill_worker(stack: Stack):
    with stack.running_jobs():
        kill(stack.service.parts("worker.app"))


def test_worker_finishes_its_jobs_after_sigterm(stack: Stack):
    with stack.running_jobs() as jobs:
        kill(stack.service.parts("worker.app")[:1], signal.SIGTERM)
    assert [stack.service.get(job["links"]["self"])["attempt"] for job in jobs] == [1] * JOBS


def test_kill_api(stack: Stack):
    with stack.running_jobs():
        kill(stack.service.parts("api.server"))


def test_kill_relay(stack: Stack):
    with stack.running_jobs():
        kill(stack.service.parts("worker.relay"))


def test_kill_redis_without_persistence(stack: Stack):
    with stack.running_jobs():
        stack.crash("redis")


def test_kill_redis_with_persistence(stack: Stack, tmp_path):
    server, port = stack.servers["redis"], int(stack.urls["BROKER_URL"].split(":")[2].partition("/")[0])
    log = ("--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path))
    server.down()
    server.start = lambda: redis(port, *log)
    server.up()
    wait_until_ready(stack.service)
    with stack.running_jobs():
        stack.crash("redis")


def test_kill_postgresql(stack: Stack):
    with stack.running_jobs():
        stack.crash("postgres")


def test_kill_s3_store(stack: Stack):
    with stack.running_jobs() as jobs:
        stack.crash("s3")
    for job in jobs:
        links = stack.service.get(job["links"]["self"])["links"]
        assert stack.service.client.get(links["registered"]).content[:2] == b"II"


def test_kill_triton(stack: Stack):
    with stack.running_jobs():
        stack.crash("triton")


def test_repeated_messages_run_no_job_twice(stack: Stack):
    app = Celery("test", broker=stack.urls["BROKER_URL"], set_as_current=False)
    app.conf.task_default_queue = "registrations"
    with stack.running_jobs():
        for _ in range(5 * JOBS):
            app.send_task("xebra.run_next_job")


def test_job_that_kills_its_workers_fails_alone(tmp_path):
    with serving(tmp_path / "state", LEASE_SECONDS="1", WORKER_PROCESSES="1") as service:
        image = service.upload(speckle())
        block_reading(service, image)
        poison = service.submit(image, image)
        while (job := service.wait(poison, until=lambda job: job["state"] != "queued"))["state"] == "running":
            kill(service.parts("worker.app")[1:])
            service.wait(poison, until=lambda now, job=job: now["attempt"] > job["attempt"] or now["failure"])
        assert (job["state"], job["attempt"]) == ("failed", MAX_LOST_WORKERS)
        assert (job["failure"]["fault"], job["failure"]["code"]) == ("system", "worker-lost")
        small = service.upload(speckle())
        assert service.wait(service.submit(small, small))["state"] == "succeeded"


def block_reading(service: Service, image: dict) -> None:
    """Replace the decoded image by a pipe, which blocks the process that opens it."""
    file = service.state_dir / "images" / "images" / image["id"] / "pixels"
    file.unlink()
    os.mkfifo(file)


def test_kill_embedded_redis(embedded: Embedded):
    jobs = submit_some(embedded.service)
    kill(embedded.service.parts("redis-server"))
    assert_each_ended_once(embedded.service, jobs)
    wait_until_ready(embedded.service)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)])
def test_kill_whole_embedded_service(embedded: Embedded, number, code):
    jobs, process = submit_some(embedded.service), embedded.service.process
    processes = psutil.Process(process.pid).children(recursive=True)
    assert len(processes) >= 5
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    assert still_running(processes) == []
    embedded.restart()
    assert_each_ended_once(embedded.service, jobs)
    registered = embedded.service.get(jobs[0]["links"]["self"])["links"]["registered"]
    assert embedded.service.client.get(registered).is_success
