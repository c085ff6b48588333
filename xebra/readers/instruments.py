"""Metadata of instruments in TIFF files: pixel spacing, stage position and detector.

Each function returns the ``InstrumentMetadata`` of a page, or None where it is not of its instrument.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from tifffile import TiffPage

from xebra.pixel_spacing import Spacing, of_resolution, of_size
from xebra.readers.channel import Stage

M = 1e6  # micrometres
ZEISS_STORED_WIDTH = 1024  # px of the display for which Zeiss states ap_pixel_size
SIS, TESCAN, FEI_TITAN, FEI = (33560, 33471), 50431, 34683, (34680, 34682)


@dataclass(frozen=True)
class InstrumentMetadata:
    """The metadata of an instrument about an image."""

    spacing: Spacing | None = None
    stage: Stage | None = None
    scan_rotation_deg: float | None = None
    detector: str | None = None


def metadata(page: TiffPage) -> InstrumentMetadata | None:
    """Return the first metadata with a pixel spacing, else the first of any instrument."""
    first = None
    for read in INSTRUMENTS:
        try:
            found = read(page)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ElementTree.ParseError):
            continue  # metadata of an instrument in an unknown form is ignored
        if found and found.spacing:
            return found
        first = first or found
    return first


def zeiss(page: TiffPage) -> InstrumentMetadata | None:
    """``ap_image_pixel_size`` is that of the stored image; the others hold for a display of 1024 px."""
    tags = page.tags.valueof(34118)
    if not isinstance(tags, Mapping):
        return None
    ratio = ZEISS_STORED_WIDTH / page.imagewidth
    value, unit = _zeiss(tags, "ap_image_pixel_size")
    spacing = of_size(value, value, unit, "Zeiss ap_image_pixel_size")
    if spacing is None:
        value, unit = _zeiss(tags, "ap_pixel_size")
        spacing = _times(of_size(value, value, unit, "Zeiss ap_pixel_size"), ratio)
    if spacing is None and len(tags.get("", ())) > 3:
        spacing = _times(of_size(tags[""][3], tags[""][3], "m", "Zeiss header"), ratio)
    position = [_number(_zeiss(tags, f"ap_stage_at_{axis}")[0]) for axis in "xyzrt"]
    x, y, z = (None if p is None else p * 1e3 for p in position[:3])  # mm
    detector = tags.get("dp_detector_channel") or tags.get("dp_detector_type") or (None, None)
    turned = _number(_zeiss(tags, "ap_scanrotation")[0])
    return InstrumentMetadata(spacing, Stage(x, y, z, *position[3:]), turned, detector[1])


def fei(page: TiffPage) -> InstrumentMetadata | None:
    """FEI and Thermo Fisher microscopes with scanned beams."""
    tags = next((v for v in map(page.tags.valueof, FEI) if isinstance(v, Mapping)), None)
    if tags is None:
        return None
    scan: Mapping[str, Any] = next((tags[k] for k in ("Scan", "EScan", "IScan") if tags.get(k)), {})
    width = tags.get("Image", {}).get("ResolutionX") or page.imagewidth
    ratio = (
        width / page.imagewidth
    )  # the image may have been stored at another resolution than it was scanned
    spacing = of_size(scan.get("PixelWidth"), scan.get("PixelHeight"), "m", "FEI Scan PixelWidth")
    stage = tags.get("Stage", {})
    at = [_number(stage.get(f"Stage{axis}")) for axis in ("X", "Y", "Z", "R", "T")]
    turned = _number(tags.get("Beam", {}).get("ScanRotation"))
    detectors = tags.get("Detectors", {})
    return InstrumentMetadata(
        _times(spacing, ratio), _stage_m_rad(at), _degrees(turned), _text(detectors.get("Name"))
    )


def titan(page: TiffPage) -> InstrumentMetadata | None:
    """XML of Thermo Fisher's TEM and Phenom programs."""
    text = page.tags.valueof(FEI_TITAN)
    if not isinstance(text, str | bytes):
        return None
    root = ElementTree.fromstring(text.strip("\0 \r\n") if isinstance(text, str) else text.strip(b"\0 \r\n"))
    size = root.find(".//{*}PixelSize")
    if size is not None:
        x, y = size.find("{*}X"), size.find("{*}Y")
        spacing = of_size(_of(x), _of(y), "m" if x is None else x.get("unit", "m"), "Thermo PixelSize")
    else:
        x, y = root.find(".//{*}pixelWidth"), root.find(".//{*}pixelHeight")
        unit = None if x is None else x.get("unit", "m")
        spacing = None if x is None else of_size(_of(x), _of(y), unit, "Phenom pixelWidth")
    return InstrumentMetadata(spacing, detector=_of(root.find(".//{*}DetectorName"))) if spacing else None


