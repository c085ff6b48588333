"""The pairs of a folder, by the names of its files."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from xebra.batch.patterns import Pattern, pattern, word
from xebra.batch.task import Settings, Side, Task
from xebra.errors import PairingInvalid

# Hidden, temporary, or a result of an earlier run.
IGNORED = re.compile(
    r"[.~].*|.*\.(tmp|part|partial|crdownload|lock)|.*-(registered\.tif|picture\.png)", re.IGNORECASE
)
WORDS = "the words fixed and moving in otherwise equal names, such as a_fixed.tif and a_moving.tif"


class Unpaired(NamedTuple):
    """A file that matches a pattern and is in no pair."""

    path: str  # relative to the folder
    reason: str


@dataclass(frozen=True)
class Rules:
    """How a folder is searched; ``fixed_options`` and ``moving_options`` are those of all files of a side."""

    fixed: Pattern = field(default_factory=lambda: word("fixed"))
    moving: Pattern = field(default_factory=lambda: word("moving"))
    recursive: bool = False
    excluded: Path | None = None  # a folder of results
    fixed_options: Side = field(default_factory=lambda: Side(Path()))
    moving_options: Side = field(default_factory=lambda: Side(Path()))
    settings: Settings = field(default_factory=Settings)


def patterns(fixed: str | None, moving: str | None) -> tuple[Pattern, Pattern]:
    """Return the rules of two patterns of a user, or of the words where none are given.

    Raises PairingInvalid where only one is given, or the moving images have no common part.
    """
    if fixed is None and moving is None:
        return word("fixed"), word("moving")
    if fixed is None or moving is None:
        raise PairingInvalid("Give both patterns, --fixed and --moving, or none.")
    found = pattern(fixed), pattern(moving)
    if not found[1].regex.groups:
        raise PairingInvalid(f"{moving}: write {{name}} or * where the names of the moving images differ.")
    return found


def pairs(folder: Path, rules: Rules) -> tuple[list[Task], list[Unpaired]]:
    """Return the pairs of a folder in natural order of their names, and the files that are in none.

    Files are paired by their own names only, so that a file without a partner changes no other pair. One
    fixed image may have several moving ones.
    """
    tasks: list[Task] = []
    unpaired: list[Unpaired] = []
    for directory in _directories(folder, rules):
        _pairs_of(directory, folder, rules, tasks, unpaired)
    return _named(sorted(tasks, key=lambda task: natural(task.name))), unpaired


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers within a text by value: a2 before a10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text.casefold())
    ]


def _pairs_of(
    directory: Path, folder: Path, rules: Rules, tasks: list[Task], unpaired: list[Unpaired]
) -> None:
    fixed, moving = _matching(directory, rules)
    everywhere = not rules.fixed.regex.groups
    for key, files in moving.items():
        partners = fixed.get("" if everywhere else key, [])
        for file in files:
            if len(partners) == 1:
                tasks.append(_task(folder, partners[0], file, rules))
            else:
                unpaired.append(Unpaired(_relative(file, folder), _why(partners, "fixed")))
    for key, files in fixed.items():
        if not (moving if everywhere else moving.get(key)):
            unpaired += [Unpaired(_relative(file, folder), _why([], "moving")) for file in files]


def _why(partners: list[Path], side: str) -> str:
    if not partners:
        return f"no {side} image has its name"
    return f"several {side} images have its name: {', '.join(p.name for p in partners)}"


def _matching(directory: Path, rules: Rules) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """Return the fixed and the moving files of a folder by their key; a file that is both is fixed."""
    found: tuple[dict[str, list[Path]], ...] = defaultdict(list), defaultdict(list)
    for entry in sorted(os.scandir(directory), key=lambda entry: natural(entry.name)):
        if IGNORED.fullmatch(entry.name) or (entry.is_dir() and not entry.name.lower().endswith(".zarr")):
            continue
        for rule, files in zip((rules.fixed, rules.moving), found, strict=True):
            if (key := rule.key(entry.name)) is not None:
                files[key].append(Path(entry.path))
                break
    return found[0], found[1]


def _directories(folder: Path, rules: Rules) -> Iterator[Path]:
    """Yield the folder and, where wanted, those below it, without hidden ones, images and results."""
    yield folder
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name) if rules.recursive else ():
        below = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False) or entry.name.startswith(".") or below.suffix == ".zarr":
            continue
        if rules.excluded is None or below.resolve() != rules.excluded.resolve():
            yield from _directories(below, rules)


def _task(folder: Path, fixed: Path, moving: Path, rules: Rules) -> Task:
    name = stem(_relative(moving, folder))
    sides = replace(rules.fixed_options, path=fixed), replace(rules.moving_options, path=moving)
    return Task(name, *sides, root=folder, settings=rules.settings)


def stem(name: str) -> str:
    """Return a file's path without its suffix; ``.ome`` belongs to the suffix."""
    return str(Path(name).with_suffix("").as_posix()).removesuffix(".ome")


def _named(tasks: list[Task]) -> list[Task]:
    """Return the tasks with the suffix in the names of those that would have equal ones."""
    times: dict[str, int] = defaultdict(int)
    for task in tasks:
        times[task.name.casefold()] += 1
    return [
        task
        if times[task.name.casefold()] == 1
        else replace(task, name=_relative(task.moving.path, task.root))
        for task in tasks
    ]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
