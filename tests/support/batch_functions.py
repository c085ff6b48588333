"""Functions that worker processes run in tests of ``xebra.batch.processes``."""

from __future__ import annotations

import os
import signal
import time


def behave(task: str) -> str:
    """Do what the task says: crash, exit, sleep, or return it in capitals with the number of threads."""
    if task == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "exit":
        os._exit(3)
    if task == "sleep":
        time.sleep(60)
    return f"{task.upper()} {os.environ['OMP_NUM_THREADS']}"


def process_id(task: str) -> int:
    return os.getpid()
