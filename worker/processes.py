"""Child processes that never outlive what started them."""

import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(expected_parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent dies, however it dies (Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if expected_parent is not None and os.getppid() != expected_parent:
        os.kill(os.getpid(), signal.SIGKILL)  # the parent died before the kernel was asked


def name_of_this_process() -> str:
    """Host and process id, as heartbeats and the audit name who did it."""
    return f"{socket.gethostname()}:{os.getpid()}"
