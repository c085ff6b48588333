"""Load of the service: jobs per second and time from POST to finished, beside the library alone.

./dev bench service [--only embedded|deployed] [--steps recovery fairness ...] [--json FILE] [--write]

With --json, figures that the file has of the same version are kept and the present ones added: steps can be
measured one at a time. --write needs all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import performance_page
import service_figures as figures
import service_loads as loads
import service_shares as shares
import service_table as table
import service_trials as trials
from latency import sample_pair
from support.deployed import deployed
from support.service import serving

from db import keys
from db.engine import Database

CLIENTS = (1, 8, 64)
STEPS = ("load", "idle", "synchronous", "shares", "download", "fairness", "queue", "memory", "recovery")
WORKERS = 2
PATIENCE_S = 3600.0
SETTINGS = {"ACCESS": "keys", "LEASE_SECONDS": "5"}


@contextmanager
def embedded_stack() -> Iterator[loads.Stack]:
    """Start SQLite, a folder, an embedded Redis and one worker of two processes."""
    with tempfile.TemporaryDirectory(prefix="xebra-bench-") as folder, ExitStack() as opened:
        settings = SETTINGS | {"WORKER_PROCESSES": str(WORKERS)}
        service = opened.enter_context(serving(Path(folder), **settings))
        database = f"sqlite:///{folder}/xebra.sqlite"
        yield _stack(opened, [service.url], database, "worker.app", True)


@contextmanager
def deployed_stack() -> Iterator[loads.Stack]:
    """Start PostgreSQL, S3, Redis, Triton, two API processes and two workers."""
    with tempfile.TemporaryDirectory(prefix="xebra-bench-") as folder, ExitStack() as opened:
        stack = opened.enter_context(deployed(Path(folder), WORKERS, **SETTINGS))
        given = stack.settings
        yield _stack(opened, stack.urls, given["DATABASE_URL"], "worker-1@", False, given["INFERENCE_URL"])


STACKS = {"embedded": embedded_stack, "deployed": deployed_stack}


def _stack(opened: ExitStack, urls: list[str], database_url: str, *given: str | bool) -> loads.Stack:
    """Return a stack with clients of two instruments at each address."""
    database = Database(database_url)
    clients = {}
    for owner in ("busy", "modest"):
        with database.writing() as session:
            keys.add_instrument(session, owner, "bench")
            _, text = keys.add(session, owner, "bench", keys.SCOPES, "bench")
        about = {"headers": {"Authorization": f"Bearer {text}"}, "timeout": PATIENCE_S, "trust_env": False}
        clients[owner] = [opened.enter_context(httpx.Client(base_url=url, **about)) for url in urls]
    database.close()
    return loads.Stack(clients["busy"], clients["modest"], *given)


def measure(name: str, chosen: argparse.Namespace, found: dict) -> None:
    """Add the figures of one stack."""
    pair = sample_pair()
    with STACKS[name]() as stack:
        request = loads.upload_pair(stack.busy[0], pair)
        loads.load(stack.busy, request, WORKERS, 3 * WORKERS)  # until every process has opened its networks
        modest = loads.upload_pair(stack.modest[0], pair)
        every = {
            "load": partial(load, stack, request, chosen),
            "idle": partial(trials.idle, stack, pair, request, chosen.jobs // 2),
            "synchronous": partial(loads.at_once, stack, pair, chosen.jobs // 2),
            "shares": partial(shares.shares, stack, pair, request, chosen.jobs),
            "download": partial(trials.download, stack, request, chosen.jobs // 2),
            "fairness": partial(trials.fairness, stack, request, modest, WORKERS),
            "queue": partial(queue, stack, request, chosen.queued),
            "memory": partial(trials.memory, stack, request, chosen.many),
            "recovery": partial(
                trials.recovery, stack, request
            ),  # last: in one stack no supervisor restarts the worker
        }
        for what in every:
            if what in chosen.steps:
                load_average = figures.load_average()
                figures.add(found, name, what, _reported(f"{name}, {what}", every[what]), load_average)
                _save(found, chosen.json)


def load(stack: loads.Stack, request: dict, chosen: argparse.Namespace) -> dict:
    """Measure the load of several numbers of clients, and the bare rate before and after."""
    found: dict = {"bare": loads.bare(chosen.jobs, WORKERS)}
    for clients in chosen.clients:
        found[clients] = loads.load(stack.busy, request, clients, max(chosen.jobs, clients))
    after = loads.bare(chosen.jobs, WORKERS)
    found["bare"] = {what: round((of + after[what]) / 2, 2) for what, of in found["bare"].items()}
    return found


def queue(stack: loads.Stack, request: dict, queued: int) -> dict:
    """Measure requests beside a short and a long queue."""
    return {"few": trials.crowded(stack, request, trials.FEW), "many": trials.crowded(stack, request, queued)}


def _save(found: dict, file: Path | None) -> None:
    if file:
        file.write_text(json.dumps(found, indent=2) + "\n")


def _reported(what: str, step: Callable[[], dict]) -> dict:
    """Measure and print the figures of one step."""
    found = step()
    print(f"{what}: {found}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=STEPS, help="these only")
    parser.add_argument("--jobs", type=int, default=100, help="for each number of clients")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="how many at once")
    parser.add_argument("--queued", type=int, default=10_000, help="jobs in the long queue")
    parser.add_argument("--many", type=int, default=5000, help="jobs over which memory is measured")
    parser.add_argument("--only", choices=STACKS, help="one of the stacks")
    parser.add_argument("--json", type=Path, help="file of the figures, with those of earlier steps")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    chosen = parser.parse_args()
    found = figures.start(chosen.json, jobs=chosen.jobs, queued=chosen.queued, many=chosen.many)
    for name in [chosen.only] if chosen.only else STACKS:
        if chosen.steps:
            measure(name, chosen, found)
    lines = table.of(found)
    print(*lines, sep="\n")
    if chosen.write:
        if missing := figures.missing(found, tuple(STACKS), STEPS):
            parser.error(f"--write needs every step: measure {', '.join(missing)} with --json first")
        performance_page.write("Load", lines)


if __name__ == "__main__":
    main()
