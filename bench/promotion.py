"""Promotion and rollback under load: no job may fail, none may mix two versions, each names its own.

    ./dev bench promotion --jobs 2000 [--triton]

A service registers the bundled pair again and again while two adapted versions are promoted and rolled back.
Each answer is compared with that of the version that it names: search and refinement must be those of this
version and of no other. The versions are the bundled graphs with weights changed by 3 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.network_versions import changed_version, fingerprint, is_of
from support.servers import free_port
from support.service import PATIENCE_S, Service, serving
from support.triton_server import triton, triton_at

from db import network_archive, networks
from db.engine import Database
from db.store import open_store
from xebra import sample
from xebra.align import Aligner

BATCH = 200  # jobs of one request
FILES = (sample.FIXED, sample.MOVING)


def main() -> int:
    """Run the service, the jobs and the changes; return 1 where a job has failed or an answer is mixed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two changes")
    parser.add_argument("--triton", action="store_true", help="a Triton server instead of ONNX Runtime")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder, url = Path(name), ""
        if arguments.triton:
            port, url = free_port(), ""
            (folder / "triton").mkdir()
            opened.enter_context(triton(folder / "triton", port))
            url = triton_at(port)
        service = opened.enter_context(serving(folder / "state", INFERENCE_URL=url))
        return _measure(service, folder, arguments.jobs, arguments.pause)


def _measure(service: Service, folder: Path, jobs: int, pause_s: float) -> int:
    folders = [changed_version(folder / f"version-{seed}", seed) for seed in (1, 2)]
    versions = [_add(service, path) for path in folders]
    known = {None: _answer(None)} | {id: _answer(path) for id, path in zip(versions, folders, strict=True)}
    ended, changes = threading.Event(), Counter[str]()
    changing = threading.Thread(target=_change, args=(service.url, versions, pause_s, ended, changes))
    started = time.monotonic()
    changing.start()
    try:
        results = _run(service, jobs)
    finally:
        ended.set()
        changing.join()
    seconds = time.monotonic() - started
    states = Counter(job["state"] for job in results)
    retried = sum(job["attempt"] > 1 for job in results)
    done = [job["result"] for job in results if job["result"]]
    mixed = sum(not is_of(result, known) for result in done)
    names = {None: "bundled", versions[0]: "version 1", versions[1]: "version 2"}
    by_version = Counter(names[result["model"]["version"]] for result in done)
    print(f"{len(results)} jobs in {seconds:.0f} s: {dict(states)}, {retried} retried, {mixed} mixed answers")
    print(f"answered by {dict(by_version)}; {dict(changes)}")
    return int(bool(mixed or set(states) != {"succeeded"}))


def _add(service: Service, folder: Path) -> str:
    """Add a version to the service's database."""
    database = Database(f"sqlite:///{service.state_dir / 'xebra.sqlite'}")
    store = open_store((service.state_dir / "images").as_uri())
    archive = network_archive.store(folder, store, database)
    with database.writing() as session:
        row = networks.add(session, "local", archive, actor="bench")
    database.close()
    return row.id


def _answer(folder: Path | None) -> Any:
    return fingerprint(Aligner(None, folder).register(*FILES).to_json())


def _change(url: str, versions: list[str], pause_s: float, ended: threading.Event, counts: Counter) -> None:
    """Promote and roll back until the jobs have ended."""
    with httpx.Client(base_url=f"{url}/api/v1/networks", timeout=PATIENCE_S) as client:
        for step in cycle(("promote 0", "promote 1", "rollback", "rollback")):
            if ended.wait(pause_s):
                return
            what, _, number = step.partition(" ")
            path = f"/{versions[int(number)]}/promote" if number else "/rollback"
            client.post(path).raise_for_status()
            counts[what] += 1


def _run(service: Service, jobs: int) -> list[dict[str, Any]]:
    """Submit the jobs in batches; return them when all have ended."""
    fixed, moving = (service.upload(file.read_bytes(), file.name)["id"] for file in FILES)
    for start in range(0, jobs, BATCH):
        body = {"fixed_image_id": fixed, "moving_image_ids": [moving] * min(BATCH, jobs - start)}
        service.client.post("/api/v1/batches", json=body).raise_for_status()
    while True:
        left = [
            service.get(f"/api/v1/registrations?state={state}&limit=1")["items"]
            for state in ("queued", "running")
        ]
        if not any(left):
            return _all(service)
        time.sleep(1)


def _all(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = service.get(f"/api/v1/registrations?limit=200{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


if __name__ == "__main__":
    raise SystemExit(main())
