"""Output files of a registration: registered image, JSON and picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from xebra import picture
from xebra.errors import ImageUnreadable
from xebra.image import Image
from xebra.image_files import read, write_tiff
from xebra.registration import Registration
from xebra.transform_files import FORMATS, Format

FIXED, MOVING = "fixed.tif", "moving.tif"  # of save only
REGISTERED, JSON, PICTURE = NAMES = ("registered.tif", "registration.json", "picture.png")


def folder_for(registration: Registration, wanted: Path | None, moving: str) -> Path:
    """Return ``wanted``, or the first free ``xebra-<stem of moving>`` in the current folder.

    A folder with the files of the same pair and network is free. Raises FileExistsError where ``wanted``
    contains the files of another registration.
    """
    if wanted is None:
        stem = f"xebra-{Path(moving).stem}"
        return next(folder for folder in _numbered(stem) if _is_free(folder, registration))
    if not _is_free(wanted, registration):
        raise FileExistsError(f"{wanted} contains the files of another registration. Choose another folder.")
    return wanted


def transform_name(format: Format) -> str:
    """Return the name of the file of a transform format."""
    return f"transform{FORMATS[format].suffix}"


def write(registration: Registration, folder: Path, formats: Iterable[Format] = ()) -> None:
    """Write the three files, and the transform in ``formats``, into ``folder``.

    The JSON is written last and marks the others as complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tiff(folder / REGISTERED, registration.registered, registration.fixed.pixel_spacing_xy)
    picture.save(registration, folder / PICTURE)
    for format in formats:
        registration.export(folder / transform_name(format), format)
    text = json.dumps(registration.to_json(), indent=2)
    (folder / JSON).write_text(text + "\n", encoding="utf-8")


def save(registration: Registration, folder: Path) -> None:
    """Write the files of ``write`` and both images, from which ``load`` makes the registration again."""
    for name, image in ((FIXED, registration.fixed), (MOVING, registration.moving)):
        folder.mkdir(parents=True, exist_ok=True)
        write_tiff(folder / name, image.pixels, image.pixel_spacing_xy)
    write(registration, folder)


def load(folder: str | Path) -> Registration:
    """Return the registration that ``Registration.save`` wrote into a folder.

    Args:
        folder: The folder that was given to ``save``.

    Returns:
        The registration with both images.

    Raises:
        FileNotFoundError: A file is missing.
        ImageUnreadable: An image is not the one that was registered.

    Examples:
        >>> import tempfile
        >>> import xebra
        >>> from xebra import sample
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     saved = xebra.register(sample.FIXED, sample.MOVING)
        ...     saved.save(folder)
        ...     load(folder).scale == saved.scale
        True
    """
    body = json.loads((Path(folder) / JSON).read_text(encoding="utf-8"))
    fixed, moving = (
        _loaded(Path(folder) / name, about)
        for name, about in ((FIXED, body["fixed"]), (MOVING, body["moving"]))
    )
    return Registration.from_json(body, fixed, moving)


def _loaded(path: Path, about: dict[str, Any]) -> Image:
    """Return an image as it was registered, under its own name and with its own SHA-256."""
    with path.open("rb") as file:
        pixels = read(file, path.name).pixels
    if list(pixels.shape) != about["shape"] or str(pixels.dtype) != about["dtype"]:
        raise ImageUnreadable(f"{path}: it is not the image of {JSON}. Save the registration again.")
    spacing = about["pixel_spacing_um"]
    axes = about.get("pixel_spacing_xy_um")
    named = about["name"], about["sha256"]
    return Image(pixels, spacing, about.get("spacing_source"), *named, spacing_axes=axes and tuple(axes))


def _numbered(stem: str) -> Iterator[Path]:
    """Yield stem, stem-2, stem-3..."""
    yield Path(stem)
    yield from (Path(f"{stem}-{number}") for number in count(2))


def _is_free(folder: Path, registration: Registration) -> bool:
    """Return True where no files exist, or only those of the same pair and network."""
    if not any((folder / name).exists() for name in NAMES):
        return True
    try:
        existing = json.loads((folder / JSON).read_text(encoding="utf-8"))
        return all(existing[part] == registration.to_json()[part] for part in ("fixed", "moving", "model"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
