"""Registration of pairs by a stack, one after the other or many at once, and by the library alone."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import httpx
import numpy as np
from latency import upload

import xebra
from xebra.image_files import write_tiff

UNENDED = ("queued", "running")


@dataclass
class Stack:
    """Clients of two instruments at each API process, and the command line of one worker."""

    busy: list[httpx.Client]
    modest: list[httpx.Client]
    one_worker: str
    revives: bool  # a supervisor restarts it


def upload_pair(client: httpx.Client, pair: list[np.ndarray]) -> dict[str, str]:
    """Upload a pair and return the body of its registration request."""
    fixed, moving = (upload(client, pixels) for pixels in pair)
    return {"fixed_image_id": fixed, "moving_image_id": moving}


def bare(jobs: int, workers: int) -> dict[str, float]:
    """Return pairs per second of processes without a service, and the time of each pair."""
    context = multiprocessing.get_context("spawn")
    ready, go, seconds = context.Semaphore(0), context.Event(), context.Queue()
    each = -(-jobs // workers)
    processes = [context.Process(target=_register, args=(each, ready, go, seconds)) for _ in range(workers)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    started = time.perf_counter()
    go.set()
    spent = list(itertools.chain.from_iterable(seconds.get() for _ in processes))
    took = time.perf_counter() - started
    for process in processes:
        process.join()
    return {"jobs_per_s": round(len(spent) / took, 2), **quantiles(spent)}


def _register(count: int, ready, go, seconds) -> None:
    from latency import sample_pair

    pair = sample_pair()
    xebra.register(*pair)
    ready.release()
    go.wait()
    seconds.put([timed(lambda: xebra.register(*pair)) for _ in range(count)])


def load(clients: list[httpx.Client], request: dict, at_once: int, jobs: int) -> dict[str, float]:
    """Run ``at_once`` clients, each with one job after the other, until ``jobs`` are done."""
    turn, lock = itertools.cycle(clients), Lock()

    def one(_: int) -> float:
        with lock:
            client = next(turn)
        return timed(lambda: job(client, request))

    with ThreadPoolExecutor(at_once) as pool:
        started = time.perf_counter()
        seconds = list(pool.map(one, range(jobs)))
        took = time.perf_counter() - started
    return {"jobs_per_s": round(jobs / took, 2), **quantiles(seconds)}


def job(client: httpx.Client, request: dict) -> None:
    """Submit a job and wait until it has succeeded."""
    ended(client, submit(client, request, {"Prefer": "wait=60"}))


def submit(client: httpx.Client, request: dict, headers: dict | None = None) -> dict:
    return client.post("/api/v1/registrations", json=request, headers=headers).raise_for_status().json()


def ended(client: httpx.Client, job: dict) -> dict:
    """Return the job at its end; wait for a service that restarts."""
    while job["state"] in UNENDED:
        time.sleep(0.02)
        job = client.get(job["links"]["self"]).raise_for_status().json()
    if job["state"] != "succeeded":
        raise SystemExit(f"a job {job['state']}: {job['failure']}")
    return job


def at_once(client: httpx.Client, pair: list[np.ndarray], runs: int) -> dict[str, float]:
    """Measure the synchronous request and the same in this process, alternately."""
    files = {
        name: ("image.tif", _file(pixels)) for name, pixels in zip(("fixed", "moving"), pair, strict=True)
    }

    def send() -> None:
        client.post("/api/v1/register", files=files, data={"deadline_ms": "60000"}).raise_for_status()

    for work in (send, send, lambda: xebra.register(*pair)):
        work()
    turns = [(timed(lambda: xebra.register(*pair)), timed(send)) for _ in range(runs)]
    here, there = zip(*turns, strict=True)
    return {"in_process_p50_ms": quantiles(here)["p50_ms"], **quantiles(there)}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def quantiles(seconds) -> dict[str, float]:
    p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1)}


def _file(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    write_tiff(file, pixels)
    return file.getvalue()
