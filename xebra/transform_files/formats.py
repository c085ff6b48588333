"""Which formats there are, in which unit each is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from xebra.transform_files import bent, itk, tables, viewers
from xebra.transform_files.pair import Pair

Format = Literal[
    "json",
    "itk",
    "itk-field",
    "itk-field-px",
    "ngff",
    "ngff-field",
    "ngff-field-px",
    "bigwarp",
    "napari",
    "elastix",
    "elastix-field",
    "elastix-field-px",
    "csv",
    "itk-px",
    "ngff-px",
    "bigwarp-px",
    "napari-px",
    "elastix-px",
    "csv-um",
    "slicer",
    "slicer-px",
    "napari-layers",
    "napari-layers-px",
    "mobie",
    "mobie-px",
    "hyperspy",
    "hyperspy-px",
    "qupath",
    "matrices",
]


@dataclass(frozen=True)
class Kind:
    """A format: its writer, the end of its files' names, and its media type."""

    write: Callable[[Pair], str | bytes]
    suffix: str
    media_type: str

    def content(self, pair: Pair) -> bytes:
        """Return the content of a file."""
        written = self.write(pair)
        return written.encode() if isinstance(written, str) else written


TEXT, JSON, CSV, ZIP = "text/plain", "application/json", "text/csv", "application/zip"
# Names without a unit are physical where both pixel spacings are known, so that they fit the calibrated files
# themselves; those with "-px" are in pixels, for programs that know no spacing.
FORMATS: dict[Format, Kind] = {
    "json": Kind(tables.canonical, ".json", JSON),
    "itk": Kind(partial(itk.tfm, unit="mm"), ".tfm", TEXT),
    "itk-field": Kind(partial(itk.displacements, unit="mm"), ".field.tfm", TEXT),
    "itk-field-px": Kind(partial(itk.displacements, unit="px"), ".px.field.tfm", TEXT),
    "ngff": Kind(partial(tables.ngff, unit="um"), ".ngff.json", JSON),
    "ngff-field": Kind(partial(bent.ngff, unit="um"), ".field.ome.zarr.zip", ZIP),
    "ngff-field-px": Kind(partial(bent.ngff, unit="px"), ".px.field.ome.zarr.zip", ZIP),
    "bigwarp": Kind(partial(tables.bigwarp, unit="um"), ".landmarks.csv", CSV),
    "napari": Kind(partial(tables.napari, unit="um"), ".napari.txt", TEXT),
    "elastix": Kind(partial(itk.elastix, unit="mm"), ".elastix.txt", TEXT),
    "elastix-field": Kind(partial(bent.elastix, unit="mm"), ".field.elastix.txt", TEXT),
    "elastix-field-px": Kind(partial(bent.elastix, unit="px"), ".px.field.elastix.txt", TEXT),
    "csv": Kind(partial(tables.table, unit="px"), ".csv", CSV),
    "itk-px": Kind(partial(itk.tfm, unit="px"), ".px.tfm", TEXT),
    "ngff-px": Kind(partial(tables.ngff, unit="px"), ".px.ngff.json", JSON),
    "bigwarp-px": Kind(partial(tables.bigwarp, unit="px"), ".px.landmarks.csv", CSV),
    "napari-px": Kind(partial(tables.napari, unit="px"), ".px.napari.txt", TEXT),
    "elastix-px": Kind(partial(itk.elastix, unit="px"), ".px.elastix.txt", TEXT),
    "csv-um": Kind(partial(tables.table, unit="um"), ".um.csv", CSV),
    "slicer": Kind(partial(itk.slicer, unit="mm"), ".slicer.tfm", TEXT),
    "slicer-px": Kind(partial(itk.slicer, unit="px"), ".px.slicer.tfm", TEXT),
    "napari-layers": Kind(partial(viewers.napari_layers, unit="um"), ".napari.json", JSON),
    "napari-layers-px": Kind(partial(viewers.napari_layers, unit="px"), ".px.napari.json", JSON),
    "mobie": Kind(partial(viewers.mobie, unit="um"), ".mobie.json", JSON),
    "mobie-px": Kind(partial(viewers.mobie, unit="px"), ".px.mobie.json", JSON),
    "hyperspy": Kind(partial(viewers.hyperspy, unit="um"), ".hyperspy.json", JSON),
    "hyperspy-px": Kind(partial(viewers.hyperspy, unit="px"), ".px.hyperspy.json", JSON),
    "qupath": Kind(viewers.qupath, ".qupath.groovy", TEXT),
    "matrices": Kind(tables.matrices, ".matrices.json", JSON),
}
