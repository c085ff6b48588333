"""A worker process that ends or hangs costs its own task only."""

import os
import time

from support.batch_functions import behave, process_id

from xebra.batch.processes import Failure, Processes


def outcomes(tasks, count=2, limit=30.0, function=behave):
    found, waiting = {}, list(tasks)
    with Processes(function, count, limit) as processes:
        while waiting or processes.running:
            while waiting and processes.free:
                processes.start(waiting[0], waiting.pop(0))
            found |= dict(processes.ended(timeout_s=5))
    return found


def test_a_crash_costs_one_task_and_says_how_it_ended():
    found = outcomes(["a", "crash", "b", "exit", "c"])
    assert [found[name] for name in "abc"] == ["A 1", "B 1", "C 1"]
    assert isinstance(found["crash"], Failure) and "SIGKILL" in found["crash"] and "memory" in found["crash"]
    assert found["exit"] == "its process ended with exit code 3"


def test_a_task_that_takes_too_long_is_given_up():
    started = time.monotonic()
    found = outcomes(["sleep", "a"], count=1, limit=2.0)
    assert found == {"sleep": "it took over 2 s", "a": "A 1"}
    assert time.monotonic() - started < 20


def test_processes_are_reused_and_end_with_their_parent():
    found = outcomes(range(8), function=process_id)
    assert len(set(found.values())) <= 2
    assert os.getpid() not in found.values()
    assert not any(os.path.exists(f"/proc/{number}") for number in found.values())


def test_the_environment_of_the_parent_stays_as_it_was(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    outcomes(["a"])
    assert "OMP_NUM_THREADS" not in os.environ
