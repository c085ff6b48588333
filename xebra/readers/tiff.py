"""TIFF and its kin (OME-TIFF, ImageJ, pyramids, BigTIFF, instruments' own), read by tifffile.

Order of the sources of a pixel spacing: OME metadata, ImageJ metadata, the instrument's own tags
(``xebra.readers.instruments``), the text file beside the image, TIFF's resolution tags where they are finer
than any printer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile, TiffPage, TiffPageSeries

from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable
from xebra.pixel_spacing import Spacing, per_unit, plausible
from xebra.readers import companions, instruments, ome
from xebra.readers.channel import Channel, Entry, Kind, Opened
from xebra.readers.elements import is_element
from xebra.readers.instruments import InstrumentMetadata
from xebra.readers.palette import looked_up
from xebra.readers.source import Source
from xebra.readers.tiff_directories import check_directories
from xebra.readers.tiff_limits import check_jpeg_segments, check_page

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, classic and BigTIFF
MAX_CHANNELS = 4096
ALPHA = (1, 2)  # associated and unassociated


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open a TIFF file; its directories are checked before tifffile follows them."""
    file = source.opened
    check_directories(file, source.name)
    file.seek(0)
    with TiffFile(file, name=source.name, _multifile=False) as tif:  # never follow OME's other files
        root = ome.checked(tif.ome_metadata, source.name) if tif.is_ome and tif.ome_metadata else None
        described = [] if root is None else ome.images(root)
        series = list(tif.series)
        tagged = any(_tagged(s.keyframe) for s in series)
        entries = []
        for number, each in enumerate(series):
            about = described[number] if number < len(described) and each.kind == "ome" else None
            preview = each.keyframe.is_reduced or (tagged and not _tagged(each.keyframe) and len(series) > 1)
            entries += _Series(source, tif, each, about, number, len(series), preview).entries()
        yield Opened(_format(tif), entries)


def _format(tif: TiffFile) -> str:
    kind = "OME-TIFF" if tif.is_ome else "ImageJ TIFF" if tif.is_imagej else "TIFF"
    return f"{kind} (BigTIFF)" if tif.is_bigtiff else kind


def _tagged(page: TiffPage) -> bool:
    """Return whether an instrument's own tags state a pixel spacing."""
    found = instruments.metadata(page)
    return bool(found and found.spacing)


