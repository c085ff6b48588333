"""The state of a run on disk: one line of JSON per pair that has ended."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

Entry = dict[str, Any]
JOURNAL, LOCK = "pairs.jsonl", ".lock"


class Journal:
    """Entries of the pairs that have ended, in a folder of results; one process at a time writes it.

    A line that an interruption cut short is ignored, so that its pair is registered again.
    """

    def __init__(self, folder: Path):
        """Open the journal of ``folder``. Raises FileExistsError where another process has it open."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = _locked(folder)
        self.entries: dict[str, Entry] = {entry["key"]: entry for entry in _read(folder / JOURNAL)}
        self._file = (folder / JOURNAL).open("a", encoding="utf-8")
        if self._file.tell() and not (folder / JOURNAL).read_bytes().endswith(b"\n"):
            self._file.write("\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._lock.close()

    def done(self, key: str) -> Entry | None:
        """Return the entry of a pair that has a result whose files are there; None otherwise."""
        entry = self.entries.get(key)
        complete = entry and entry["files"] and all((self.folder / file).exists() for file in entry["files"])
        return entry if complete else None

    def add(self, entry: Entry) -> None:
        """Append an entry; it is on the disk when this returns."""
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries[entry["key"]] = entry


def _read(path: Path) -> list[Entry]:
    if not path.exists():
        return []
    return [entry for line in path.read_text(encoding="utf-8").splitlines() if (entry := _parsed(line))]


def _parsed(line: str) -> Entry | None:
    try:
        entry = json.loads(line)
        return entry if {"key", "files", "status"} <= entry.keys() else None
    except (ValueError, AttributeError):
        return None


def _locked(folder: Path) -> IO[bytes]:
    """Return the open lock file; the system frees it when the process ends, however that happens."""
    file = (folder / LOCK).open("ab")
    try:
        _lock(file)
    except OSError as error:
        file.close()
        message = f"{folder}: another xebra batch or watch writes there. Choose another folder."
        raise FileExistsError(message) from error
    return file


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
