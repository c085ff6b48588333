"""Files that hold several images of one specimen, made from the bundled pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from support.instrument_files import DigitalMicrograph
from xebra import read_image, sample

NAMES = ("Absorption", "Phase", "Scatter")


def channels(path: Path, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """Write an OME-TIFF whose second channel is the bundled moving image; return its channels."""
    moving = read_image(sample.MOVING).pixels
    flat = np.linspace(1, 200, moving.size).reshape(moving.shape).astype(moving.dtype)
    others = [np.roll(moving, 7 * number, 1) for number in range(len(names) - 2)]
    stack = np.stack([flat, moving, *others])
    tifffile.imwrite(path, stack, ome=True, metadata={"axes": "CYX", "Channel": {"Name": list(names)}})
    return stack


def dm4(path: Path, source: Path = sample.FIXED) -> Path:
    """Write one of the bundled images as DigitalMicrograph does."""
    pixels = read_image(source).pixels.astype(np.float64)
    levels = ((pixels - pixels.min()) / np.ptp(pixels) * 60_000).astype(np.uint16)
    path.write_bytes(DigitalMicrograph(4).file(levels, 0.5, "µm"))
    return path


def stack(path: Path, frames: int = 4) -> np.ndarray:
    """Write a stack in which only frame 2 is the bundled moving image; return its frames."""
    moving = read_image(sample.MOVING).pixels
    found = np.stack([moving if frame == 2 else np.flipud(moving) for frame in range(frames)])
    tifffile.imwrite(
        path, found, imagej=found.dtype in (np.uint8, np.uint16, np.float32), metadata={"axes": "ZYX"}
    )
    return found


ELEMENTS = ("Fe Ka", "Ni Ka", "Cu Ka", "Al Ka", "Si Ka", "O Ka", "C Ka", "Mn Ka", "Cr Ka", "Ti Ka")


def element_maps(path: Path) -> dict[str, np.ndarray]:
    """Write an electron image, the bundled moving one, and ten maps of the same scan; return all by name."""
    haadf = read_image(sample.MOVING).pixels
    random = np.random.default_rng(11)
    maps = {name: random.poisson(haadf / haadf.max() * 9).astype(haadf.dtype) for name in ELEMENTS}
    found = {"HAADF": haadf, **maps}
    metadata = {"axes": "CYX", "Channel": {"Name": list(found)}}
    tifffile.imwrite(path, np.stack(list(found.values())), ome=True, metadata=metadata)
    return found


def spectrum(path: Path) -> np.ndarray:
    """Write an EDS map with an electron image, as HyperSpy does; return the counts of Fe."""
    from rsciio.hspy import file_writer

    moving = read_image(sample.MOVING).pixels
    counts = np.zeros((*moving.shape, 40), np.uint16)  # 0 to 10 keV
    iron = (moving / moving.max() * 200).astype(np.uint16)
    counts[..., 26], counts[..., 5] = iron, 9  # 6.4 keV, and a background
    common = {"offset": 0.0, "_type": "UniformDataAxis", "is_binned": False}
    sizes = (("y", 1.0, "px", True), ("x", 1.0, "px", True), ("Energy", 0.25, "keV", False))
    axes = [
        {"name": name, "scale": scale, "units": units, "navigate": along, "size": size, **common}
        | {"index_in_array": number}
        for number, ((name, scale, units, along), size) in enumerate(zip(sizes, counts.shape, strict=True))
    ]
    about = {"General": {"title": "EDS"}, "Signal": {"signal_type": ""}}
    empty = ("original_metadata", "learning_results", "models", "package_info", "tmp_parameters")
    body = {"data": counts, "axes": axes, "metadata": about, "attributes": {"_lazy": False}}
    file_writer(str(path), body | {name: {} for name in empty})
    return iron
