"""Specimens that the default network was trained on: a benchmark of real images leaves them out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from xebra.specimen.split import specimen_of
from xebra.weights import weights


def trained_specimens(config: Mapping[str, Any]) -> set[str]:
    """Return the specimens that a network was trained on, by its ``config.json``."""
    return {
        name
        for record in config.get("training", {}).values()
        for name in (record.get("specimens") or {}).get("trained", [])
    }


def is_held_out(name: str) -> bool:
    """Return whether the default network was trained on no image of a specimen, given the name of one."""
    return specimen_of(name) not in _trained()


def held_out(names: Iterable[str]) -> list[str]:
    """Return the names of images whose specimens the default network was not trained on; state the others."""
    every = list(names)
    kept = [name for name in every if is_held_out(name)]
    left = sorted({specimen_of(name) for name in every} - {specimen_of(name) for name in kept})
    if left:
        print(f"left out, trained on: {', '.join(left)}", file=sys.stderr)
    return kept


@cache
def _trained() -> set[str]:
    return trained_specimens(weights().config)
