"""Labelled pairs of one instrument in a folder: labels.json and the images.

>>> from tempfile import mkdtemp
>>> import numpy as np
>>> folder, image = Path(mkdtemp()), np.arange(4096, dtype=np.float32).reshape(64, 64)
>>> write_labels(folder, [Label(image, image, np.eye(3), "added", "grid 1")])
>>> read_labels(folder)[0].group
'grid 1'
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.errors import LabelsInvalid
from xebra.image import luminance, read_image
from xebra.label_archive import FILE, LabelledPair, image_path, read_entries, write_folder

Source = Literal["correction", "confirmed", "accepted", "added"]
HELD_OUT = 0.3  # share of the groups that judge and never train


@dataclass(frozen=True)
class Label:
    """Two images (H, W) and their known transform, which maps px (x, y) of the fixed image to the moving one.

    A single image is a label of twice that image, whose transform is the identity: pairs are made from it.
    ``source``: a correction by hand, a confirmed or an accepted result, or a pair that was added. ``group``:
    the region or acquisition it comes from; pairs of one group are never split between training and scoring.
    """

    fixed: Floats
    moving: Floats
    moving_from_fixed: Matrix  # 3 x 3, affine
    source: Source = "added"
    group: str = ""
    fixed_spacing: tuple[float, float] | None = None  # um per px, along x and y
    moving_spacing: tuple[float, float] | None = None
    job: str | None = None  # the registration it comes from

    @property
    def is_single(self) -> bool:
        """Return whether this is a single image."""
        return np.array_equal(self.fixed, self.moving)

    def swapped(self) -> Label:
        """Return the label with fixed and moving image exchanged."""
        return replace(
            self,
            fixed=self.moving,
            moving=self.fixed,
            moving_from_fixed=np.linalg.inv(self.moving_from_fixed),
            fixed_spacing=self.moving_spacing,
            moving_spacing=self.fixed_spacing,
        )


def read_labels(folder: Path) -> list[Label]:
    """Return the labels of a folder.

    Args:
        folder: holds ``labels.json`` and the images that it names, as ``xebra labels export`` writes them.

    Raises:
        LabelsInvalid: the list is missing or not readable, names a file outside the folder, or holds a
            transform that is not an invertible affine one without reflection.

    Examples:
        >>> read_labels(Path("nowhere"))
        Traceback (most recent call last):
        ...
        xebra.errors.LabelsInvalid: nowhere holds no labels.json; xebra labels export writes one
    """
    return [_read(folder, number, entry) for number, entry in enumerate(read_entries(folder))]


def write_labels(folder: Path, labels: Iterable[Label]) -> None:
    """Write labels to a folder, as :func:`read_labels` reads them.

    Args:
        folder: is made where it is missing; a list that is there is replaced.
        labels: pairs with their transforms; each image is written once, as TIFF without loss. Mirrored
            pairs are left out, and pairs that share an image become one group.

    Examples:
        >>> write_labels(Path("labels"), [])  # doctest: +SKIP
    """
    held = list(labels)
    images = {_pixels_sha256(image): image for label in held for image in (label.fixed, label.moving)}
    write_folder(folder, [_stored(label) for label in held], lambda image: images[str(image)])


def labels_sha256(labels: Iterable[Label]) -> str:
    """Return the hash of images, transforms and groups, which does not depend on the files' names.

    Args:
        labels: in any order.

    Examples:
        >>> image = np.zeros((64, 64), np.float32)
        >>> one, other = (Label(image, image, np.eye(3), group=name) for name in "ab")
        >>> labels_sha256([one, other]) == labels_sha256([other, one]) != labels_sha256([one])
        True
    """
    return hashlib.sha256("".join(sorted(map(_sha256, labels))).encode()).hexdigest()


def split_labels(labels: list[Label], share: float = HELD_OUT) -> tuple[list[Label], list[Label]]:
    """Return the labels to train on and those that are held out; no group is in both.

    A group is held out by the hash of its name and images, so that one that is held out stays so when labels
    are added.

    Args:
        labels: of one instrument.
        share: of the labels that are held out, about; at least one group trains and one is held out.

    Raises:
        LabelsInvalid: all labels are of one group.

    Examples:
        >>> image = np.zeros((64, 64), np.float32)
        >>> trained, held_out = split_labels([Label(image, image, np.eye(3), group=g) for g in "aabbc"])
        >>> {label.group for label in trained} & {label.group for label in held_out}
        set()
    """
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label.group, []).append(label)
    if len(groups) < 2:
        raise LabelsInvalid("Labels of one group cannot be split; add pairs of another region or acquisition")
    ranked = sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest())
    held_out: list[Label] = []
    while len(ranked) > 1 and (
        not held_out or len(held_out) + len(groups[ranked[0]]) / 2 <= share * len(labels)
    ):
        held_out += groups[ranked.pop(0)]
    return [label for name in ranked for label in groups[name]], held_out


def _sha256(label: Label) -> str:
    digest = hashlib.sha256(f"{label.group}\0{label.fixed.shape}{label.moving.shape}".encode())
    for array in (label.fixed, label.moving, np.asarray(label.moving_from_fixed, float)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _stored(label: Label) -> LabelledPair:
    hashes = _pixels_sha256(label.fixed), _pixels_sha256(label.moving)
    return LabelledPair(
        images=hashes,
        hashes=hashes,
        spacings=(label.fixed_spacing, label.moving_spacing),
        moving_from_fixed=np.asarray(label.moving_from_fixed, float).tolist(),
        source=label.source,
        group=label.group or None,
        job=label.job,
    )


def _pixels_sha256(image: Floats) -> str:
    return hashlib.sha256(
        f"{image.shape}{image.dtype}".encode() + np.ascontiguousarray(image).tobytes()
    ).hexdigest()


def _read(folder: Path, number: int, entry: Any) -> Label:
    """Return one label of a list."""
    about = f"Label {number} of {folder / FILE}"
    try:
        fixed, moving = (_image(folder, entry[side]) for side in ("fixed", "moving"))
        matrix = np.array(entry["moving_from_fixed"], float)
        spacings = {key: _pair(entry.get(key)) for key in ("fixed_spacing", "moving_spacing")}
        source, group, job = entry.get("source", "added"), str(entry.get("group") or number), entry.get("job")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelsInvalid(f"{about} is incomplete: {error}") from None
    if source not in get_args(Source):
        raise LabelsInvalid(f"{about} has the source {source!r}; choose one of {', '.join(get_args(Source))}")
    affine = matrix.shape == (3, 3) and np.isfinite(matrix).all() and np.allclose(matrix[2], [0, 0, 1])
    if not affine or np.linalg.det(matrix[:2, :2]) < 1e-6:
        raise LabelsInvalid(f"{about}: moving_from_fixed is no 3 x 3 affine matrix without reflection")
    return Label(fixed, moving, matrix, source, group, **spacings, job=job)


def _pair(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    x, y = value
    return float(x), float(y)


def _image(folder: Path, name: str) -> Floats:
    """Return the values (H, W) of an image of the folder, the mean of its colours."""
    return np.asarray(luminance(read_image(image_path(folder, name)).pixels), np.float32)
