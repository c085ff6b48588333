"""Small files in the formats of instruments, written by the tests."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import ClassVar

import numpy as np
import tifffile

RANDOM = np.random.default_rng(7)


def image(dtype="uint8", shape=(70, 90)) -> np.ndarray:
    """Random values."""
    return (RANDOM.random(shape) * 200 + 1).astype(dtype)


def tiff(path: Path, pixels: np.ndarray, *tags: tuple, **options) -> Path:
    """A TIFF file with private ``tags`` (code, type, count, value)."""
    extra = [(*tag, False) for tag in tags]
    tifffile.imwrite(path, pixels, metadata=None, extratags=extra, **options)
    return path


def zeiss(path: Path, pixels: np.ndarray, *lines: tuple[str, str], header_m: float = 1e-7) -> Path:
    """CZ_SEM: a header whose fourth number is the pixel size in m, then pairs of lines."""
    head = ["0", "0", "0", repr(header_m), "0"]
    text = "\r\n".join([*head, *(line for pair in lines for line in pair)]) + "\r\n"
    return tiff(path, pixels, (34118, "s", 0, text.encode("cp1252")))


def fei(path: Path, pixels: np.ndarray, **changed: str) -> Path:
    """FEI_HELIOS: an INI text, lengths in m and angles in rad."""
    tags = {"PixelWidth": "5e-08", "PixelHeight": "5e-08", "ResolutionX": str(pixels.shape[1])} | changed
    text = (
        "[User]\r\nUser=x\r\n[Beam]\r\nScanRotation=0.5\r\n"
        f"[Scan]\r\nPixelWidth={tags['PixelWidth']}\r\nPixelHeight={tags['PixelHeight']}\r\n"
        f"[Image]\r\nResolutionX={tags['ResolutionX']}\r\n"
        "[Stage]\r\nStageX=0.001\r\nStageY=-0.002\r\nStageZ=0.003\r\nStageR=1.5\r\nStageT=0.25\r\n"
        "[Detectors]\r\nNumber=1\r\nName=ETD\r\n"
    )
    return tiff(path, pixels, (34682, "s", 0, text.encode()))


def tvips(path: Path, pixels: np.ndarray, nm: float) -> Path:
    """TemData version 2, as tifffile names its fields."""
    dtype = np.dtype(tifffile.tifffile.TIFF.TVIPS_HEADER_V2)
    head = np.zeros(1, np.dtype(tifffile.tifffile.TIFF.TVIPS_HEADER_V1))
    head["Version"] = 2
    body = np.zeros(1, dtype)
    body["PixelSizeX"] = body["PixelSizeY"] = nm
    body["Magic"] = 0xAAAAAAAA
    body["TemStagePosition"][0, :3] = (1e-6, -2e-6, 3e-6)
    return tiff(path, pixels, (37706, "B", head.nbytes + body.nbytes, head.tobytes() + body.tobytes()))


def mrc(voxel_angstrom: float, stack: np.ndarray) -> bytes:
    """An MRC2014 file of 32-bit values."""
    sections, rows, columns = stack.shape
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, columns, rows, sections, 2, 0, 0, 0, columns, rows, sections)
    struct.pack_into(
        "<3f", header, 40, columns * voxel_angstrom, rows * voxel_angstrom, sections * voxel_angstrom
    )
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:216] = b"MAP DD\0\0"
    return bytes(header) + stack.astype("<f4").tobytes()


def ser(stack: np.ndarray, m_per_px: float) -> bytes:
    """A TIA series file (version 0x210) of images (N, H, W) in 16 bit."""
    count, rows, columns = stack.shape
    dimension = struct.pack("<IddIII", count, 0.0, 1.0, 0, 0, 0)
    at = 30 + len(dimension)  # of the offsets of data and of tags
    head = struct.pack("<HHHIIIIII", 0x4949, 0x0197, 0x0210, 0x4122, 0x4152, count, count, at, 1)
    calibration = struct.pack("<ddi", 0.0, m_per_px, 0) * 2 + struct.pack("<hii", 2, columns, rows)
    tag = struct.pack("<HHI", 0x4152, 0, 1_500_000_000)
    elements = [calibration + plane.astype("<u2").tobytes() for plane in stack]
    starts = [at + 8 * count + n * (len(elements[0]) + len(tag)) for n in range(count)]
    tags = [start + len(elements[0]) for start in starts]
    offsets = struct.pack(f"<{2 * count}I", *starts, *tags)
    return head + dimension + offsets + b"".join(element + tag for element in elements)


class DigitalMicrograph:
    """Writes the tags of a dm3 or dm4 file; their data are little-endian, their sizes big-endian."""

    KINDS: ClassVar = {"i": 3, "I": 5, "H": 4, "f": 6}

    def __init__(self, version: int):
        self.version, self.size = version, ">i" if version == 3 else ">q"

    def file(self, pixels: np.ndarray, scale: float, unit: str) -> bytes:
        """A file of one image in 16 bit."""
        axis = {"Origin": ("f", 0.0), "Scale": ("f", scale), "Units": unit}
        rows, columns = pixels.shape
        data = {
            "Calibrations": {"Dimension": [axis, axis], "Brightness": {"Scale": ("f", 1.0)}},
            "Data": pixels.astype("<u2"),
            "DataType": ("i", 10),
            "Dimensions": [("I", columns), ("I", rows)],
            "PixelDepth": ("i", 2),
        }
        root = {"ImageList": [{"ImageData": data, "Name": "specimen", "ImageTags": {}}]}
        body = self._group(root)
        return (
            struct.pack(">i", self.version) + self._number(len(body)) + struct.pack(">i", 1) + body + bytes(8)
        )

    def _number(self, value: int) -> bytes:
        return struct.pack(self.size, value)

    def _group(self, tags: dict | list) -> bytes:
        items = list(tags.items()) if isinstance(tags, dict) else [("", value) for value in tags]
        return b"\x01\x00" + self._number(len(items)) + b"".join(self._tag(*item) for item in items)

    def _tag(self, name: str, value: object) -> bytes:
        group = isinstance(value, dict | list)
        body = self._group(value) if group else self._data(value)
        head = (b"\x14" if group else b"\x15") + struct.pack(">h", len(name)) + name.encode()
        return head + (self._number(len(body)) if self.version == 4 else b"") + body

    def _data(self, value: object) -> bytes:
        if isinstance(value, tuple):
            info, data = [self.KINDS[value[0]]], struct.pack("<" + value[0], value[1])
        elif isinstance(value, str):
            info, data = [20, 4, len(value)], value.encode("utf-16-le")
        else:
            info, data = [20, 4, value.size], value.tobytes()
        return b"%%%%" + b"".join(map(self._number, (len(info), *info))) + data


def olympus(path: Path, pixels: np.ndarray, m_per_px: float) -> Path:
    """A preview in colour, then the image with the SIS structure, at offsets from the start."""
    structure = struct.pack("<4s6xhhhhh6x32sHhhI", b"SIS0", 0, 0, 1, 1, 120, b"specimen", 1, 1, 1, 0)
    structure += struct.pack("<10xhdd8xd2x34s32s", -9, m_per_px * 1e9, m_per_px * 1e9, 1e5, b"Quemesa", b"")
    with tifffile.TiffWriter(path) as writer:
        writer.write(image(shape=(*pixels.shape, 3)), photometric="rgb", metadata=None)
        tag = (33560, "B", len(structure), structure, False)
        writer.write(pixels, metadata=None, extratags=[tag])
    data = bytearray(path.read_bytes())
    at = data.index(b"SIS0")
    struct.pack_into("<I", data, at + 64, at + 68)
    path.write_bytes(data)
    return path


def velox(path: Path, pixels: np.ndarray, counts: np.ndarray) -> Path:
    """A Velox EMD file: a HAADF image, and X-ray counts (H, W, energies of 10 eV) as a stream of events."""
    import h5py

    size = {"width": "2e-9", "height": "2e-9"}
    result = {"PixelSize": size, "PixelUnitX": "m", "PixelUnitY": "m", "Offset": {"x": "0", "y": "0"}}
    eds = {
        "DetectorName": "EDS",
        "DetectorType": "AnalyticalDetector",
        "Dispersion": "10",
        "OffsetEnergy": "0",
    }
    about = {
        "Detectors": {
            "Detector-0": {"DetectorName": "HAADF", "DetectorType": "ScanningDetector"},
            "Detector-1": eds,
        },
        "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1500000000"}},
        "Scan": {"FrameTime": "1", "DwellTime": "1"},
        "Stage": {"Position": {"x": "1e-6", "y": "2e-6", "z": "0"}, "AlphaTilt": "0", "BetaTilt": "0"},
        "Optics": {"AccelerationVoltage": "200000"},
        **{"Core": {}, "Instrument": {"InstrumentModel": "x"}, "Sample": {}, "CustomProperties": {}},
    }

    def metadata(detector: str) -> np.ndarray:
        metadata = {**about, "BinaryResult": {**result, "Detector": detector}}
        return np.frombuffer(json.dumps(metadata).encode(), np.uint8)[:, None]

    energies = np.arange(counts.shape[-1])
    events = [[*np.repeat(energies, each), 65535] for each in counts.reshape(-1, counts.shape[-1])]
    texts = {
        "Version": {"format": "Velox", "version": "10"},
        f"Presentation/Displays/ImageDisplay/{'d' * 32}": {
            "dataPath": f"/Data/Image/{'a' * 32}",
            "display": {"label": "HAADF"},
        },
        f"Data/SpectrumStream/{'b' * 32}/AcquisitionSettings": {
            "bincount": str(counts.shape[-1]),
            "StreamEncoding": "uint16",
        },
        f"Data/SpectrumImage/{'c' * 32}/SpectrumImageSettings": {"endFramePosition": "1"},
    }
    with h5py.File(path, "w") as file:
        for name, body in texts.items():
            file.create_dataset(name, data=[json.dumps(body)], dtype=h5py.string_dtype())
        image, stream = file.create_group(f"Data/Image/{'a' * 32}"), file[f"Data/SpectrumStream/{'b' * 32}"]
        image.create_dataset("Data", data=pixels[..., None], chunks=(*pixels.shape, 1))
        stream["Data"] = np.concatenate(events).astype(np.uint16)[:, None]
        image["Metadata"], stream["Metadata"] = metadata("HAADF"), metadata("EDS")
    return path


def chained_directories(count: int, cycle: bool = False) -> io.BytesIO:
    """A TIFF of ``count`` empty directories, the last of which points at the first or nowhere."""
    starts = [8 + 6 * n for n in range(count)]
    following = [*starts[1:], starts[0] if cycle else 0]
    directories = b"".join(struct.pack("<HI", 0, at) for at in following)
    return io.BytesIO(b"II*\0" + struct.pack("<I", 8) + directories)
