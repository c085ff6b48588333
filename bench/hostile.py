"""Two hostile tenants against a third one on the deployed stack.

Each asks for 1,000 webhooks whose receiver is slow, submits batches of 10,000 jobs, cancels them, and holds
1,000 event streams and 250 half-open uploads. Measured are a third tenant's submissions and jobs, before and
meanwhile, at either API process in turn: that of the batches, and the other.

./dev bench hostile [--seconds 60] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import queue
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hostile_tenants as hostile
import httpx
import numpy as np
from latency import sample_pair, upload
from support.deployed import Deployed, deployed
from support.servers import LOOPBACK, free_port
from support.service import speckle

from db import keys
from db.engine import Database

WORKERS = 2
SETTINGS = {"ACCESS": "keys", "WEBHOOKS_ANYWHERE": "true"}
PAUSE_S = 0.3  # between two jobs of the third tenant
WARM_UP_S = 10.0
REPORT_S = 6.0  # in which each process has reported its answers
WAIT_S = 180.0  # for the first answers
KINDS = ("webhooks", "batches", "streams", "uploads")
ENDED = ("succeeded", "failed", "cancelled")
MOMENTS = ("created", "started", "finished")  # of a job


def add_tenants(stack: Deployed) -> dict[str, str]:
    """Add three instruments; return their keys."""
    database = Database(stack.settings["DATABASE_URL"])
    found = {}
    for name in ("drip", "flood", "modest"):
        with database.writing() as session:
            keys.add_instrument(session, name, "bench")
            found[name] = keys.add(session, name, "bench", ["read", "write"], "bench")[1]
    database.close()
    return found


class Hostilities:
    """The hostile processes: the requests that they have sent so far, and what they were answered."""

    def __init__(self, stack: Deployed, tenants: dict[str, str], images: dict[str, str], nice: int) -> None:
        context = multiprocessing.get_context("fork")  # spawn imports everything nine times
        self._answers, self._found = context.Queue(), {}
        self._sent = {kind: context.Value("Q") for kind in KINDS}
        self._processes = [
            context.Process(target=_lowered, args=(nice, *given), daemon=True)
            for given in self._work(stack, tenants, images)
        ]

    def _work(
        self, stack: Deployed, tenants: dict[str, str], images: dict[str, str]
    ) -> Iterator[tuple[Any, ...]]:
        port, report = free_port(), (self._answers, self._sent)
        yield hostile.receive_slowly, port
        for name in ("drip", "flood"):
            key, url = tenants[name], stack.urls[0]
            yield hostile.ask_for_webhooks, url, key, f"http://{LOOPBACK}:{port}", *report
            yield hostile.cancel_batches, stack.urls[-1], key, images[name], *report
            yield hostile.hold_streams, stack.urls, key, *report
            yield hostile.hold_uploads, stack.urls, key, *report

    def start(self) -> None:
        """Start the processes and wait until each kind of request was answered."""
        for process in self._processes:
            process.start()
        while {what for what, _ in self._found} != set(KINDS):
            self._read(WAIT_S)

    def stop(self) -> None:
        """End the processes."""
        end = time.monotonic() + REPORT_S
        with contextlib.suppress(queue.Empty):
            while time.monotonic() < end:
                self._read(0.5)
        for process in self._processes:
            process.terminate()

    def sent(self) -> dict[str, int]:
        """Return the number of requests of each kind so far."""
        return {kind: value.value for kind, value in self._sent.items()}

    def answered(self) -> dict[str, dict[str, int]]:
        """Return the number of answers by status, of both tenants."""
        sums = {kind: Counter() for kind in KINDS}
        for (what, _), counts in self._found.items():
            sums[what].update(counts)
        return {kind: dict(counts) for kind, counts in sums.items()}

    def _read(self, wait_s: float) -> None:
        what, process, counts = self._answers.get(timeout=wait_s)
        self._found[what, process] = counts


def _lowered(nice: int, target: Any, *given: Any) -> None:
    """Run a hostile client with a lower priority: it stands for another machine."""
    os.nice(nice)
    target(*given)


def third_tenant(client: httpx.Client, urls: list[str], request: dict, seconds: float) -> dict[str, float]:
    """Submit one job after the other; return quantiles of its parts in s.

    ``submit``: until the service has accepted it; ``queued``: until a worker has claimed it; ``worker``:
    until its result is stored; ``seen``: until the client, which reads it every 20 ms, knows that; ``job``:
    all of it.
    """
    spent: dict[str, list[float]] = {name: [] for name in ("submit", "queued", "worker", "seen", "job")}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        url, started = urls[len(spent["job"]) % len(urls)], time.monotonic()
        job = client.post(f"{url}/api/v1/registrations", json=request).raise_for_status().json()
        spent["submit"].append(time.monotonic() - started)
        while job["state"] not in ENDED:
            time.sleep(0.02)
            job = client.get(job["links"]["self"]).raise_for_status().json()
        assert job["state"] == "succeeded", job
        spent["job"].append(time.monotonic() - started)
        created, begun, finished = (datetime.fromisoformat(job[f"{name}_at"]) for name in MOMENTS)
        spent["queued"].append((begun - created).total_seconds())
        spent["worker"].append((finished - begun).total_seconds())
        spent["seen"].append((datetime.now(UTC) - finished).total_seconds())
        time.sleep(PAUSE_S)
    found: dict[str, float] = {"jobs": len(spent["job"])}
    for name, seconds_of in spent.items():
        found |= _quantiles(name, seconds_of)
    return found


def _quantiles(name: str, seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(seconds, [50, 99])
    found = {"p50": p50, "p99": p99, "max": max(seconds)}
    return {f"{name}_{key}_s": round(value, 3) for key, value in found.items()}


def measure(folder: Path, seconds: float, nice: int) -> dict:
    """Return the figures before and during the hostilities, and what the hostile tenants were answered."""
    with deployed(folder, WORKERS, **SETTINGS) as stack:
        tenants = add_tenants(stack)
        clients = {
            name: httpx.Client(
                base_url=stack.urls[0],
                headers={"Authorization": f"Bearer {key}"},
                timeout=120,
                trust_env=False,
            )
            for name, key in tenants.items()
        }
        images = {name: upload(clients[name], speckle()) for name in ("drip", "flood")}
        fixed, moving = (upload(clients["modest"], pixels) for pixels in sample_pair())
        request = {"fixed_image_id": fixed, "moving_image_id": moving}
        third_tenant(
            clients["modest"], stack.urls, request, WARM_UP_S
        )  # until every process has opened its networks
        found = {"before": third_tenant(clients["modest"], stack.urls, request, seconds / 2)}
        others = Hostilities(stack, tenants, images, nice)
        others.start()
        try:
            before, began = others.sent(), time.monotonic()
            found["meanwhile"] = third_tenant(clients["modest"], stack.urls, request, seconds)
            took, sent = time.monotonic() - began, others.sent()
        finally:
            others.stop()
        found["offered_per_s"] = {kind: round((sent[kind] - before[kind]) / took, 2) for kind in KINDS}
        return found | {"answered": others.answered()}


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--nice", type=int, default=0, help="of the hostile clients; 19: the lowest priority")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--keep", type=Path, help="folder for logs and objects, kept afterwards")
    chosen = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="xebra-hostile-") as temporary:
        found = measure(chosen.keep or Path(temporary), chosen.seconds, chosen.nice)
    text = json.dumps(found, indent=2)
    print(text)
    if chosen.json:
        chosen.json.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
