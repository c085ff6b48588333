"""A stack whose parts can be killed: every server, and two processes each of API, relay and worker."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from support.crashes import Server, kill
from support.deployed import managed_parts, prepare, wait_until_ready
from support.servers import LOOPBACK, NO_PERSISTENCE, free_port, postgres, redis, s3, s3_url, temporary_home
from support.service import environment
from support.triton_server import set_priority, starting_triton, triton_at, triton_is_ready

from worker.supervisor import ManagedProcess, Supervisor

LEASE_S = 6
TRITON_START_S = 900.0
RAISED = -10  # priority of Triton while it starts
CLOCK_AHEAD = Path(__file__).with_name("clock_ahead.c")
SUSPENDED, POOL_PROCESS = "suspended worker", "pool process"


@dataclass
class StormStack:
    """A running stack; all methods are called in the thread that has started it."""

    urls: list[str]  # of the API processes
    settings: dict[str, str]  # of the servers, without XEBRA_
    supervisor: Supervisor
    servers: dict[str, Server]
    triton_port: int
    longest_start_s: float = 0.0  # of Triton
    _suspended: list[tuple[float, list[psutil.Process]]] = field(default_factory=list)

    def targets(self) -> list[str]:
        """Return the names of what can be killed."""
        return [part.name for part in self.supervisor.parts] + [*self.servers, SUSPENDED, POOL_PROCESS]

    def strike(self, target: str, chance: random.Random) -> bool:
        """Kill a part, or suspend a worker beyond its lease; return whether it was running."""
        if target in self.servers:
            self.servers[target].crash()
            time.sleep(chance.uniform(0, 2))
            self.servers[target].up()
            self._wait_for_triton()
            return True
        name = chance.choice(("worker-1", "worker-2")) if target in (SUSPENDED, POOL_PROCESS) else target
        part = next(part for part in self.supervisor.parts if part.name == name)
        found = tree(part)
        if not found:  # it is being restarted
            return False
        if target == SUSPENDED:
            kill(found, signal.SIGSTOP)
            self._suspended.append((time.monotonic() + 2 * LEASE_S, found))
        else:
            kill([chance.choice(found[1:] or found)] if target == POOL_PROCESS else found)
        return True

    def _wait_for_triton(self) -> None:
        """Supervise the other parts until Triton is ready, which takes minutes on a busy machine."""
        started, server = time.monotonic(), self.servers["triton"].process
        while not triton_is_ready(self.triton_port):
            if time.monotonic() - started > TRITON_START_S:
                raise SystemExit(f"Triton was not ready {TRITON_START_S:.0f} s after its start; see its log")
            self.work(0.5)
        self.longest_start_s = max(self.longest_start_s, time.monotonic() - started)
        set_priority(server, 0)

    def work(self, seconds: float) -> None:
        """Restart what has ended, and resume what was suspended, for a time."""
        end = time.monotonic() + seconds
        self.supervisor.watch(until=lambda: self._resume() or time.monotonic() > end)

    def calm(self) -> None:
        """Resume everything and wait until all parts are ready."""
        self._suspended = [(0.0, processes) for _, processes in self._suspended]
        self.work(1)

    def _resume(self) -> None:
        due = [entry for entry in self._suspended if entry[0] <= time.monotonic()]
        self._suspended = [entry for entry in self._suspended if entry not in due]
        for _, processes in due:
            kill(processes, signal.SIGCONT)


def tree(part: ManagedProcess) -> list[psutil.Process]:
    """Return the running processes of a part, the first one first."""
    if part.process is None or part.process.poll() is not None:
        return []
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(part.process.pid)
        return [first, *first.children(recursive=True)]
    return []


@contextmanager
def storm_stack(folder: Path, ahead_s: int) -> Iterator[StormStack]:
    """Start all parts; the second process of each kind has a clock that is ``ahead_s`` seconds ahead."""
    with ExitStack() as opened:
        servers, urls = _servers(folder, opened.enter_context(temporary_home()))
        for server in servers.values():
            opened.callback(server.down)
            server.up()
        given = {"WORKER_PROCESSES": "1", "LEASE_SECONDS": str(LEASE_S), **urls}
        prepare(given)
        ports = [free_port() for _ in range(2)]
        parts = managed_parts(ports, workers=2, relays=2)
        clock = _clock_ahead(folder, ahead_s) if ahead_s else []
        for part in parts:
            if clock and part.name.endswith("-2"):
                part.command = [*clock, *part.command]
        variables = environment(folder, **given) | {"PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor(parts, variables, folder / "logs")
        opened.callback(supervisor.stop)
        supervisor.start()
        addresses = [f"http://{LOOPBACK}:{port}" for port in ports]
        for address in addresses:
            wait_until_ready(address, folder / "logs")
        port = int(urls["INFERENCE_URL"].rpartition(":")[2])
        stack = StormStack(addresses, urls, supervisor, servers, port)
        stack._wait_for_triton()
        yield stack


@contextmanager
def _starting(folder: Path, port: int) -> Iterator[subprocess.Popen]:
    """Start Triton with a raised priority, and do not wait for it."""
    with starting_triton(folder, port) as process:
        set_priority(process, RAISED)
        yield process


def _clock_ahead(folder: Path, seconds: int) -> list[str]:
    """Return a prefix for a command on a machine whose clock is ahead."""
    library = folder / "clock_ahead.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, CLOCK_AHEAD, "-ldl"], check=True)
    return ["env", f"LD_PRELOAD={library}", f"CLOCK_AHEAD_S={seconds}"]


def _servers(folder: Path, home: str) -> tuple[dict[str, Server], dict[str, str]]:
    database, broker, store, engine = (free_port() for _ in range(4))
    for name in ("s3", "triton"):
        (folder / name).mkdir(parents=True)
    servers = {
        "postgres": Server(lambda: postgres(home, database)),
        "redis": Server(lambda: redis(broker, *NO_PERSISTENCE)),
        "s3": Server(lambda: s3(folder / "s3", store)),
        "triton": Server(lambda: _starting(folder / "triton", engine)),
    }
    return servers, {
        "DATABASE_URL": f"postgresql+psycopg://postgres@{LOOPBACK}:{database}/postgres",
        "IMAGES_URL": s3_url(f"{LOOPBACK}:{store}", "storm"),
        "BROKER_URL": f"redis://{LOOPBACK}:{broker}/0",
        "INFERENCE_URL": triton_at(engine),
    }