def tvips(page: TiffPage) -> InstrumentMetadata | None:
    """Cameras of TVIPS; the pixel size is in nm."""
    tags = page.tags.valueof(37706)
    if not isinstance(tags, Mapping):
        return None
    spacing = of_size(tags.get("PixelSizeX"), tags.get("PixelSizeY"), "nm", "TVIPS PixelSizeX")
    x, y, z, tilt = (tags.get("TemStagePosition") or [None] * 4)[:4]
    return InstrumentMetadata(
        spacing, _stage_m_rad([x, y, z, None, tilt]), None, _text(tags.get("CameraType"))
    )


def olympus(page: TiffPage) -> InstrumentMetadata | None:
    """Soft Imaging Solutions; the pixel size is in m."""
    tags = next((v for v in map(page.tags.valueof, SIS) if isinstance(v, Mapping)), None)
    if tags is None:
        return None
    spacing = of_size(tags.get("pixelsizex"), tags.get("pixelsizey"), "m", "Olympus SIS pixelsizex")
    return InstrumentMetadata(spacing, detector=_text(tags.get("cameraname")))


def tescan(page: TiffPage) -> InstrumentMetadata | None:
    """Return the metadata of TESCAN's header, lines NAME=VALUE inside a binary tag."""
    text = page.tags.valueof(TESCAN)
    if not isinstance(text, str | bytes):
        return None
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    return tescan_header(dict(re.findall(r"^\s*(\w+)\s*=\s*([^\r\n]*?)\s*$", text, re.MULTILINE)))


def tescan_header(lines: Mapping[str, str]) -> InstrumentMetadata:
    """Return the metadata in a TESCAN header; lengths are in m, angles in degrees."""
    spacing = of_size(lines.get("PixelSizeX"), lines.get("PixelSizeY"), "m", "TESCAN PixelSizeX")
    at = [_number(lines.get(f"Stage{axis}")) for axis in ("X", "Y", "Z", "Rotation", "Tilt")]
    x, y, z = (None if p is None else p * M for p in at[:3])
    detector = lines.get("Detector") or lines.get("Detector0")
    return InstrumentMetadata(spacing, Stage(x, y, z, *at[3:]), _number(lines.get("ScanRotation")), detector)


def digital_micrograph(page: TiffPage) -> InstrumentMetadata | None:
    """TIFF exports of Gatan's DigitalMicrograph: scale and unit of both axes."""
    unit = page.tags.valueof(65003)
    spacing = of_size(
        page.tags.valueof(65009),
        page.tags.valueof(65010),
        unit,
        "DigitalMicrograph scale",
        page.tags.valueof(65004, unit),
    )
    return InstrumentMetadata(spacing) if spacing else None


def jeol_tem(page: TiffPage) -> InstrumentMetadata | None:
    """JEOL SightX: the resolution tag is that of the detector, to be divided by the magnification."""
    if page.tags.valueof("Make") != "JEOL Ltd.":
        return None
    root = ElementTree.fromstring(re.sub(r"[\x00\x01]", "", page.description).strip())
    magnification = _number(_of(root.find(".//{*}SelectorValue")))
    if _of(root.find(".//{*}ModeString")) != "MAG" or not magnification:
        return InstrumentMetadata()
    x, y = resolution(page)
    um = {2: 25_400.0, 3: 1e4}.get(page.tags.valueof("ResolutionUnit", 2))
    if not um or not x or not y:
        return InstrumentMetadata()
    sizes = um / x / magnification, um / y / magnification
    return InstrumentMetadata(of_size(*sizes, "um", "JEOL resolution / magnification"))