class _Series:
    """Pages of one size, and the channels and frames that they hold."""

    def __init__(
        self,
        source: Source,
        tif: TiffFile,
        series: TiffPageSeries,
        about: ome.OmeImage | None,
        number: int,
        count: int,
        preview: bool,
    ):
        self.source, self.tif, self.series, self.about = source, tif, series, about
        self.number, self.alone, self.preview = number, count == 1, preview
        self.page = series.keyframe
        self.axes = "".join(series.axes)
        self.leading_axes = [(a, n) for a, n in zip(self.axes, series.shape, strict=True) if a not in "YXS"]
        self.samples = dict(zip(self.axes, series.shape, strict=True)).get("S", 1)
        self.split = self.samples if self._samples_are_channels() else 1
        self.metadata = (
            instruments.metadata(self.page)
            or companions.beside(source.path, self.page.imagewidth)
            or InstrumentMetadata()
        )

    def entries(self) -> list[Entry]:
        """Return the channels; none where the pages have no rows and columns."""
        if "Y" not in self.axes or "X" not in self.axes or not self.series.size:
            return []
        colours = dict(self.leading_axes).get("C", 1)
        channels = colours * self.split
        if channels > MAX_CHANNELS:
            raise ImageUnreadable(f"{self.source.name}: {channels} channels are too many. Save it in parts.")
        return [Entry(self._channel(n, channels), partial(self._load, n)) for n in range(channels)]

    def _samples_are_channels(self) -> bool:
        """Values per pixel that are neither colour nor an alpha beside gray."""
        extra = [int(e) for e in self.page.extrasamples]
        colour = self.page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR) and self.samples in (3, 4)
        gray_and_alpha = self.samples == 2 and extra[-1:] and extra[-1] in ALPHA
        other = self.page.photometric not in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB)
        return self.samples > 1 and not (colour or gray_and_alpha or other)

    def _channel(self, number: int, count: int) -> Channel:
        frames = int(np.prod([n for axis, n in self.leading_axes if axis != "C"], dtype=np.int64))
        about, name = self.about, self._name(number, count)
        kind: Kind = "preview" if self.preview else "map" if is_element(name.rpartition(": ")[2]) else "image"
        return Channel(
            name=name,
            shape=self._shape(self.series),
            dtype=str(np.dtype("uint8") if self.series.dtype == bool else self.series.dtype),
            frames=frames,
            levels=tuple(self._shape(level) for level in self.series.levels[1:]),
            spacing=self._spacing(),
            stage=(about and about.stage) or self.metadata.stage,
            scan_rotation_deg=self.metadata.scan_rotation_deg,
            detector=(about and about.detector(number)) or self.metadata.detector,
            kind=kind,
        )

    def _shape(self, series: TiffPageSeries) -> tuple[int, ...]:
        size = dict(zip(series.axes, series.shape, strict=True))
        colour = (self.samples,) if self.samples in (3, 4) and self.split == 1 else ()
        return (size["Y"], size["X"], *colour)

    def _name(self, number: int, count: int) -> str:
        about = self.about
        own = (about and about.name) or f"image {self.number}"
        if count == 1:
            return own
        name = (about and about.channel_name(number)) or self._label(number, count) or f"channel {number}"
        return name if self.alone else f"{own}: {name}"

    def _label(self, number: int, count: int) -> str | None:
        """ImageJ's label of a slice, where each channel has one."""
        labels = (self.tif.imagej_metadata or {}).get("Labels") if self.tif.is_imagej else None
        return labels[number] if isinstance(labels, list) and len(labels) == count else None

    def _spacing(self) -> Spacing | None:
        own = self.about and self.about.spacing
        if own is None and self.tif.is_imagej:
            own = _imagej(self.tif, self.page)
        return own or self.metadata.spacing or instruments.by_resolution(self.page)

    def _load(self, number: int, frame: int, level: int) -> Pixels:
        """Decode one plane."""
        series = self.series.levels[level]
        check_page(series.keyframe, self.source.size, self.source.name)
        pixels = self._plane(series, self._index(number // self.split, frame))
        if self.samples > 1 and series.axes.index("S") < series.axes.index("X"):
            pixels = np.moveaxis(pixels, 0, -1)
        if self.split > 1:
            pixels = pixels[..., number % self.split]
        return self._values(pixels, series.keyframe)

    def _index(self, colour: int, frame: int) -> int:
        """Return the position of a plane among the pages."""
        others = [n for axis, n in self.leading_axes if axis != "C"]
        at = iter(np.unravel_index(frame, others) if others else ())
        places = [colour if axis == "C" else int(next(at)) for axis, _ in self.leading_axes]
        return int(np.ravel_multi_index(places, [n for _, n in self.leading_axes])) if places else 0

    def _plane(self, series: TiffPageSeries, index: int) -> Pixels:
        """One page, or one part of the data that lie behind a single directory (ImageJ)."""
        keyframe = series.keyframe
        if index and len(self.tif.pages) == 1 and series.dataoffset is not None:
            return _contiguous(self.tif, series, series.dataoffset, index, self.source.name)
        page = series[index]
        if page is None:
            raise ImageUnreadable(f"{self.source.name}: this plane is stored in another file of the set.")
        page = page.aspage()
        if page is not keyframe:
            check_page(page, self.source.size, self.source.name)
        check_jpeg_segments(page, self.source.name)
        return page.asarray(maxworkers=1).reshape(_page_shape(series))

    def _values(self, pixels: Pixels, page: TiffPage) -> Pixels:
        # ImageJ's table is for display of measured values; those of other programs hold the colours.
        palette = None if self.tif.is_imagej or page.photometric != PHOTOMETRIC.PALETTE else page.colormap
        if palette is not None:
            return looked_up(pixels, palette.T)
        if pixels.dtype == bool:
            pixels = pixels.astype(np.uint8)
        return pixels[..., 0] if pixels.shape[2:] == (2,) else pixels


def _page_shape(series: TiffPageSeries) -> tuple[int, ...]:
    return tuple(n for axis, n in zip(series.axes, series.shape, strict=True) if axis in "YXS")


def _contiguous(tif: TiffFile, series: TiffPageSeries, start: int, index: int, name: str) -> Pixels:
    """Return page ``index`` of data that begin at byte ``start`` of the file."""
    shape = _page_shape(series)
    count = int(np.prod(shape))
    offset = start + index * count * series.dtype.itemsize
    if offset + count * series.dtype.itemsize > tif.filehandle.size:
        raise ImageUnreadable(f"{name}: the file is truncated or damaged. Export or copy it again.")
    dtype = series.dtype.newbyteorder(tif.byteorder)
    return tif.filehandle.read_array(dtype, count, offset).reshape(shape)


def _imagej(tif: TiffFile, page: TiffPage) -> Spacing | None:
    tags = tif.imagej_metadata or {}
    unit = tags.get("unit", "")
    found = per_unit(*instruments.resolution(page), unit, "ImageJ metadata")
    y_unit = tags.get("yunit")
    if found and y_unit and y_unit != unit:
        y = per_unit(*instruments.resolution(page), y_unit, "ImageJ metadata")
        found = found._replace(y=y.y if y else found.x)
    # ImageJ keeps a printer's inches and centimetres where it found them.
    return plausible(found) if str(unit).strip().lower() in ("inch", "inches", "cm") else found
