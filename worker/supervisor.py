"""The supervisor of the service's processes: it starts, restarts and stops them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker.processes import die_with_parent

POLL_S = 0.05
MAX_RESTART_DELAY_S = 30.0
STABLE_AFTER_S = 10.0
MAX_LOG_BYTES = 10 << 20


@dataclass
class ManagedProcess:
    """One process of the service."""

    name: str
    command: list[str]
    stop_timeout_s: float = 10.0  # between SIGTERM and SIGKILL
    stop_last: bool = False  # after all other processes, which need it
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0  # in quick succession
    restart_at: float = 0.0


class Supervisor:
    """Processes that are started in order and share one environment."""

    def __init__(self, parts: list[ManagedProcess], environment: dict[str, str], log_dir: Path) -> None:
        self.parts, self.environment, self.log_dir = parts, environment, log_dir
        log_dir.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start every process, without waiting for any."""
        for part in self.parts:
            self._start(part)

    def watch(self, until: Callable[[], bool]) -> None:
        """Restart ended processes; call it in the thread that started them, because they end with it."""
        while not until():
            for part in self.parts:
                self._check(part)
                rotate_log(self.log_of(part))
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Terminate the processes; after a timeout kill them and their children."""
        for last in (False, True):
            running = [(part, part.process) for part in self.parts if part.process and part.stop_last == last]
            for _, process in running:
                process.terminate()
            for part, process in running:
                _wait_or_kill(process, part.stop_timeout_s)

    def log_of(self, part: ManagedProcess) -> Path:
        """Return the log file of a process."""
        return self.log_dir / f"{part.name}.log"

    def _start(self, part: ManagedProcess) -> None:
        parent = os.getpid()
        with self.log_of(part).open("ab") as log:
            part.process = subprocess.Popen(
                part.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only the supervisor, which stops them in order
                preexec_fn=lambda: die_with_parent(parent),
            )
        part.started = time.monotonic()

    def _check(self, part: ManagedProcess) -> None:
        now = time.monotonic()
        if part.process is None:
            if now >= part.restart_at:
                self._start(part)
        elif part.process.poll() is not None:
            part.crashes = 0 if now - part.started > STABLE_AFTER_S else part.crashes + 1
            part.restart_at = now + _restart_delay_s(part.crashes)
            status = f"{part.name} ended with {part.process.returncode}"
            print(f"xebra: {status}; restarting it (see {self.log_of(part)})", file=sys.stderr, flush=True)
            _kill_group(part.process)
            part.process = None


def rotate_log(log: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
    """Copy a large log and truncate it; the writer appends, so that it need not be informed."""
    if log.exists() and log.stat().st_size > max_bytes:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)


def _restart_delay_s(crashes: int) -> float:
    return float(min(MAX_RESTART_DELAY_S, 2.0 ** (crashes - 1))) if crashes else 0.0


def _wait_or_kill(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        print(f"xebra: killing process {process.pid}, which did not stop", file=sys.stderr, flush=True)
    _kill_group(process)
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what remains of a process and of its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
