"""Kill all parts of the deployed stack at random while jobs run, and account for every job.

API, relay, worker, pool processes, PostgreSQL, Redis, S3 and Triton are killed with SIGKILL and restarted;
workers are also suspended beyond their lease. With --ahead, one API, relay and worker have a clock that is
ahead.

./dev bench storm [--minutes 30] [--jobs 5000] [--ahead SECONDS] [--seed N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sqlalchemy import func, select
from storm_clients import Clients
from storm_stack import StormStack, storm_stack
from storm_tally import attempts, tally

from db.engine import Database
from db.rows import FINAL_STATES, OutboxRow, RegistrationRow

CLIENTS = 6
DOWNLOADS = 50  # registered images of random jobs
MEAN_PAUSE_S = 5.0  # between two kills
DRAIN_S = 900.0
REPORT_S = 60.0


class QueueLength:
    """The number of queued jobs, read every second at most; unknown means full."""

    def __init__(self, database: Database) -> None:
        self.database, self.at, self.jobs = database, 0.0, 0

    def __call__(self) -> int:
        """Return the number."""
        if time.monotonic() - self.at > 1:
            self.at = time.monotonic()
            try:
                with self.database.reading() as session:
                    self.jobs = session.scalar(select(func.count()).select_from(OutboxRow))
            except Exception:  # the database is being restarted
                self.jobs = sys.maxsize
        return self.jobs


def storm(stack: StormStack, clients: Clients, chosen: argparse.Namespace) -> Counter:
    """Kill parts until time and number of jobs are reached; return the number of kills of each part."""
    chance, kills = random.Random(chosen.seed), Counter()
    started = reported = time.monotonic()
    while not _enough(time.monotonic() - started, len(clients.accepted), chosen):
        target = chance.choice(stack.targets())
        kills[target] += stack.strike(target, chance)
        stack.work(chance.expovariate(1 / MEAN_PAUSE_S))
        if time.monotonic() - reported > REPORT_S:
            reported = time.monotonic()
            minutes = (reported - started) / 60
            print(f"{minutes:.0f} min: {kills.total()} kills, {len(clients.accepted)} jobs", file=sys.stderr)
    return kills


def _enough(seconds: float, jobs: int, chosen: argparse.Namespace) -> bool:
    both = seconds >= 60 * chosen.minutes and jobs >= chosen.jobs
    return both or seconds >= 60 * chosen.at_most


def drain(stack: StormStack, database: Database) -> float:
    """Wait until every job has ended; return the seconds."""
    started = time.monotonic()
    unended = select(func.count()).where(RegistrationRow.state.not_in(FINAL_STATES))
    while time.monotonic() - started < DRAIN_S:
        stack.work(1)
        with database.reading() as session:
            if session.scalar(unended) == 0:
                break
    return time.monotonic() - started


def measure(folder: Path, chosen: argparse.Namespace) -> dict:
    """Return the account of one storm."""
    with storm_stack(folder, chosen.ahead) as stack:
        database = Database(stack.settings["DATABASE_URL"])
        clients = Clients(stack.urls, QueueLength(database))
        started = time.monotonic()
        threads = clients.start(CLIENTS, chosen.seed)
        try:
            kills = storm(stack, clients, chosen)
        finally:
            clients.stop.set()
        seconds = time.monotonic() - started
        stack.calm()
        while any(thread.is_alive() for thread in threads):
            stack.work(0.5)
        drained = drain(stack, database)
        with database.reading() as session:
            counts, causes = tally(session, clients.accepted), attempts(session)
        counts["results without an image"] = clients.without_image(DOWNLOADS, chosen.seed)
        database.close()
    p50, p99 = np.percentile(clients.seconds, [50, 99])
    return {
        **{"minutes": round(seconds / 60, 1), "ahead_s": chosen.ahead, "seed": chosen.seed},
        **{"kills": kills.total(), "kills_by_part": dict(kills), **counts, **causes},
        "longest_start_of_triton_s": round(stack.longest_start_s, 1),
        **{"jobs_per_s": round(len(clients.accepted) / seconds, 2), "drained_s": round(drained, 1)},
        **{"submit_p50_s": round(p50, 3), "submit_p99_s": round(p99, 3)},
        "repeated_requests": clients.repetitions,
    }


def main() -> int:
    """Run the command; exit 0 if no job was lost, doubled or ended wrongly."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--minutes", type=float, default=30, help="at least")
    parser.add_argument("--jobs", type=int, default=5000, help="at least")
    parser.add_argument("--at-most", type=float, default=90, help="minutes, however few jobs were accepted")
    parser.add_argument("--ahead", type=int, default=0, help="seconds by which one machine's clock is ahead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the account to this file as well")
    parser.add_argument("--keep", type=Path, help="folder for logs and objects, kept afterwards")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xebra-storm-") as temporary:
        found = measure(chosen.keep or Path(temporary), chosen)
    text = json.dumps(found, indent=2)
    print(text)
    if chosen.json:
        chosen.json.write_text(f"{text}\n")
    wrong = ("lost", "doubled", "created twice", "ended wrongly", "faults of the audit log")
    return int(any(found[name] for name in (*wrong, "results without an image")))


if __name__ == "__main__":
    raise SystemExit(main())
