"""Registration of pairs by a stack, one after the other or many at once, and by the library alone."""

from __future__ import annotations

import http.client
import io
import itertools
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock

import httpx
import numpy as np
from latency import upload

import xebra
from xebra.align import Aligner
from xebra.image_files import write_tiff

UNENDED = ("queued", "running")


@dataclass
class Stack:
    """Clients of two instruments at each API process, and the command line of one worker."""

    busy: list[httpx.Client]
    modest: list[httpx.Client]
    one_worker: str
    revives: bool  # a supervisor restarts it
    inference_url: str | None = None  # of a Triton server; None: the service registers in its own processes


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


def at_once(stack: Stack, pair: list[np.ndarray], runs: int) -> dict[str, float]:
    """Measure the synchronous request, and the same in this process, alternately.

    The body is encoded beforehand and sent by the client of the standard library, which takes less than half
    a ms: what a client's own encoding takes is not the service's. Where the service asks a Triton server, the
    pair is registered in this process with that server as well.
    """
    client = stack.busy[0]
    files = {
        name: ("image.tif", _file(pixels)) for name, pixels in zip(("fixed", "moving"), pair, strict=True)
    }
    request = client.build_request("POST", "/api/v1/register", files=files, data={"deadline_ms": "60000"})
    body, headers = request.read(), dict(request.headers)
    connection = http.client.HTTPConnection(request.url.host, request.url.port)

    def send() -> None:
        connection.request("POST", request.url.path, body, headers)
        answer = connection.getresponse()
        if answer.read() and answer.status != 200:
            raise SystemExit(f"POST /api/v1/register: {answer.status}")

    works: dict[str, Callable[[], object]] = {"in_process": lambda: xebra.register(*pair)}
    if stack.inference_url:
        works["same_engine"] = partial(Aligner(stack.inference_url).register, *map(xebra.Image, pair))
    works["service"] = send
    for work in (*works.values(), send):
        work()
    turns = [[timed(work) for work in works.values()] for _ in range(runs)]
    spent = dict(zip(works, zip(*turns, strict=True), strict=True))
    found = {f"{name}_p50_ms": quantiles(of)["p50_ms"] for name, of in spent.items() if name != "service"}
    return {**found, **quantiles(spent["service"])}


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
