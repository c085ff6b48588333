"""The pairs of a table: CSV with columns ``fixed`` and ``moving``, separated by comma, semicolon or tab."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

from xebra.batch.pairs import stem
from xebra.batch.task import Settings, Side, Task
from xebra.errors import PairingInvalid

OPTIONS = [f"{side}_{what}" for side in ("fixed", "moving") for what in ("spacing_um", "channel", "frame")]
SEPARATORS = ",;\t"


def read(table: Path, settings: Settings) -> list[Task]:
    """Return the pairs of a table, in its order; paths are relative to its folder.

    Raises PairingInvalid for missing columns or cells, or names that are used twice; FileNotFoundError.
    """
    rows = _rows(table)
    tasks = _named([_task(row, number, table, settings) for number, row in rows])
    names = Counter(task.name.casefold() for task in tasks)
    for (number, _), task in zip(rows, tasks, strict=True):
        if names[task.name.casefold()] > 1:
            raise PairingInvalid(f"{table}, line {number}: {task.name!r} is twice. Add a column name.")
    return tasks


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows that are not empty, with their line numbers."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = table.read_text(encoding="cp1252", errors="replace")  # a spreadsheet's own
    first = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max(SEPARATORS, key=first.count))
    names = [str(name).strip().lower() for name in reader.fieldnames or ()]
    if not {"fixed", "moving"} <= set(names):
        raise PairingInvalid(
            f"{table}: it needs the columns fixed and moving (others: name, {', '.join(OPTIONS)}). "
            f"It has: {', '.join(names) or 'none'}."
        )
    reader.fieldnames = names
    rows = [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader]
    return [(number, row) for number, row in rows if any(row.values())]


def _task(row: dict[str, str], number: int, table: Path, settings: Settings) -> Task:
    fixed, moving = (_side(row, side, number, table) for side in ("fixed", "moving"))
    name = row.get("name") or stem(moving.path.name)
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise PairingInvalid(f"{table}, line {number}: {name!r} leads out of the results' folder.")
    return Task(name, fixed, moving, root=table.parent, settings=settings)


def _side(row: dict[str, str], side: str, number: int, table: Path) -> Side:
    if not row[side]:
        raise PairingInvalid(f"{table}, line {number}: the {side} image is missing.")
    frame = _number(row.get(f"{side}_frame"), table, number)
    return Side(
        table.parent / row[side],
        row.get(f"{side}_channel") or None,
        None if frame is None else int(frame),
        _number(row.get(f"{side}_spacing_um"), table, number),
    )


def _number(text: str | None, table: Path, number: int) -> float | None:
    if not text:
        return None
    try:
        return float(text.replace(",", "."))  # a decimal comma stands in tables with semicolons
    except ValueError as error:
        raise PairingInvalid(f"{table}, line {number}: {text!r} is no number.") from error


def _named(tasks: list[Task]) -> list[Task]:
    """Return the tasks with the fixed image in the names of those that would have equal ones."""
    times = Counter(task.name.casefold() for task in tasks)
    return [
        replace(task, name=f"{task.name}-on-{stem(task.fixed.path.name)}")
        if times[task.name.casefold()] > 1
        else task
        for task in tasks
    ]
