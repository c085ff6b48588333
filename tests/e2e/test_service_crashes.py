"""Whatever is killed while jobs are under way, each of them ends exactly once."""

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
from support.servers import LOOPBACK, NOTHING_KEPT, free_port, postgres, redis, s3, s3_url, throw_away
from support.service import PATIENCE_S, Service, serving, speckle, wait_until_ready
from support.triton_server import triton, triton_at

LEASE = {"LEASE_SECONDS": "6"}  # beaten thrice in that time, by a machine that is busy with other things


@dataclass
class Stack:
    """A service on servers of its own."""

    service: Service
    servers: dict[str, Server]
    urls: dict[str, str]

    @contextmanager
    def jobs_under_way(self) -> Iterator[list[dict]]:
        """The block does the harm; after it, each job ends once and the service is whole again."""
        jobs = submit_some(self.service)
        yield jobs
        assert_each_ended_once(self.service, jobs, self.urls["DATABASE_URL"])
        wait_until_ready(self.service)

    def crash(self, name: str) -> None:
        self.servers[name].crash()
        self.servers[name].up()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("kills")
    database, broker, store, engine = (free_port() for _ in range(4))
    for name in ("s3", "triton"):
        (folder / name).mkdir()
    with ExitStack() as opened:
        home = opened.enter_context(throw_away())
        servers = {
            "postgres": Server(lambda: postgres(home, database)),
            "redis": Server(lambda: redis(broker, *NOTHING_KEPT)),
            "s3": Server(lambda: s3(folder / "s3", store)),
            "triton": Server(lambda: triton(folder / "triton", engine)),
        }
        for server in servers.values():
            opened.callback(server.down)
            server.up()
        urls = {
            "DATABASE_URL": f"postgresql+psycopg://postgres@{LOOPBACK}:{database}/postgres",
            "BROKER_URL": f"redis://{LOOPBACK}:{broker}/0",
            "IMAGES_URL": s3_url(f"{LOOPBACK}:{store}", "kills"),
            "INFERENCE_URL": triton_at(engine),
        }
        yield Stack(opened.enter_context(serving(folder / "state", **LEASE, **urls)), servers, urls)


@dataclass
class Embedded:
    """The service on what it brings itself, to be started again where it was."""

    state: Path
    opened: ExitStack

    def start_again(self) -> None:
        self.opened.close()
        self.service = self.opened.enter_context(serving(self.state, **LEASE))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with ExitStack() as opened:
        embedded = Embedded(tmp_path_factory.mktemp("embedded"), opened)
        embedded.start_again()
        yield embedded


def test_kill_pool_process(stack: Stack):
    with stack.jobs_under_way():
        kill(stack.service.parts("worker.app")[1:])


def test_kill_worker(stack: Stack):
    with stack.jobs_under_way():
        kill(stack.service.parts("worker.app"))


def test_kill_worker_by_sigterm_and_it_finishes_what_it_has(stack: Stack):
    with stack.jobs_under_way() as jobs:
        kill(stack.service.parts("worker.app")[:1], signal.SIGTERM)
    assert [stack.service.get(job["links"]["self"])["attempt"] for job in jobs] == [1] * JOBS


def test_kill_api(stack: Stack):
    with stack.jobs_under_way():
        kill(stack.service.parts("api.main"))


def test_kill_relay(stack: Stack):
    with stack.jobs_under_way():
        kill(stack.service.parts("worker.relay"))


def test_kill_redis_that_keeps_nothing(stack: Stack):
    with stack.jobs_under_way():
        stack.crash("redis")


def test_kill_redis_that_keeps_a_log(stack: Stack, tmp_path):
    server, port = stack.servers["redis"], int(stack.urls["BROKER_URL"].split(":")[2].partition("/")[0])
    log = ("--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path))
    server.down()
    server.start = lambda: redis(port, *log)
    server.up()
    wait_until_ready(stack.service)
    with stack.jobs_under_way():
        stack.crash("redis")


def test_kill_postgresql(stack: Stack):
    with stack.jobs_under_way():
        stack.crash("postgres")


def test_kill_s3_store(stack: Stack):
    with stack.jobs_under_way() as jobs:
        stack.crash("s3")
    for job in jobs:
        links = stack.service.get(job["links"]["self"])["links"]
        assert stack.service.client.get(links["registered"]).content[:2] == b"II"


def test_kill_triton(stack: Stack):
    with stack.jobs_under_way():
        stack.crash("triton")


def test_deliver_each_call_many_times_and_no_job_is_done_twice(stack: Stack):
    app = Celery("test", broker=stack.urls["BROKER_URL"], set_as_current=False)
    app.conf.task_default_queue = "registrations"
    with stack.jobs_under_way():
        for _ in range(5 * JOBS):
            app.send_task("xebra.run_next_job")


def test_kill_every_worker_by_a_poisonous_job_and_only_that_job_fails(tmp_path):
    with serving(tmp_path / "state", LEASE_SECONDS="1", WORKER_PROCESSES="1") as service:
        image = service.upload(speckle())
        read_for_ever(service, image)
        poison = service.submit(image, image)
        while (job := service.wait(poison, until=lambda job: job["state"] != "queued"))["state"] == "running":
            kill(service.parts("worker.app")[1:])
            service.wait(poison, until=lambda now, job=job: now["attempt"] > job["attempt"] or now["failure"])
        assert (job["state"], job["attempt"]) == ("failed", 3)
        assert (job["failure"]["fault"], job["failure"]["code"]) == ("system", "worker-lost")
        small = service.upload(speckle())
        assert service.wait(service.submit(small, small))["state"] == "succeeded"


def read_for_ever(service: Service, image: dict) -> None:
    """Put a pipe into the place of the stored file: whoever opens it waits for somebody to write."""
    file = service.state_dir / "images" / "images" / image["id"] / "original"
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
    whole = psutil.Process(process.pid).children(recursive=True)
    assert len(whole) >= 5
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    assert still_running(whole) == []
    embedded.start_again()
    assert_each_ended_once(embedded.service, jobs)
    registered = embedded.service.get(jobs[0]["links"]["self"])["links"]["registered"]
    assert embedded.service.client.get(registered).is_success
