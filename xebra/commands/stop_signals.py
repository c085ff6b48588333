"""What Ctrl-C and SIGTERM do to a command that runs for long."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REPEAT_S = 1.0  # ``timeout``, systemd and terminals signal a process and its group: one request arrives twice
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C or SIGTERM; a later one raises KeyboardInterrupt.

    A signal that follows the first within ``REPEAT_S`` belongs to the same request and is ignored, so that
    the clean end it began is not cut off. For the same reason both signals are ignored after the block has
    ended by a request.
    """
    first: list[float] = []

    def received(*_: object) -> None:
        if not first:
            first.append(time.monotonic())
            stop()
        elif time.monotonic() - first[0] > REPEAT_S:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, received) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if first else handler)
