"""One transform in the format of every program, in pixels and in physical units.

The origin is the centre of the top-left pixel in every file, as in ITK and OME-NGFF.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xebra.transform_files.formats import FORMATS, Format, Kind
from xebra.transform_files.pair import Pair

__all__ = ["FORMATS", "Format", "Kind", "Pair", "export"]


def export(registration: dict[str, Any], file: Path, name: str) -> None:
    """Write the transform of a registration's canonical JSON; ``name`` is one of ``FORMATS``.

    Raises ValueError where there is no such format.
    """
    if name not in FORMATS:
        raise ValueError(f"There is no transform format {name!r}. Formats: {', '.join(FORMATS)}.")
    file.write_bytes(FORMATS[name].content(Pair.of(registration)))
