"""CPU time of a job by process: the parts of a stack, its servers, and the library alone."""

from __future__ import annotations

import contextlib
import time
from collections import Counter

import numpy as np
import psutil
from service_loads import Stack, load

import xebra

CLIENTS = 8
PARTS = {
    "api": "api.server",
    "decoding": "decoding_server",
    "worker": "worker.app",
    "relay": "worker.relay",
    "Triton": "triton",
    "PostgreSQL": "postgres",
    "S3": "rclone",
    "Redis": "redis-server",
}


ROUNDS = 6  # of service and library alternately: the load of others changes the time of both


def shares(stack: Stack, pair: list[np.ndarray], request: dict, jobs: int) -> dict[str, float]:
    """Return the ms of CPU time for each job with several clients; *bare* is the library alone.

    *beside* is what a job costs beside its registration: lowest, median and highest of the rounds.
    """
    each = max(CLIENTS, -(-jobs // ROUNDS))
    rounds = [_round(stack, pair, request, each) for _ in range(ROUNDS)]
    beside = sorted(sum(of.values()) - 2 * of["bare"] for of in rounds)
    found = {part: float(np.median([of[part] for of in rounds])) for part in rounds[0]}
    found |= {"beside_low": beside[0], "beside": float(np.median(beside)), "beside_high": beside[-1]}
    return {part: round(ms, 1) for part, ms in found.items()}


def _round(stack: Stack, pair: list[np.ndarray], request: dict, jobs: int) -> dict[str, float]:
    before = _spent()
    load(stack.busy, request, CLIENTS, jobs)
    spent = _spent()
    found = {part: 1e3 * (spent[part] - before[part]) / jobs for part in PARTS if spent[part]}
    return found | {"bare": _bare(pair, jobs // 2)}


def _bare(pair: list[np.ndarray], runs: int) -> float:
    started = time.process_time()
    for _ in range(runs):
        xebra.register(*pair)
    return 1e3 * (time.process_time() - started) / runs


def _spent() -> Counter:
    """Return the CPU seconds of each part so far."""
    spent: Counter = Counter()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            command, times = " ".join(process.cmdline()), process.cpu_times()
            for part, word in PARTS.items():
                if word in command:
                    ended = times.children_user + times.children_system if part == "decoding" else 0.0
                    spent[part] += times.user + times.system + ended
                    break
    return spent
