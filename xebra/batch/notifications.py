"""Notifications of the system about changes in a folder, where there are any."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver


@contextmanager
def notifications(folder: Path, recursive: bool, changed: threading.Event) -> Iterator[bool]:
    """Set ``changed`` at each change in a folder; yield False where the system does not tell.

    That is so without watchdog, and where the system's number of watched folders is used up. Of network
    shares, changes by other computers are mostly not reported: a folder must be searched now and then anyway.
    """
    observer = _observer(folder, recursive, changed)
    try:
        yield observer is not None
    finally:
        if observer is not None:
            observer.stop()
            observer.join()


def _observer(folder: Path, recursive: bool, changed: threading.Event) -> BaseObserver | None:
    try:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer
    except ModuleNotFoundError:
        return None

    class Changed(FileSystemEventHandler):
        def on_any_event(self, event: object) -> None:
            changed.set()

    observer = Observer()
    observer.schedule(Changed(), str(folder), recursive=recursive)
    try:
        observer.start()
    except OSError:
        return None
    return observer
