"""Trials of a stack: latency at idle, recovery from a killed worker, fairness, long queues, memory."""

from __future__ import annotations

import contextlib
import time

import httpx
import numpy as np
import psutil
from service_loads import UNENDED, Stack, ended, job, load, quantiles, submit, timed

import xebra

REQUESTS = 300
FEW = 100
MANY_OF_ONE = 1000
KILLS = 3  # where a supervisor restarts the worker
AT_WORK = {"api": "api.server", "worker": "worker.app", "relay": "worker.relay"}


def idle(stack: Stack, pair: list[np.ndarray], request: dict, runs: int) -> dict[str, float]:
    """Measure one job after the other and the same in this process, alternately."""
    turns = [
        (timed(lambda: xebra.register(*pair)), timed(lambda: job(stack.busy[0], request)))
        for _ in range(runs)
    ]
    here, there = zip(*turns, strict=True)
    return {"in_process_p50_ms": quantiles(here)["p50_ms"], **quantiles(there)}


def download(stack: Stack, request: dict, runs: int) -> dict[str, float]:
    """Measure the first request for the registered image of a job that has ended."""
    client = stack.busy[0]

    def registered() -> float:
        links = ended(client, submit(client, request))["links"]
        return timed(lambda: client.get(links["registered"]).raise_for_status())

    return quantiles([registered() for _ in range(runs)])


def recovery(stack: Stack, request: dict) -> dict[str, float]:
    """Kill a worker that runs two jobs; return the longest time in s until both are done."""
    return {"seconds": max(_recovered(stack, request) for _ in range(KILLS if stack.revives else 1))}


def _recovered(stack: Stack, request: dict) -> float:
    client = stack.busy[0]
    jobs = [submit(client, request) for _ in range(2)]
    while client.get(jobs[1]["links"]["self"]).raise_for_status().json()["state"] == "queued":
        time.sleep(0.005)
    for process in parts(stack.one_worker):
        process.kill()
    return round(timed(lambda: [ended(client, job) for job in jobs]), 1)


def fairness(stack: Stack, busy: dict, modest: dict, workers: int) -> dict[str, float]:
    """Return how many of a thousand jobs of another instrument start before a single job."""
    batch = submit_batch(stack.busy[0], busy, MANY_OF_ONE)
    while batch["states"]["running"] + batch["states"]["succeeded"] < 2 * workers:
        batch = stack.busy[0].get(batch["links"]["self"]).raise_for_status().json()
    single = ended(stack.modest[0], submit(stack.modest[0], modest))
    begun = [job["started_at"] for job in _begun(stack.busy[0], batch)]
    before = sum(single["created_at"] <= at <= single["started_at"] for at in begun)
    stack.busy[0].delete(batch["links"]["self"]).raise_for_status()
    return {"queued": MANY_OF_ONE, "workers": workers, "begun_before": before}


def _begun(client: httpx.Client, batch: dict) -> list[dict]:
    found: list[dict] = []
    for state in ("succeeded", "running"):
        query = {"batch_id": batch["id"], "state": state, "limit": 200}
        found += client.get("/api/v1/registrations", params=query).raise_for_status().json()["items"]
    return found


def submit_batch(client: httpx.Client, request: dict, size: int) -> dict:
    many = {
        "moving_image_ids": [request["moving_image_id"]] * size,
        "fixed_image_id": request["fixed_image_id"],
    }
    return client.post("/api/v1/batches", json=many).raise_for_status().json()


def crowded(stack: Stack, request: dict, queued: int) -> dict[str, float]:
    """Measure submission and listing beside a queue of this length while workers are busy."""
    client, started = stack.busy[0], time.perf_counter()
    batch = submit_batch(client, request, queued)
    found: dict[str, float] = {"queued": queued, "batch_ms": round((time.perf_counter() - started) * 1e3)}
    asks = {
        "submit": lambda: submit(client, request),
        "list": lambda: client.get("/api/v1/registrations?limit=50").raise_for_status(),
    }
    for name, ask in asks.items():
        found |= {f"{name}_{key}": v for key, v in quantiles([timed(ask) for _ in range(REQUESTS)]).items()}
    client.delete(batch["links"]["self"]).raise_for_status()
    while rest := _unended(client):
        for waiting in rest:
            client.delete(waiting["links"]["self"])
    return found


def _unended(client: httpx.Client) -> list[dict]:
    urls = [f"/api/v1/registrations?limit=200&state={state}" for state in UNENDED]
    return [job for path in urls for job in client.get(path).raise_for_status().json()["items"]]


def memory(stack: Stack, request: dict, jobs: int) -> dict[str, list[float]]:
    """Return the resident memory in MB after a tenth, a half and all of the jobs of the fastest network."""
    found: dict[str, list[float]] = {"jobs": [jobs // 10, jobs // 2, jobs]} | {part: [] for part in AT_WORK}
    done = 0
    for moment in found["jobs"]:
        load(stack.busy, request | {"network": "paper"}, 8, moment - done)
        done = moment
        for part, word in AT_WORK.items():
            found[part].append(_resident_mb(word))
    return found


def _resident_mb(word: str) -> float:
    return round(sum(process.memory_info().rss for process in parts(word)) / 2**20, 1)


def parts(word: str) -> list[psutil.Process]:
    """Return the processes of the stack whose command line contains this word."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # ended or killed
            if word in " ".join(process.cmdline()):
                found.append(process)
    return found
