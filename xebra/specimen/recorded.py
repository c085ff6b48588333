"""Pairs that two detectors recorded of one specimen: views with a known transform between them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, grid_sample

from xebra.specimen.draw import Draw
from xebra.specimen.micrographs import LEAST_PX, grey_levels
from xebra.specimen.split import Split, is_ambiguous

Offsets = dict[str, dict[str, float]]  # by the beginning of a name: dx, dy, rot_deg and scale

FINE = 3  # samples per px of a view, either way
SIDE = (0.15, 1.0)  # of the source's shorter side: a view's side
MOST_MAGNIFIED = 3.0  # px of a view per px of the source


@dataclass(frozen=True)
class Recording:
    """Two images of one scan (H, W) and the residual second_from_first between them, about their centres."""

    name: str
    images: tuple[torch.Tensor, torch.Tensor]
    rest: torch.Tensor  # (2, 3), px

    def between(self, first: int) -> torch.Tensor:
        """Return the affine map (2, 3) from px of image ``first`` to those of the other one."""
        return self.rest if first == 0 else _inverse(self.rest)


class RecordedPairs:
    """Recordings from which views are cut; ``side``: from and to what share of a recording's shorter side."""

    def __init__(self, recordings: list[Recording], side: tuple[float, float] = SIDE):
        self.recordings, self.side = recordings, side

    @classmethod
    def of_folder(cls, folder: Path, split: Split, device: str = "cpu") -> RecordedPairs:
        """Return the pairs NAME_fixed, NAME_moving of a folder, without those of held-out specimens.

        ``offsets.json`` in the folder or above it holds measured rests between two recordings, by the
        beginning of their names: dx, dy (px), scale, rot_deg.
        """
        offsets, recordings = _offsets(folder), []
        for first in sorted(folder.rglob("*_fixed.*")):
            name = first.stem.removesuffix("_fixed")
            second = first.with_name(first.name.replace("_fixed.", "_moving."))
            if split.trains_on(name) and second.exists() and not is_ambiguous(name):
                images = _read(first, device), _read(second, device)
                if min(images[0].shape) >= LEAST_PX:
                    recordings.append(Recording(name, images, _rest(name, offsets).to(device)))
        return cls(recordings)

    @property
    def names(self) -> list[str]:
        """Return the names of the pairs that are trained on."""
        return [recording.name for recording in self.recordings]

    def draw(
        self, draw: Draw, size: int, between: torch.Tensor, alike: bool
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return fixed and moving view of a random pair, (N, N) each, and where they show the source.

        ``between`` (2, 3) is fixed_from_moving in px of the views, about their centres; ``alike``: both views
        of one image.
        """
        recording = self.recordings[draw.one(len(self.recordings))]
        first, second = ([0, 1] if draw.one(2) else [1, 0]) if not alike else [draw.one(2)] * 2
        fixed, moving = recording.images[first], recording.images[second]
        view = random_view(draw, fixed, self.side, size)
        other = _after(view, between)
        if first != second:
            other = _after(recording.between(first), other)
        return *shown(fixed, view, size), *shown(moving, other, size)

    def draw_with_reference(self, draw: Draw, size: int) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
        """Return the same view of both images of a random pair, and another view of the second one.

        Each is values and where they show the source, (N, N).
        """
        recording = self.recordings[draw.one(len(self.recordings))]
        first = draw.one(2)
        image, other = recording.images[first], recording.images[1 - first]
        view = random_view(draw, image, self.side, size)
        there = _after(recording.between(first), view)
        elsewhere = random_view(draw, other, self.side, size)
        return shown(image, view, size), shown(other, there, size), shown(other, elsewhere, size)


def random_view(draw: Draw, image: torch.Tensor, shares: tuple[float, float], size: int) -> torch.Tensor:
    """Return a random affine map (2, 3) from a view of ``size`` px to an image: rotated, perhaps reflected.

    ``shares``: from and to what share of the image's shorter side the view's side is.
    """
    side = max(float(draw.log_uniform(*shares, 1)) * min(image.shape), size / MOST_MAGNIFIED)
    step = side / size
    matrix = _turned(float(draw.uniform(-math.pi, math.pi, 1)), step)
    matrix = matrix @ torch.diag(torch.tensor([1.0, 1.0 - 2.0 * draw.one(2)]))
    free = torch.tensor([max(0.0, side - 0.8 * step * size) / 2 for side in image.shape[::-1]])
    return torch.cat([matrix, (draw.uniform(-1, 1, 2) * free)[:, None]], 1)


def _turned(angle: float, scale: float) -> torch.Tensor:
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return torch.tensor([[c, -s], [s, c]])


def _after(outer: torch.Tensor, inner: torch.Tensor) -> torch.Tensor:
    """Return the affine map (2, 3) that applies ``inner``, then ``outer``."""
    return torch.cat([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2:] + outer[:, 2:]], 1)


def _inverse(affine: torch.Tensor) -> torch.Tensor:
    back = torch.linalg.inv(affine[:, :2])
    return torch.cat([back, -back @ affine[:, 2:]], 1)


def shown(image: torch.Tensor, view: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a view (N, N) at an affine map (2, 3) of centred px, and where it shows the image."""
    while float(view[:, :2].det().abs().sqrt()) > 1.5 * FINE:  # anti-aliasing beyond the view's own samples
        odd = (
            torch.tensor([[side % 2] for side in image.shape[::-1]]) / 2
        )  # half the px that pooling cuts off
        moved = torch.cat([view[:, :2], view[:, 2:] + odd], 1)
        image, view = avg_pool2d(image[None, None], 2)[0, 0], moved / 2
    line = (torch.arange(size * FINE) - (size * FINE - 1) / 2) / FINE
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1).view(-1, 2) @ view[:, :2].T + view[:, 2]
    half = torch.tensor(image.shape[::-1]) / 2
    where = (points / half).view(1, size * FINE, size * FINE, 2).to(image.device)
    values = grid_sample(image[None, None], where, padding_mode="reflection", align_corners=False)
    inside = (where.abs().amax(-1) <= 1).to(image.dtype)[:, None]
    return avg_pool2d(values, FINE)[0, 0], avg_pool2d(inside, FINE)[0, 0]


def _read(file: Path, device: str) -> torch.Tensor:
    return torch.from_numpy(grey_levels(file)).to(device)


def _offsets(folder: Path) -> Offsets:
    files = [place / "offsets.json" for place in (folder, folder.parent) if (place / "offsets.json").exists()]
    offsets: Offsets = json.loads(files[0].read_text()) if files else {}
    return offsets


def _rest(name: str, offsets: Offsets) -> torch.Tensor:
    for beginning, rest in offsets.items():
        if name.startswith(beginning):
            shift = torch.tensor([[rest["dx"]], [rest["dy"]]], dtype=torch.float32)
            return torch.cat([_turned(math.radians(rest["rot_deg"]), rest["scale"]), shift], 1)
    return torch.tensor(np.eye(2, 3), dtype=torch.float32)
