"""A flag that the processes of a worker share: it is set when the worker begins to stop.

The processes of the pool take job after job for one message; Celery, which waits for them, cannot reach them.
"""

import mmap

_flag = mmap.mmap(-1, 1)  # anonymous and shared: the processes of the pool are forked


def request() -> None:
    """Have every process of this worker take no further job."""
    _flag[0] = 1


def requested() -> bool:
    """Return whether this worker stops."""
    return bool(_flag[0])
