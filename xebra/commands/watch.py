"""``xebra watch FOLDER``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from xebra.commands.batch import (
    FixedChannel,
    FixedFrame,
    FixedPattern,
    FixedSpacing,
    Mirror,
    MovingChannel,
    MovingFrame,
    MovingPattern,
    MovingSpacing,
    Network,
    Recursive,
    TimeLimit,
    Workers,
    line,
    rules_of,
    settings_of,
)
from xebra.commands.register import Model, Tolerance
from xebra.commands.stop_signals import on_stop_signal
from xebra.commands.transforms import Transforms

if TYPE_CHECKING:
    from xebra.batch.journal import Entry

EXIT_CODES = "exit code: 0 stopped by Ctrl-C or SIGTERM, 2 error"
OUTPUT = "folder for the files (default: ./xebra-<name of FOLDER>)"
SETTLE = "seconds without a change after which a file counts as complete"
POLL = "search the folder so often, and use no notifications: for network shares"


def watch(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="folder that an instrument writes to")],
    output: Annotated[Path | None, Option("-o", "--output", metavar="DIR", help=OUTPUT)] = None,
    fixed: FixedPattern = None,
    moving: MovingPattern = None,
    recursive: Recursive = False,
    settle: Annotated[float, Option(metavar="SECONDS", min=0, help=SETTLE)] = 3,
    poll: Annotated[float | None, Option(metavar="SECONDS", min=0.1, help=POLL)] = None,
    workers: Workers = 1,
    transform: Transforms = None,
    network: Network = None,
    model: Model = "similarity",
    tolerance: Tolerance = None,
    mirror: Mirror = "no",
    fixed_spacing: FixedSpacing = None,
    moving_spacing: MovingSpacing = None,
    fixed_channel: FixedChannel = None,
    moving_channel: MovingChannel = None,
    fixed_frame: FixedFrame = None,
    moving_frame: MovingFrame = None,
    time_limit: TimeLimit = 600,
) -> int:
    """Align pairs as they appear in a folder, until stopped. The same command continues."""
    from xebra.batch.journal import Journal
    from xebra.batch.register_pair import remove_partial
    from xebra.batch.task import Side
    from xebra.batch.watch import Watch

    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: there is no such folder.")
    results = output or Path(f"xebra-{folder.resolve().name}")
    rules = rules_of(
        (fixed, moving),
        recursive,
        results,
        Side(Path(), fixed_channel, fixed_frame, fixed_spacing),
        Side(Path(), moving_channel, moving_frame, moving_spacing),
        settings_of(network, mirror, transform, model, tolerance),
    )
    with Journal(results) as journal:
        remove_partial(results)
        watching = Watch(folder, rules, journal, _report, workers, time_limit, settle, poll)
        with on_stop_signal(watching.stop):
            watching.run()
    _report("stopped")
    return 0


def _report(what: str | Entry) -> None:
    text = what if isinstance(what, str) else line(what)
    print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}", flush=True)
