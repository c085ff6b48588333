"""The files that a registration leaves in a folder: registered image, JSON, picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from xebra import picture
from xebra.image_files import write_tiff
from xebra.registration import Registration

REGISTERED, JSON, PICTURE = NAMES = ("registered.tif", "registration.json", "picture.png")


def folder_for(registration: Registration, wanted: Path | None, moving: str) -> Path:
    """``wanted``, or the first free ``xebra-<stem of moving>`` here; the same pair again takes the same one.

    Raises FileExistsError where ``wanted`` holds the files of something else.
    """
    if wanted is None:
        stem = f"xebra-{Path(moving).stem}"
        return next(folder for folder in _numbered(stem) if _is_free(folder, registration))
    if not _is_free(wanted, registration):
        raise FileExistsError(f"{wanted} holds the files of another registration. Choose another folder.")
    return wanted


def write(registration: Registration, folder: Path) -> None:
    """Write the three files into ``folder``, the JSON last: where it is, the others are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tiff(folder / REGISTERED, registration.registered, registration.fixed.pixel_spacing)
    picture.save(registration, folder / PICTURE)
    text = json.dumps(registration.to_json(), indent=2)
    (folder / JSON).write_text(text + "\n", encoding="utf-8")


def _numbered(stem: str) -> Iterator[Path]:
    yield Path(stem)
    yield from (Path(f"{stem}-{number}") for number in count(2))


def _is_free(folder: Path, registration: Registration) -> bool:
    """True where writing would replace nothing, or only the same pair's files by the same network."""
    if not any((folder / name).exists() for name in NAMES):
        return True
    try:
        there = json.loads((folder / JSON).read_text(encoding="utf-8"))
        return all(there[part] == registration.to_json()[part] for part in ("fixed", "moving", "model"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
