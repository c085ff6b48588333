"""Worker processes that take one task at a time; one that crashes or takes too long costs that task only."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

Function = Callable[[Any], Any]
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
TO_END_S = 5.0  # that a process gets whose connection has broken
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    tag: Any = None  # of its task; None: it has none
    since: float = 0.0


class Failure(str):
    """Why a process gave no result for its task."""


class Processes:
    """``count`` processes that run ``function``, which must be picklable, on one thread each."""

    def __init__(self, function: Function, count: int, time_limit_s: float):
        self._function, self._count, self._time_limit_s = function, count, time_limit_s
        self._workers: list[_Worker] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            _end(worker)

    @property
    def running(self) -> int:
        """The number of tasks that have begun and not ended."""
        return sum(worker.tag is not None for worker in self._workers)

    @property
    def free(self) -> int:
        """The number of tasks that can begin."""
        return self._count - self.running

    def start(self, task: Any, tag: Any) -> None:
        """Give a task to a free process; ``tag`` is what ``ended`` names it by."""
        worker = next((worker for worker in self._workers if worker.tag is None), None) or self._new()
        worker.tag, worker.since = tag, time.monotonic()
        worker.connection.send(task)

    def ended(self, timeout_s: float | None) -> list[tuple[Any, Any]]:
        """Return (tag, result or Failure) of tasks that have ended; wait at most ``timeout_s`` for one."""
        busy = [worker for worker in self._workers if worker.tag is not None]
        if not busy:
            return []
        left = [worker.since + self._time_limit_s - time.monotonic() for worker in busy]
        until = min([*left, *([] if timeout_s is None else [timeout_s])])
        ready = wait([worker.connection for worker in busy], max(0.0, until))
        found = [(w.tag, self._received(w)) for w in busy if w.connection in ready]
        late = [w for w in busy if w.connection not in ready and self._is_late(w)]
        return found + [(w.tag, self._dropped(w, f"it took over {self._time_limit_s:g} s")) for w in late]

    def _is_late(self, worker: _Worker) -> bool:
        return time.monotonic() - worker.since > self._time_limit_s

    def _received(self, worker: _Worker) -> Any:
        try:
            result = worker.connection.recv()
            worker.tag = None
            return result
        except (EOFError, ConnectionError):
            worker.process.join(TO_END_S)
            return self._dropped(worker, _why(worker.process.exitcode))

    def _dropped(self, worker: _Worker, reason: str) -> Failure:
        _end(worker)
        self._workers.remove(worker)
        return Failure(reason)

    def _new(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._function), daemon=True)
        with _on_one_thread(), _stop_signals_blocked():
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]


def _serve(connection: Connection, function: Function) -> None:
    """Run tasks until the other side is closed.

    Ctrl-C and SIGTERM, which reach the whole process group, are for the parent: it ends its processes.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        while True:
            connection.send(function(connection.recv()))
    except (EOFError, ConnectionError):
        pass


def _end_with_parent() -> None:
    """End this process when its parent is gone, so that no result is written that nobody records."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _end(worker: _Worker) -> None:
    worker.connection.close()  # ends a process that waits for a task
    worker.process.join(0.05 if worker.tag is None else 0)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def _why(code: int | None) -> str:
    if code is not None and -code in {s.value for s in signal.Signals}:
        name = signal.Signals(-code).name
        memory = ", mostly for want of memory: crop or bin the images" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{memory}"
    return f"its process ended with exit code {code}"


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Block stop signals in processes that start here, until they ignore them; Windows has no such mask."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _on_one_thread() -> Iterator[None]:
    """Let processes that start here compute on one thread: several of them share the cores."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
