"""Killing of processes and servers, and the checks that must hold afterwards."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

import psutil
from sqlalchemy import func, select

from db import audit
from db.engine import Database
from db.rows import AuditRow, ResultRow
from support.service import QUICK, Service, speckle

JOBS, SLOW = 6, 2  # the slow jobs occupy every worker process, the others are queued
EXIT_TIMEOUT_S = 60.0
ENDED = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


@dataclass
class Server:
    """A server that can be killed and restarted on its data."""

    start: Callable[[], AbstractContextManager]
    running: ExitStack = field(default_factory=ExitStack)

    def up(self) -> None:
        """Start the server."""
        self.process = self.running.enter_context(self.start())

    def down(self) -> None:
        """Stop the server in order."""
        self.running.close()

    def crash(self) -> None:
        """Kill the server with its children."""
        first = psutil.Process(self.process.pid)
        kill([first, *first.children(recursive=True)])
        self.process.wait()
        self.running.close()


def kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> None:
    """Send a signal to each process that still exists."""
    assert processes
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that do not end in time; one that was just killed may take a moment."""
    end = time.monotonic() + EXIT_TIMEOUT_S
    while any(map(_alive, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    return [process for process in processes if _alive(process)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in ENDED
    except psutil.NoSuchProcess:
        return False


def submit_some(service: Service, side: int = 256) -> list[dict]:
    """Submit jobs and wait until the first is running; most use the fastest network."""
    image = service.upload(speckle(side))
    jobs = [service.submit(image, image) for _ in range(SLOW)]
    jobs += [service.submit(image, image, **QUICK) for _ in range(JOBS - SLOW)]
    service.wait(jobs[0], until=lambda job: job["state"] != "queued")
    return jobs


def assert_each_ended_once(service: Service, jobs: list[dict], database_url: str | None = None) -> None:
    """Check that all have succeeded with one result and one final audit entry each, and verify the chain."""
    assert [service.wait(job)["state"] for job in jobs] == ["succeeded"] * len(jobs)
    with _open(database_url or f"sqlite:///{service.state_dir}/xebra.sqlite") as session:
        for job in jobs:
            results = select(func.count()).where(ResultRow.registration_id == job["id"])
            assert session.scalar(results) == 1
            final = AuditRow.event.in_(
                [f"registration.{end}" for end in ("succeeded", "failed", "cancelled")]
            )
            ends = select(AuditRow.event).where(final, AuditRow.payload.contains(job["id"]))
            assert session.scalars(ends).all() == ["registration.succeeded"]
        assert audit.verify(session) == []


@contextlib.contextmanager
def _open(database_url: str) -> Iterator:
    database = Database(database_url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.close()
