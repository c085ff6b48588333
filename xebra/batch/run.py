"""Register a list of pairs: those without a result, in worker processes, each recorded when it has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from xebra.batch.journal import Entry, Journal
from xebra.batch.processes import Failure, Processes
from xebra.batch.register_pair import RegisterPair, entry_of, failed, identity
from xebra.batch.task import Task

Progress = Callable[[Entry, int, int], None]  # entry, number of pairs that have ended, of all


def run(
    tasks: Sequence[Task],
    journal: Journal,
    *,
    workers: int = 1,
    time_limit_s: float = 600.0,
    again: bool = False,
    progress: Progress = lambda entry, ended, of: None,
) -> list[Entry]:
    """Register the pairs that the journal has no result of, and return the entries of all, in order.

    ``again``: register those that have one too. Pairs that ended with an error are always tried again.
    """
    done = {} if again else {n: e for n, task in enumerate(tasks) if (e := journal.done(identity(task)))}
    waiting = deque(number for number in range(len(tasks)) if number not in done)
    total = len(waiting)
    with Processes(RegisterPair(journal.folder), min(workers, max(total, 1)), time_limit_s) as processes:
        while waiting or processes.running:
            while waiting and processes.free:
                number = waiting.popleft()
                processes.start(tasks[number], number)
            for number, result in processes.ended(timeout_s=None):
                done[number] = recorded(journal, tasks[number], result)
                progress(done[number], total - len(waiting) - processes.running, total)
    return [done[number] for number in range(len(tasks))]


def recorded(journal: Journal, task: Task, result: Entry | Failure) -> Entry:
    """Return the entry of a result, or of a process that gave none, after adding it to the journal."""
    entry = entry_of(task, identity(task), failed(result)) if isinstance(result, Failure) else result
    journal.add(entry)
    return entry
