"""``xebra batch FOLDER | TABLE.csv``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from xebra.commands.register import ACCEPTED, NETWORK, REFUSED, Model, Tolerance
from xebra.commands.stop_signals import on_stop_signal
from xebra.commands.transforms import Transforms, checked
from xebra.mirror import MIRROR, MirrorOption

if TYPE_CHECKING:
    from xebra.batch.journal import Entry
    from xebra.batch.pairs import Rules, Unpaired
    from xebra.batch.task import Settings, Side, Task
    from xebra.models import TransformModel

FAULT, INTERRUPTED = 2, 130
EXIT_CODES = (
    "exit code: 0 all pairs accept or review, 1 some refuse, 2 some have an error or wrong usage, "
    "130 interrupted (the same command continues)"
)
SOURCE = "folder of images, or CSV with columns fixed and moving"
OUTPUT = "folder for the files (default: ./xebra-<name of SOURCE>)"
PATTERN = (
    "file names of the {} images: {{name}} is what both files of a pair share, * is any text "
    "(default: the word {} in otherwise equal names)"
)
ONE = ", or one file for all"
WORKERS = "processes, one thread each; each takes the memory of one pair"
LIMIT = "seconds after which a pair is given up"

FixedPattern = Annotated[
    str | None, Option("--fixed", metavar="PATTERN", help=PATTERN.format("fixed", "fixed") + ONE)
]
MovingPattern = Annotated[
    str | None, Option("--moving", metavar="PATTERN", help=PATTERN.format("moving", "moving"))
]
Recursive = Annotated[bool, Option("--recursive", "-r", help="pair files in folders below, each by itself")]
Workers = Annotated[int, Option("--workers", "-j", metavar="NUMBER", min=1, help=WORKERS)]
TimeLimit = Annotated[float, Option(metavar="SECONDS", min=1, help=LIMIT)]
Network = Annotated[str | None, Option(metavar="NAME", help=NETWORK)]
Mirror = Annotated[MirrorOption, Option(help="is one image of each pair mirrored? try: test both")]
SPACING = "pixel spacing of the {} images in um per px (default: from the files)"
FixedSpacing = Annotated[float | None, Option(metavar="UM", help=SPACING.format("fixed"))]
MovingSpacing = Annotated[float | None, Option(metavar="UM", help=SPACING.format("moving"))]
FixedChannel = Annotated[str | None, Option(metavar="NAME", help="channel of the fixed files")]
MovingChannel = Annotated[str | None, Option(metavar="NAME", help="channel of the moving files")]
FixedFrame = Annotated[int | None, Option(metavar="NUMBER", help="frame of the fixed files")]
MovingFrame = Annotated[int | None, Option(metavar="NUMBER", help="frame of the moving files")]


def batch(
    source: Annotated[Path, Argument(metavar="SOURCE", help=SOURCE)],
    output: Annotated[Path | None, Option("-o", "--output", metavar="DIR", help=OUTPUT)] = None,
    fixed: FixedPattern = None,
    moving: MovingPattern = None,
    recursive: Recursive = False,
    workers: Workers = 1,
    again: Annotated[bool, Option("--again", help="register pairs that have a result, too")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="list the pairs and register none")] = False,
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
    """Align all pairs of a folder or a table; write files and a summary. The same command continues a run."""
    from xebra.batch import summary
    from xebra.batch.journal import Journal
    from xebra.batch.register_pair import remove_partial
    from xebra.batch.run import run
    from xebra.batch.task import Side

    folder = output or Path(f"xebra-{source.resolve().stem}")
    tasks, unpaired = _tasks(
        source,
        rules_of(
            (fixed, moving),
            recursive,
            folder,
            Side(Path(), fixed_channel, fixed_frame, fixed_spacing),
            Side(Path(), moving_channel, moving_frame, moving_spacing),
            settings_of(network, mirror, transform, model, tolerance),
        ),
    )
    _report(unpaired)
    if dry_run:
        print("\n".join(f"{t.name}: {t.shown(t.moving)} on {t.shown(t.fixed)}" for t in tasks))
        return ACCEPTED
    with Journal(folder) as journal, _reported_interruption():
        remove_partial(folder)
        entries = run(
            tasks, journal, workers=workers, time_limit_s=time_limit, again=again, progress=_progress()
        )
        summary.write(folder, entries, unpaired)
    print(summary.counts(entries, unpaired))
    print(f"written to {folder}/: {summary.HTML}, {summary.CSV} and the files of each pair")
    return exit_code(entries)


def settings_of(
    network: str | None,
    mirror: MirrorOption,
    transforms: list[str] | None,
    model: TransformModel,
    tolerance: float | None,
) -> Settings:
    """Return the settings of all pairs. Raises FormatUnknown or NetworkUnknown."""
    from xebra.batch.task import Settings
    from xebra.weights import weights

    weights(network)
    return Settings(network, MIRROR[mirror], checked(transforms), model, tolerance)


def rules_of(
    patterns: tuple[str | None, str | None],
    recursive: bool,
    results: Path,
    fixed: Side,
    moving: Side,
    settings: Settings,
) -> Rules:
    """Return the rules by which a folder is searched."""
    from xebra.batch.pairs import Rules
    from xebra.batch.pairs import patterns as patterns_of

    return Rules(*patterns_of(*patterns), recursive, results, fixed, moving, settings)


def exit_code(entries: list[Entry]) -> int:
    """Return the exit code of a run."""
    states = {entry["status"] for entry in entries}
    return FAULT if "error" in states else REFUSED if "refuse" in states else ACCEPTED


def line(entry: Entry) -> str:
    """Return one pair's outcome in a line."""
    if not entry["files"]:
        return f"{entry['name']}: {entry['status']}: {entry['reason']}"
    error, seconds = entry["expected_corner_error_px"], entry["seconds"]
    return f"{entry['name']}: {entry['status']}, expected error {error:.2f} px, {seconds:.1f} s"


@contextmanager
def _reported_interruption() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: processes are ended, what has been registered is kept."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    try:
        with on_stop_signal(interrupt):
            yield
    except KeyboardInterrupt:
        print("xebra: stopped. The same command continues.", file=sys.stderr)
        raise


def _tasks(source: Path, rules: Rules) -> tuple[list[Task], list[Unpaired]]:
    from xebra.batch import table
    from xebra.batch.pairs import WORDS, pairs
    from xebra.errors import PairingInvalid

    if not source.is_dir():
        return table.read(source, rules.settings), []
    tasks, unpaired = pairs(source, rules)
    if not tasks:
        _report(unpaired)
        raise PairingInvalid(f"{source}: no pair was found by the patterns, which are by default {WORDS}.")
    return tasks, unpaired


def _report(unpaired: list[Unpaired]) -> None:
    for path, reason in unpaired:
        print(f"xebra: {path} is not paired: {reason}.", file=sys.stderr)


def _progress() -> Callable[[Entry, int, int], None]:
    """Return a function that prints each outcome on stderr, with the time that is left."""
    started = time.monotonic()

    def show(entry: Entry, ended: int, of: int) -> None:
        left = (time.monotonic() - started) / ended * (of - ended)
        rest = f"; about {_duration(left)} left" if of > ended else ""
        print(f"[{ended}/{of}] {line(entry)}{rest}", file=sys.stderr, flush=True)

    return show


def _duration(seconds: float) -> str:
    """Return a time as text.

    >>> _duration(42), _duration(400), _duration(9000)
    ('42 s', '7 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
