"""Which formats there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xebra.transform_files import itk, tables
from xebra.transform_files.pair import Pair

Format = Literal["json", "itk", "ngff", "bigwarp", "napari", "elastix", "csv"]


@dataclass(frozen=True)
class Kind:
    """A format: who writes it, and what its files are called."""

    write: Callable[[Pair], str]
    suffix: str
    media_type: str


FORMATS: dict[Format, Kind] = {
    "json": Kind(tables.canonical, ".json", "application/json"),
    "itk": Kind(itk.tfm, ".tfm", "text/plain"),
    "ngff": Kind(tables.ngff, ".ngff.json", "application/json"),
    "bigwarp": Kind(tables.bigwarp, ".landmarks.csv", "text/csv"),
    "napari": Kind(tables.napari, ".napari.txt", "text/plain"),
    "elastix": Kind(itk.elastix, ".elastix.txt", "text/plain"),
    "csv": Kind(tables.table, ".csv", "text/csv"),
}
