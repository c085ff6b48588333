"""Starts the processes of the service, starts them again when they die, and leaves none behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from worker.processes import end_with_parent

WATCH_S = 0.05
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 10.0
LARGEST_LOG = 10 << 20


@dataclass
class Part:
    """One process of the service."""

    name: str
    command: list[str]
    patience_s: float = 10.0  # between asking it to stop and killing it
    others_need_it: bool = False  # stopped after all the rest
    process: subprocess.Popen | None = None
    started: float = 0.0
    falls: int = 0  # deaths in quick succession
    start_again_at: float = field(default=0.0)


class Supervisor:
    """Parts are started in order and share one environment."""

    def __init__(self, parts: list[Part], environment: dict[str, str], log_dir: Path) -> None:
        self.parts, self.environment, self.log_dir = parts, environment, log_dir
        log_dir.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start every part; none is waited for."""
        for part in self.parts:
            self._start(part)

    def watch(self, until: Callable[[], bool]) -> None:
        """Keep the parts running; must be called by the thread that started them, which they die with."""
        while not until():
            for part in self.parts:
                self._look_after(part)
            self._keep_logs_small()
            time.sleep(WATCH_S)

    def _keep_logs_small(self) -> None:
        for part in self.parts:
            keep_small(self.log_of(part))

    def stop(self) -> None:
        """Ask the parts to stop; kill what does not, and whatever it had started."""
        for needed in (False, True):
            wave = [part for part in self.parts if part.process and part.others_need_it == needed]
            for part in wave:
                part.process.terminate()
            for part in wave:
                _wait_or_kill(part.process, part.patience_s)

    def log_of(self, part: Part) -> Path:
        return self.log_dir / f"{part.name}.log"

    def _start(self, part: Part) -> None:
        parent = os.getpid()
        with self.log_of(part).open("ab") as log:
            part.process = subprocess.Popen(
                part.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor alone, which stops them in order
                preexec_fn=lambda: end_with_parent(parent),
            )
        part.started = time.monotonic()

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is None:
            if now >= part.start_again_at:
                self._start(part)
        elif part.process.poll() is not None:
            part.falls = 0 if now - part.started > STEADY_AFTER_S else part.falls + 1
            pause = min(LONGEST_PAUSE_S, 2.0 ** (part.falls - 1)) if part.falls else 0.0
            part.start_again_at = now + pause
            how = f"{part.name} ended with {part.process.returncode}"
            print(f"xebra: {how}; starting it again (see {self.log_of(part)})", file=sys.stderr, flush=True)
            _kill_group(part.process)
            part.process = None


def keep_small(log: Path, largest: int = LARGEST_LOG) -> None:
    """Set a large log aside and go on with an empty one; who writes to it appends, and need not know."""
    if log.exists() and log.stat().st_size > largest:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)


def _wait_or_kill(process: subprocess.Popen, patience_s: float) -> None:
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        print(f"xebra: killing process {process.pid}, which did not stop", file=sys.stderr, flush=True)
    _kill_group(process)
    process.wait()


def _kill_group(process: subprocess.Popen) -> None:
    """Kill what is left of a process and of what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
