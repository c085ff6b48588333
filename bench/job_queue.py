"""What a long queue costs: CPU time to submit, list and claim with few and with many jobs waiting.

./dev bench waiting_line [--queued N] [--database URL]
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


class Line:
    """A database with two instruments: a busy one, and one with a single job."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        migrate(self.database)
        self.image = {owner: self._image(owner) for owner in ("busy", "modest")}
        self.served: list[str] = []

    def submit(self, owner: str = "busy") -> str:
        wish = jobs.RegistrationRequest(self.image[owner], self.image[owner])
        with self.database.writing() as session:
            return jobs.submit(session, wish, actor="bench", request_id="bench", owner=owner).id

    def submit_batch(self, size: int) -> None:
        wishes = [jobs.RegistrationRequest(self.image["busy"], self.image["busy"])] * size
        with self.database.writing() as session:
            batches.submit(session, wishes, owner="busy", actor="bench", request_id="bench")

    def list(self) -> None:
        query = select(RegistrationRow).where(RegistrationRow.owner == "busy").options(*jobs.WHOLE)
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
    """Of this thread, so that other work on the machine does not count."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1e3


def say(what: str, works: Callable[[], object]) -> None:
    """Print median and 95 % of a few runs."""
    median, p95 = np.percentile([cpu_ms(works) for _ in range(RUNS)], [50, 95])
    print(f"{what:28s} median {median:6.1f} ms   95 % {p95:6.1f} ms")


def main() -> None:
    """The command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--queued", type=int, default=10_000)
    parser.add_argument("--database", help="an empty one; SQLite in a file if nothing is said")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        line = Line(chosen.database or f"sqlite:///{folder}/xebra.sqlite")
        say("submit, few waiting", line.submit)
        say("list, few waiting", line.list)
        took = cpu_ms(lambda: line.submit_batch(chosen.queued))
        print(f"a batch of {chosen.queued:,}".ljust(28), f"       {took:6.0f} ms")
        say(f"submit, {chosen.queued:,} waiting", line.submit)
        say(f"list, {chosen.queued:,} waiting", line.list)
        single = line.submit("modest")
        say(f"claim, {chosen.queued:,} waiting", line.claim)
        print(f"another instrument's single job was served as number {line.served.index(single) + 1}")
        line.database.close()


if __name__ == "__main__":
    main()
