"""What a worker process does with one pair: read, register, write files that carry the name of the input."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xebra.batch.journal import Entry
from xebra.batch.task import Side, Task
from xebra.errors import EngineFailed, RegistrationError

EXPECTED = (RegistrationError, EngineFailed, OSError, ValueError)
ERROR = "expected_corner_error_px", "expected_corner_error_um"
NUMBERS = "scale", "angle_deg", "shift_px", "shift_um", "mirror", *ERROR  # of a registration's JSON
PARTIAL = ".partial-"  # folders with files that are not complete yet


@dataclass(frozen=True)
class RegisterPair:
    """Registers tasks and writes their files into ``folder``; picklable."""

    folder: Path

    def __call__(self, task: Task) -> Entry:
        """Return the journal's entry of a pair; an error is its status ``error`` with the reason."""
        key, started = identity(task), time.perf_counter()
        try:
            found = self._registered(task)
        except EXPECTED as error:
            found = failed(str(error))
        except MemoryError:
            found = failed("not enough memory for these images. Crop or bin them.")
        except Exception as error:  # one pair must not end the run
            found = failed(f"{type(error).__name__}: {error}. Please report this with the two files.")
        return entry_of(task, key, found | {"seconds": round(time.perf_counter() - started, 3)})

    def _registered(self, task: Task) -> Entry:
        import xebra

        settings = task.settings
        registration = xebra.register(
            _image(task.fixed),
            _image(task.moving),
            network=settings.network,
            mirror=settings.mirror,
            model=settings.model,
            tolerance=settings.tolerance,
        )
        body = registration.to_json()
        return {
            "status": registration.verdict,
            "reason": registration.reason,
            "files": self._written(task, registration),
            **{name: body[name] for name in NUMBERS},
        }

    def _written(self, task: Task, registration: Any) -> list[str]:
        """Write all files beside the folder's own, move them in, the JSON last; return their names."""
        from xebra import output
        from xebra.transform_files import FORMATS

        formats = task.settings.transforms
        ends = {output.transform_name(name): FORMATS[name].suffix for name in formats}
        ends |= {name: f"-{name}" for name in (output.REGISTERED, output.PICTURE, output.JSON)}
        partial = self.folder / f"{PARTIAL}{os.getpid()}"
        try:
            output.write(registration, partial, formats)
            for written, end in ends.items():
                target = self.folder / (task.name + end)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(partial / written, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return [task.name + end for end in ends.values()]


def identity(task: Task) -> str:
    """Return the task's key; empty where one of its files cannot be examined."""
    try:
        return task.key()
    except OSError:
        return ""


def entry_of(task: Task, key: str, found: Entry) -> Entry:
    """Return an entry with what identifies the pair."""
    return {
        "name": task.name,
        "fixed": task.shown(task.fixed),
        "moving": task.shown(task.moving),
        "key": key,
        **found,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def failed(reason: str) -> Entry:
    """Return what an entry says of a pair without a result."""
    return {"status": "error", "reason": " ".join(reason.split()), "files": []}


def remove_partial(folder: Path) -> None:
    """Remove what a run that was killed left behind."""
    for left in folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(left, ignore_errors=True)


def _image(side: Side) -> Any:
    import xebra

    return xebra.read_image(side.path, channel=side.channel, frame=side.frame, pixel_spacing=side.spacing)