def openfibsem(page: TiffPage) -> InstrumentMetadata | None:
    """JSON of OpenFIBSEM; lengths are in m, angles in rad."""
    tags = _json(page.description)
    size = tags.get("pixel_size")
    if not isinstance(size, Mapping):
        return None
    state = tags.get("microscope_state", {})
    stage = state.get("stage_position", {})
    beam = "ion" if tags.get("image", {}).get("beam_type") == "ION" else "electron"
    turned = _number((state.get(f"{beam}_beam") or {}).get("scan_rotation"))
    detector = (state.get(f"{beam}_detector") or {}).get("type")
    spacing = of_size(size.get("x"), size.get("y"), "m", "OpenFIBSEM pixel_size")
    return InstrumentMetadata(
        spacing, _stage_m_rad([_number(stage.get(a)) for a in "xyzrt"]), _degrees(turned), detector
    )


def zeiss_lsm(page: TiffPage) -> InstrumentMetadata | None:
    """Zeiss LSM; voxel sizes are in m."""
    tags = page.tags.valueof(34412)
    if not isinstance(tags, Mapping):
        return None
    return InstrumentMetadata(
        of_size(tags.get("VoxelSizeX"), tags.get("VoxelSizeY"), "m", "Zeiss LSM VoxelSizeX")
    )


def micro_manager(page: TiffPage) -> InstrumentMetadata | None:
    """Micro-Manager's metadata of a page."""
    tags = page.tags.valueof(51123)
    if not isinstance(tags, Mapping):
        return None
    size = tags.get("PixelSizeUm")
    at = [_number(tags.get(f"{axis}PositionUm")) for axis in "XYZ"]
    return InstrumentMetadata(
        of_size(size, size, "um", "Micro-Manager PixelSizeUm"), Stage(*at), None, tags.get("Channel")
    )


def aperio(page: TiffPage) -> InstrumentMetadata | None:
    """Aperio slide scanners: micrometres per pixel in the description."""
    found = page.description.startswith("Aperio") and re.search(r"\bMPP = ([0-9.]+)", page.description)
    return InstrumentMetadata(of_size(found[1], found[1], "um", "Aperio MPP")) if found else None


INSTRUMENTS: tuple[Callable[[TiffPage], InstrumentMetadata | None], ...] = (
    zeiss,
    fei,
    titan,
    tvips,
    olympus,
    tescan,
    digital_micrograph,
    jeol_tem,
    openfibsem,
    zeiss_lsm,
    micro_manager,
    aperio,
)


def resolution(page: TiffPage) -> tuple[float, float]:
    """Return pixels per unit along x and y; 0 where the tag is missing or nonsense."""
    ratios = (page.tags.valueof(f"{axis}Resolution", (0, 1)) for axis in "XY")
    x, y = (r[0] / r[1] if isinstance(r, tuple) and len(r) == 2 and r[1] else 0.0 for r in ratios)
    return x, y


def by_resolution(page: TiffPage) -> Spacing | None:
    """Return the spacing of the resolution tags, where it is no printer's."""
    return of_resolution(*resolution(page), page.tags.valueof("ResolutionUnit", 2))


def _times(spacing: Spacing | None, ratio: float) -> Spacing | None:
    return spacing and spacing._replace(x=spacing.x * ratio, y=spacing.y * ratio)


def _zeiss(tags: Mapping[str, Any], name: str) -> tuple[Any, str]:
    """Value and unit of an entry (label, value, unit)."""
    entry: Sequence[Any] = tags.get(name) or ()
    return (entry[1], entry[2]) if len(entry) > 2 else (None, "")


def _stage_m_rad(at: list[float | None]) -> Stage:
    """From x, y, z in m and rotation, tilt in rad."""
    x, y, z = (None if p is None else p * M for p in at[:3])
    return Stage(x, y, z, *map(_degrees, at[3:5]))


def _degrees(angle: float | None) -> float | None:
    return None if angle is None else math.degrees(angle)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str | None:
    return str(value).strip("\0 ") or None if value is not None else None


def _of(element: ElementTree.Element | None) -> str | None:
    return None if element is None else (element.text or "").strip() or None


def _json(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {}
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
