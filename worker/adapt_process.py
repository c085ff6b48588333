"""The process of an adaptation: ``python -m worker.adapt_process REQUEST PROGRESS``.

REQUEST is JSON with the arguments of ``xebra.adaptation.adapt``; PROGRESS is a file that is replaced as the
adaptation goes on. The last line of its output states why it has failed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from worker.adaptation import EXIT_NO_TORCH, EXIT_REFUSED
from worker.processes import die_with_parent
from xebra.errors import RegistrationError

EXIT_STOPPED = 128 + signal.SIGTERM
NICE = 10  # registrations go first
INSTALL = (
    "torch is not installed on this worker; pip install 'xebra[train]', or use the image xebra-adaptation"
)


def main(argv: list[str]) -> int:
    """Adapt a network; return 0 if a version was written, acceptable or not."""
    os.nice(NICE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_STOPPED))  # ends the processes that train, too
    die_with_parent(by=signal.SIGTERM)
    request: dict[str, Any] = json.loads(argv[0])
    paths = {
        name: None if request[name] is None else Path(request[name]) for name in ("labels", "out", "base")
    }
    try:
        adapt = import_module("xebra.adaptation").adapt  # by name: no module of the service needs torch
        adapt(**request | paths, progress=Progress(Path(argv[1])))
    except ModuleNotFoundError as error:
        print(INSTALL if error.name in ("torch", "onnx") else f"{error}", flush=True)
        return EXIT_NO_TORCH
    except RegistrationError as error:
        print(" ".join(str(error).split()), flush=True)
        return EXIT_REFUSED
    return 0


class Progress:
    """A file with the present step, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, progress: float, message: str) -> None:
        """Write how much is done (0 to 1) and the present step."""
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"progress": progress, "message": message}))
        part.replace(self.path)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
