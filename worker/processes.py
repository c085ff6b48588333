"""Process names, and child processes that end with their parent."""

import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(expected_parent: int | None = None, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent ends, however it ends (Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)
    if expected_parent is not None and os.getppid() != expected_parent:
        os.kill(os.getpid(), signal.SIGKILL)  # the parent ended before the call


def process_name() -> str:
    """Return host and process id, the name of this process in heartbeats and in the audit log."""
    return f"{socket.gethostname()}:{os.getpid()}"
