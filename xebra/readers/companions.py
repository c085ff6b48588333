"""Text files that SEMs of JEOL, Hitachi and TESCAN write beside an image: pixel spacing and stage."""

from __future__ import annotations

import re
from pathlib import Path

from xebra.pixel_spacing import of_size
from xebra.readers.channel import Stage
from xebra.readers.instruments import InstrumentMetadata, tescan_header

LARGEST = 1 << 20  # bytes of such a file
SUFFIXES = (".txt", ".TXT", ".hdr", ".HDR")


def beside(path: Path | None, width: int) -> InstrumentMetadata | None:
    """Return the metadata in the text file beside the image at ``path`` for an image of ``width`` px."""
    if path is None:
        return None
    names = [path.with_suffix(suffix) for suffix in SUFFIXES]
    names += [path.with_name(f"{path.stem}-{path.suffix[1:]}.hdr")]  # TESCAN: name-tif.hdr
    for file in names:
        if file != path and file.is_file() and file.stat().st_size <= LARGEST:
            found = of_text(file.read_bytes(), width)
            if found:
                return found
    return None


def of_text(data: bytes, width: int) -> InstrumentMetadata | None:
    """Return the metadata in a text file; None where it is of no known instrument."""
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    if "$CM_" in text:
        return _jeol(dict(re.findall(r"^\$+(\w+)[ \t]+([^\r\n]*)", text, re.MULTILINE)), width)
    lines = dict(re.findall(r"^\s*(\w+)\s*=\s*([^\r\n]*?)\s*$", text, re.MULTILINE))
    if "[SemImageFile]" in text:
        return _hitachi(lines, width)
    return tescan_header(lines) if "PixelSizeX" in lines else None


def _jeol(lines: dict[str, str], width: int) -> InstrumentMetadata:
    """Return the metadata; ``SM_MICRON_MARKER`` over ``SM_MICRON_BAR`` px is the full pixel size."""
    marker = re.match(r"([0-9.]+)\s*(\S+)", lines.get("SM_MICRON_MARKER", ""))
    bar, full = _first(lines.get("SM_MICRON_BAR")), _first(lines.get("CM_FULL_SIZE")) or width
    spacing = None
    if marker and bar:
        size = float(marker[1]) / bar * full / width
        spacing = of_size(size, size, marker[2], "JEOL SM_MICRON_MARKER")
    at = [float(n) for n in re.findall(r"[-+]?[0-9.]+", lines.get("CM_STAGE_POS", ""))][:5]  # mm, degrees
    x, y, z, tilt, turned = [*(p * 1e3 for p in at[:3]), *at[3:]] if len(at) == 5 else [None] * 5
    return InstrumentMetadata(spacing, Stage(x, y, z, turned, tilt), None, lines.get("CM_SIGNAL") or None)


def _hitachi(lines: dict[str, str], width: int) -> InstrumentMetadata:
    """``PixelSize`` is in nm and holds for the width in ``DataSize``; the stage is in nm too."""
    size, full = _first(lines.get("PixelSize")), _first(lines.get("DataSize")) or width
    size = size and size * full / width
    at = [_first(lines.get(f"StagePosition{axis}")) for axis in "XYZRT"]
    x, y, z = (None if p is None else p * 1e-3 for p in at[:3])
    detector = lines.get("SignalName") or None
    return InstrumentMetadata(
        of_size(size, size, "nm", "Hitachi PixelSize"), Stage(x, y, z, *at[3:]), None, detector
    )


def _first(text: str | None) -> float | None:
    found = re.search(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text or "")
    return float(found[0]) if found else None
