"""Figures of bench/service.py in a file, so that its steps can be measured one after the other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ABOUT = ("version", "jobs", "queued", "many")  # equal for all steps of a table


def start(file: Path | None, **options: int) -> dict:
    """Return the figures that the file has already, or the beginning of new ones.

    Raises SystemExit where they are of another version or were measured with other options.
    """
    about = {"version": _version(), **options}
    if file is None or not file.exists():
        return {"about": about, "load_averages": []}
    found = json.loads(file.read_text())
    if found["about"] != about:
        raise SystemExit(f"{file} has figures of {found['about']}, not of {about}; give another file")
    return found


def add(found: dict, stack: str, step: str, figures: dict, load: float) -> None:
    """Add the figures of a step, and the load average before it; those of an earlier run are replaced."""
    found.setdefault(stack, {})[step] = {str(key): value for key, value in figures.items()}
    found["load_averages"].append(load)


def missing(found: dict, stacks: tuple[str, ...], steps: tuple[str, ...]) -> list[str]:
    """Return the steps without figures, as "STACK STEP"."""
    return [f"{stack} {step}" for stack in stacks for step in steps if step not in found.get(stack, {})]


def load_average() -> float:
    """Return the mean number of waiting processes of the last minute."""
    return round(os.getloadavg()[0], 1)


def _version() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
    return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()
