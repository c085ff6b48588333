"""CPU time to submit, list and claim jobs with a short and with a long queue.

./dev bench job_queue [--queued N] [--database URL]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from sqlalchemy import select

from db import batches, claims, images, jobs, pages
from db.engine import Database
from db.migrate import migrate
from db.rows import ImageRow, RegistrationRow
from db.types import utc_now

RUNS = 30
LEASE = timedelta(hours=1)


class Queue:
    """A database with two instruments: a busy one, and one with a single job."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        migrate(self.database)
        self.image = {owner: self._image(owner) for owner in ("busy", "modest")}
        self.served: list[str] = []

    def submit(self, owner: str = "busy") -> str:
        request = jobs.RegistrationRequest(self.image[owner], self.image[owner])
        with self.database.writing() as session:
            return jobs.submit(session, request, actor="bench", request_id="bench", owner=owner).id

    def submit_batch(self, size: int) -> None:
        requests = [jobs.RegistrationRequest(self.image["busy"], self.image["busy"])] * size
        with self.database.writing() as session:
            batches.submit(session, requests, owner="busy", actor="bench", request_id="bench")

    def list(self) -> None:
        query = select(RegistrationRow).where(RegistrationRow.owner == "busy").options(*jobs.WITH_RELATED)
        with self.database.reading() as session:
            pages.page(session, query, RegistrationRow, 50, None)

    def claim(self) -> None:
        with self.database.writing() as session:
            self.served.append(claims.claim_next(session, "bench", LEASE).registration_id)

    def _image(self, owner: str) -> str:
        row = ImageRow(id=str(uuid.uuid4()), owner=owner, name="a.tif", media_type="image/tiff")
        row.size_bytes, row.sha256, row.dtype, row.channels = 1, "0" * 64, "uint8", 1
        row.height, row.width, row.store_key, row.created_at = 64, 64, f"images/{row.id}", utc_now()
        with self.database.writing() as session:
            images.add(session, row, actor="bench")
        return row.id


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU time of this thread in ms."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1e3


def report(name: str, step: Callable[[], object]) -> None:
    """Print the median and the 95th percentile of several runs."""
    median, p95 = np.percentile([cpu_ms(step) for _ in range(RUNS)], [50, 95])
    print(f"{name:28s} median {median:6.1f} ms   95 % {p95:6.1f} ms")


def main() -> None:
    """Run the benchmark."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--queued", type=int, default=10_000)
    parser.add_argument("--database", help="URL of an empty database; default: SQLite in a file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        queue = Queue(arguments.database or f"sqlite:///{folder}/xebra.sqlite")
        report("submit, short queue", queue.submit)
        report("list, short queue", queue.list)
        took = cpu_ms(lambda: queue.submit_batch(arguments.queued))
        print(f"a batch of {arguments.queued:,}".ljust(28), f"       {took:6.0f} ms")
        report(f"submit, {arguments.queued:,} queued", queue.submit)
        report(f"list, {arguments.queued:,} queued", queue.list)
        single = queue.submit("modest")
        report(f"claim, {arguments.queued:,} queued", queue.claim)
        print(f"another instrument's single job was served as number {queue.served.index(single) + 1}")
        queue.database.close()


if __name__ == "__main__":
    main()
