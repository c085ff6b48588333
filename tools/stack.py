"""The deployed stack without a container engine, on free ports of this machine, until Ctrl-C.

PostgreSQL, an S3 server, Redis and Triton, two API processes, a relay and workers. Servers and keys are those
of the tests: the stack is for development only.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from support.deployed import Deployed, deployed


def main() -> int:
    """Start the stack and wait for a signal; return the exit code."""
    parser = argparse.ArgumentParser("./dev stack", description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for logs and objects, kept afterwards")
    chosen = parser.parse_args()
    if chosen.workers < 1:
        parser.error("--workers: at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as opened:
        folder = chosen.keep or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="xebra-stack-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            stack = opened.enter_context(deployed(folder.absolute(), chosen.workers))
            stopped = _stop_signals()
            _print_addresses(stack)
            stack.supervisor.watch(until=stopped.is_set)
        except KeyboardInterrupt:  # before everything was up
            return 130
    return 0


def _stop_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _print_addresses(stack: Deployed) -> None:
    print(f"Xebra serves at {' and '.join(stack.urls)}; logs in {stack.log_dir}; Ctrl-C stops.")
    for name, value in stack.settings.items():
        print(f"  XEBRA_{name}={value}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
