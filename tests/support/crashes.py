"""What the tests share that kill something: how it is done, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

import psutil
from support.service import QUICK, Service, speckle
from sqlalchemy import func, select

from db import audit
from db.engine import Database
from db.rows import AuditRow, ResultRow

JOBS, SLOW = 6, 2  # the slow ones keep every worker process busy, the rest waits in the queue
MOMENT_S = 60.0
FINAL = ("registration.succeeded", "registration.failed", "registration.cancelled")
ENDED = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


@dataclass
class Server:
    """A server that can be killed, and started again where it was."""

    start: Callable[[], AbstractContextManager]
    now: ExitStack = field(default_factory=ExitStack)

    def up(self) -> None:
        self.process = self.now.enter_context(self.start())

    def down(self) -> None:
        """In order, as at a restart."""
        self.now.close()

    def crash(self) -> None:
        """Kill it with all that it has started."""
        first = psutil.Process(self.process.pid)
        kill([first, *first.children(recursive=True)])
        self.process.wait()
        self.now.close()


def kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> None:
    """Send each the signal; one that its parent has taken with it needs none."""
    assert processes
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are there after all; one that was just killed may take a moment, and be left to init."""
    end = time.monotonic() + MOMENT_S
    while any(map(_alive, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    return [process for process in processes if _alive(process)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in ENDED
    except psutil.NoSuchProcess:
        return False


def submit_some(service: Service, side: int = 256) -> list[dict]:
    """Jobs of which the first is under way; most are of the network that is done soonest."""
    image = service.upload(speckle(side))
    jobs = [service.submit(image, image) for _ in range(SLOW)]
    jobs += [service.submit(image, image, **QUICK) for _ in range(JOBS - SLOW)]
    service.wait(jobs[0], until=lambda job: job["state"] != "queued")
    return jobs


def assert_each_ended_once(service: Service, jobs: list[dict], database_url: str | None = None) -> None:
    """All succeeded, one result and one final audit entry each, the chain whole."""
    assert [service.wait(job)["state"] for job in jobs] == ["succeeded"] * len(jobs)
    with _opened(database_url or f"sqlite:///{service.state_dir}/xebra.sqlite") as session:
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
def _opened(database_url: str) -> Iterator:
    database = Database(database_url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.close()
