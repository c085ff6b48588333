"""OME-XML: metadata of each image of an OME-TIFF file."""

from __future__ import annotations

from xml.etree import ElementTree

from xebra.errors import ImageUnreadable
from xebra.pixel_spacing import Spacing, of_size, um_per
from xebra.readers.channel import Stage

MAX_PLANES = 1 << 20  # that a file may claim for one image; libraries allocate a list of them
MAX_BYTES = 1 << 26


def checked(xml: str, name: str) -> ElementTree.Element:
    """Return the root element. Raises ImageUnreadable where parsing the text would be too costly."""
    if len(xml) > MAX_BYTES or "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ImageUnreadable(
            f"{name}: its OME-XML is no plain metadata (entities, or too long). Save it anew."
        )
    root = ElementTree.fromstring(xml)
    for pixels in root.iterfind(".//{*}Pixels"):
        planes = 1
        for axis in "ZCT":
            planes *= max(1, int(pixels.get(f"Size{axis}", 1)))
        blocks = sum(int(data.get("PlaneCount", 1)) for data in pixels.iterfind("{*}TiffData"))
        if max(planes, blocks) > MAX_PLANES:
            raise ImageUnreadable(f"{name}: its OME-XML claims {max(planes, blocks)} planes. Save it anew.")
    return root


class OmeImage:
    """One ``Image`` element."""

    def __init__(self, image: ElementTree.Element, root: ElementTree.Element):
        self.image, self.root = image, root
        self.pixels = _pixels(image)

    @property
    def name(self) -> str | None:
        """Its name, where it has one."""
        return self.image.get("Name") or None

    def channel_name(self, number: int) -> str | None:
        """Name of a channel, else its fluorophore."""
        channel = self._channel(number)
        return None if channel is None else channel.get("Name") or channel.get("Fluor")

    def detector(self, number: int) -> str | None:
        """Model of the detector of a channel."""
        channel = self._channel(number)
        settings = None if channel is None else channel.find("{*}DetectorSettings")
        known = {d.get("ID"): d.get("Model") for d in self.root.iterfind(".//{*}Detector")}
        return None if settings is None else known.get(settings.get("ID"))

    @property
    def spacing(self) -> Spacing | None:
        """Pixel spacing; micrometres where no unit is given."""
        get = self.pixels.get
        units = (get(f"PhysicalSize{axis}Unit") or "um" for axis in "XY")
        unit_x, unit_y = units
        return of_size(get("PhysicalSizeX"), get("PhysicalSizeY"), unit_x, "OME metadata", unit_y)

    @property
    def stage(self) -> Stage | None:
        """Position of the first plane, or the stage label. Units other than lengths are no position."""
        plane = self.pixels.find("{*}Plane[@PositionX]")
        if plane is not None:
            return _position(plane, "Position")
        label = self.image.find("{*}StageLabel")
        return None if label is None else _position(label, "")

    def _channel(self, number: int) -> ElementTree.Element | None:
        channels = self.pixels.findall("{*}Channel")
        return channels[number] if number < len(channels) else None


def images(root: ElementTree.Element) -> list[OmeImage]:
    """Return the images in the order of the file."""
    found = (OmeImage(image, root) for image in root.iterfind("{*}Image"))
    return [image for image in found if image.pixels is not None]


def _pixels(image: ElementTree.Element) -> ElementTree.Element:
    """Return the ``Pixels`` element of an image; an empty one where it has none."""
    found = image.find("{*}Pixels")
    return ElementTree.Element("Pixels") if found is None else found


def _position(element: ElementTree.Element, prefix: str) -> Stage | None:
    """Return a position; the schema's default unit, the reference frame, is no length."""
    factors = (um_per(element.get(f"{prefix}{axis}Unit") or "") for axis in "XYZ")
    values = (element.get(f"{prefix}{axis}") for axis in "XYZ")
    lengths = [float(v) * f if v and f else None for v, f in zip(values, factors, strict=True)]
    return Stage(*lengths) if any(v is not None for v in lengths) else None
