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
import queue
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
WAIT_S = 180.0  # for the first answers
KINDS = ("webhooks", "batches", "streams", "uploads")
ENDED = ("succeeded", "failed", "cancelled")


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


@contextmanager
def hostilities(stack: Deployed, tenants: dict[str, str], images: dict[str, str]) -> Iterator[dict]:
    """Run the hostile processes; yield what they were answered, complete after the block."""
    context, port = multiprocessing.get_context("fork"), free_port()  # spawn imports everything nine times
    answers, found = context.Queue(), {}
    work = [(hostile.receive_slowly, (port,))]
    for name in ("drip", "flood"):
        key, url = tenants[name], stack.urls[0]
        work += [
            (hostile.ask_for_webhooks, (url, key, f"http://{LOOPBACK}:{port}", answers)),
            (hostile.cancel_batches, (stack.urls[-1], key, images[name], answers)),
            (hostile.hold_streams, (stack.urls, key, answers)),
            (hostile.hold_uploads, (stack.urls, key, answers)),
        ]
    processes = [context.Process(target=target, args=given, daemon=True) for target, given in work]
    for process in processes:
        process.start()
    try:
        while set(found) != set(KINDS):
            _read(answers, found, WAIT_S)
        yield found
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                _read(answers, found, 0.5)
        for process in processes:
            process.terminate()


def _read(answers, found: dict, wait_s: float) -> None:
    what, counts = answers.get(timeout=wait_s)
    found[what] = counts  # the newest of either tenant


def third_tenant(client: httpx.Client, urls: list[str], request: dict, seconds: float) -> dict[str, float]:
    """Submit one job after the other; return quantiles of the submission and of the whole job in s."""
    submits, jobs, end = [], [], time.monotonic() + seconds
    while time.monotonic() < end:
        url, started = urls[len(jobs) % len(urls)], time.monotonic()
        job = client.post(f"{url}/api/v1/registrations", json=request).raise_for_status().json()
        submits.append(time.monotonic() - started)
        while job["state"] not in ENDED:
            time.sleep(0.02)
            job = client.get(job["links"]["self"]).raise_for_status().json()
        assert job["state"] == "succeeded", job
        jobs.append(time.monotonic() - started)
        time.sleep(PAUSE_S)
    return {"jobs": len(jobs), **_quantiles("submit", submits), **_quantiles("job", jobs)}


def _quantiles(name: str, seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(seconds, [50, 99])
    found = {"p50": p50, "p99": p99, "max": max(seconds)}
    return {f"{name}_{key}_s": round(value, 3) for key, value in found.items()}


def measure(folder: Path, seconds: float) -> dict:
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
        with hostilities(stack, tenants, images) as answered:
            found["meanwhile"] = third_tenant(clients["modest"], stack.urls, request, seconds)
        return found | {"answered": answered}


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--keep", type=Path, help="folder for logs and objects, kept afterwards")
    chosen = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="xebra-hostile-") as temporary:
        found = measure(chosen.keep or Path(temporary), chosen.seconds)
    text = json.dumps(found, indent=2)
    print(text)
    if chosen.json:
        chosen.json.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
