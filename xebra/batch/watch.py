"""Register pairs as they appear in a folder, until stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from xebra.batch import summary
from xebra.batch.journal import Entry, Journal
from xebra.batch.notifications import notifications
from xebra.batch.pairs import Rules, pairs
from xebra.batch.processes import Processes
from xebra.batch.register_pair import RegisterPair
from xebra.batch.run import recorded
from xebra.batch.settled import Settled
from xebra.batch.task import Task

STEP_S = 0.25  # how soon a request to stop is seen
POLL_S, NOTIFIED_POLL_S = 2.0, 30.0  # seconds between searches without and with notifications
GRACE_S = 10.0  # that running pairs get to finish


@dataclass
class Watch:
    """A folder that is watched; ``report`` gets a line, or the entry of a pair that has ended."""

    folder: Path
    rules: Rules
    journal: Journal
    report: Callable[[str | Entry], None]
    workers: int = 1
    time_limit_s: float = 600.0
    settle_s: float = 3.0
    poll_s: float | None = None  # None: by notifications
    stopping: bool = False  # ``run`` ends
    _tried: set[str] = field(default_factory=set)  # keys of pairs that have begun or have a result
    _unreachable: str = ""
    _unwritten: bool = False  # the summary is older than the journal

    def stop(self) -> None:
        """Let ``run`` end."""
        self.stopping = True

    def run(self) -> None:
        """Register pairs until ``stopping``, then let running ones end, within limits."""
        changed, settled = threading.Event(), Settled(self.settle_s)
        with (
            Processes(RegisterPair(self.journal.folder), self.workers, self.time_limit_s) as processes,
            self._notifications(changed) as notified,
        ):
            interval = self.poll_s or (NOTIFIED_POLL_S if notified else POLL_S)
            soon = max(2 * STEP_S, self.settle_s / 2)
            self.report(f"watching {self.folder}, searched {_often(interval, notified)}")
            while not self.stopping:
                changed.clear()
                still_changing = self._start(processes, settled)
                self._wait(processes, changed, min(interval, soon) if still_changing else interval)
            self._finish(processes)

    def _notifications(self, changed: threading.Event) -> AbstractContextManager[bool]:
        if self.poll_s is not None:
            return nullcontext(False)
        return notifications(self.folder, self.rules.recursive, changed)

    def _start(self, processes: Processes, settled: Settled) -> bool:
        """Start pairs that are complete; return whether others will be soon."""
        later = False
        for task in self._tasks():
            try:
                key = task.key()
                if key in self._tried:
                    continue
                if self.journal.done(key):
                    self._tried.add(key)
                elif all([settled(task.fixed.path), settled(task.moving.path)]) and processes.free:
                    self._tried.add(key)
                    processes.start(task, task)
                else:
                    later = True
            except OSError:  # a file disappeared in between
                later = True
        return later

    def _tasks(self) -> list[Task]:
        """Return the pairs in the folder; none while it cannot be reached, which is reported once."""
        try:
            found, _ = pairs(self.folder, self.rules)
        except OSError as error:
            problem = f"{self.folder} cannot be searched ({error.strerror}); trying again"
            if problem != self._unreachable:
                self.report(problem)
            self._unreachable = problem
            return []
        self._unreachable = ""
        return found

    def _wait(self, processes: Processes, changed: threading.Event, seconds: float) -> None:
        """Wait for a change, a pair that ends, the time, or ``stopping``.

        A step is always waited: a file that is being written changes many times a second.
        """
        end = time.monotonic() + seconds
        while True:
            if not processes.running:
                time.sleep(STEP_S)
            elif self._take(processes):
                return
            if self.stopping or changed.is_set() or time.monotonic() >= end:
                return

    def _take(self, processes: Processes) -> bool:
        """Record pairs that have ended; return whether there was one."""
        ended = processes.ended(STEP_S)
        for task, result in ended:
            self.report(recorded(self.journal, task, result))
            self._unwritten = True
        if self._unwritten:
            self._summarise()
        return bool(ended)

    def _summarise(self) -> None:
        try:
            summary.write(self.journal.folder, latest(self.journal))
            self._unwritten = False
        except PermissionError:  # a spreadsheet has it open; written after the next pair, or at the end
            pass

    def _finish(self, processes: Processes) -> None:
        end = time.monotonic() + GRACE_S
        while processes.running and time.monotonic() < end:
            self._take(processes)
        if self._unwritten:
            self._summarise()


def latest(journal: Journal) -> list[Entry]:
    """Return the last entry of each pair of files, in the order in which they ended."""
    last = {(entry["fixed"], entry["moving"]): entry for entry in journal.entries.values()}
    return list(last.values())


def _often(interval: float, notified: bool) -> str:
    return f"at each change and every {interval:g} s" if notified else f"every {interval:g} s"
