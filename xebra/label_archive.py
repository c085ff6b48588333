"""The labels of an instrument as a zip or a folder: labels.json and each image once, as TIFF without loss."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from xebra.arrays import Pixels
from xebra.errors import LabelsInvalid
from xebra.image_files import write_tiff

VERSION = 1
FILE = "labels.json"
REQUIRED = ("fixed", "moving", "moving_from_fixed")
Spacing = float | tuple[float, float] | None  # um per px, along x and y


@dataclass(frozen=True)
class LabelledPair:
    """A pair of stored images with its transform; a single image is a pair of twice that image.

    Attributes:
        images: What identifies each image, fixed and moving; equal values are one image.
        hashes: SHA-256 of the file of each image.
        spacings: um per px of each image; None: unknown.
        moving_from_fixed: 3 x 3, px.
        source: ``correction``, ``confirmed``, ``accepted`` or ``added``.
        group: Region or acquisition, where it is known.
        job: Id of the registration, where there is one.
    """

    images: tuple[Hashable, Hashable]
    hashes: tuple[str, str]
    spacings: tuple[Spacing, Spacing]
    moving_from_fixed: Sequence[Sequence[float]]
    source: str
    group: str | None
    job: str | None


def write_archive(target: BinaryIO, pairs: Sequence[LabelledPair], read: Callable[[Hashable], Pixels]) -> int:
    """Write an archive of labels; return the number of pairs in it.

    Mirrored pairs are left out: a network is adapted to pairs that are not.

    Args:
        target: A binary file.
        pairs: The labels.
        read: Returns the values (H, W) of an image, given as in ``LabelledPair.images``.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        return _write(pairs, read, archive.writestr)


def write_folder(folder: Path, pairs: Sequence[LabelledPair], read: Callable[[Hashable], Pixels]) -> int:
    """Write the content of an archive of labels into a folder; return the number of pairs in it.

    Args:
        folder: Is made where it is missing; a list that is there is replaced.
        pairs: As of :func:`write_archive`.
        read: As of :func:`write_archive`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _write(pairs, read, lambda name, content: (folder / name).write_bytes(content))


def read_entries(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of the labels.json in a folder.

    Raises:
        LabelsInvalid: The list is missing or not readable, or an entry has no images or transform.
    """
    file = folder / FILE
    if not file.is_file():
        raise LabelsInvalid(f"{folder} holds no {FILE}; xebra labels export writes one")
    try:
        held = json.loads(file.read_text())
        version, entries = held["version"], [dict(entry) for entry in held["labels"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabelsInvalid(f"{file} is not a list of labels: {error}") from None
    if version != VERSION:
        raise LabelsInvalid(f"{file} has version {version}; this version of Xebra reads {VERSION}")
    for number, entry in enumerate(entries):
        if missing := [name for name in REQUIRED if name not in entry]:
            raise LabelsInvalid(f"Label {number} of {file} is incomplete: it has no {', '.join(missing)}")
    return entries


def image_path(folder: Path, name: str) -> Path:
    """Return the path of an image that an entry names.

    Raises:
        LabelsInvalid: It is no file in the folder.
    """
    path = (folder / name).resolve()
    if folder.resolve() not in path.parents or not path.is_file():
        raise LabelsInvalid(f"{folder / FILE} names {name!r}, which is no file in this folder")
    return path


def groups(pairs: Sequence[LabelledPair]) -> list[str]:
    """Return the group of each pair: those that share an image, or a group that was named, are in one.

    Examples:
        >>> def pair(*hashes, group=None):
        ...     return LabelledPair(hashes, hashes, (None, None), [], "added", group, None)
        >>> groups([pair("a", "b"), pair("b", "c"), pair("d", "e"), pair("f", "g", group="grid")])
        ['a', 'a', 'd', 'grid']
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (parent := leader.setdefault(name, name)) != name:
            leader[name] = leader[parent]
            name = leader[name]
        return name

    def ties(pair: LabelledPair) -> Iterable[str]:
        named = [f"group {pair.group}"] if pair.group else []
        return [*named, *(f"image {sha256}" for sha256 in pair.hashes)]

    for pair in pairs:
        first, *others = (find(name) for name in ties(pair))
        for other in others:  # a named group comes first, then the lowest image
            low, high = sorted((first, find(other)))
            leader[high] = first = low
    found = [find(f"image {pair.hashes[0]}") for pair in pairs]
    return [name.partition(" ")[2][:200] for name in found]


def _write(
    pairs: Sequence[LabelledPair], read: Callable[[Hashable], Pixels], write: Callable[[str, bytes], object]
) -> int:
    """Write each image once, then the list, by ``write`` of names and contents."""
    wanted = [pair for pair in pairs if _area(pair.moving_from_fixed) > 0]
    names: dict[Hashable, str] = {}
    for image in (image for pair in wanted for image in pair.images):
        if image not in names:
            names[image] = f"{len(names):05d}.tif"
            file = io.BytesIO()
            write_tiff(file, read(image), None)
            write(names[image], file.getvalue())
    entries = [_entry(pair, group, names) for pair, group in zip(wanted, groups(wanted), strict=True)]
    write(FILE, json.dumps({"version": VERSION, "labels": entries}, indent=1).encode())
    return len(wanted)


def _entry(pair: LabelledPair, group: str, names: dict[Hashable, str]) -> dict[str, Any]:
    fixed, moving = (
        [spacing, spacing] if isinstance(spacing, (int, float)) else spacing for spacing in pair.spacings
    )
    return {
        "fixed": names[pair.images[0]],
        "moving": names[pair.images[1]],
        "fixed_spacing": fixed,
        "moving_spacing": moving,
        "moving_from_fixed": [list(line) for line in pair.moving_from_fixed],
        "source": pair.source,
        "group": group,
        "job": pair.job,
    }


def _area(matrix: Sequence[Sequence[float]]) -> float:
    """Return the determinant of the linear part; negative: the pair is mirrored."""
    return matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
