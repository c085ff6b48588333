"""Specimens made of real element maps: each map becomes a phase, which any simulated instrument images.

An electron image of such a specimen follows from the mean atomic number of the phases, an element map from
one of them: two modalities with a real geometry and an exact transform.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn.functional import avg_pool2d, interpolate

from xebra.specimen.draw import Draw
from xebra.specimen.micrographs import LEAST_PX, grey_levels
from xebra.specimen.specimen import PHASES
from xebra.specimen.split import Split

FEWEST = 2  # maps of one scan that make a specimen
MAPS = "_moving"  # how the stems of element maps end; the word before it is the element


class ElementMaps:
    """The element maps NAME_ELEMENT_moving of a folder by scan, held-out specimens excluded."""

    def __init__(self, folder: Path, split: Split, device: str = "cpu"):
        scans: dict[str, list[torch.Tensor]] = {}
        for file in sorted(folder.rglob(f"*{MAPS}.*")):
            scan = file.stem.removesuffix(MAPS).rpartition("_")[0]
            if scan and split.trains_on(file.stem):
                scans.setdefault(scan, []).append(torch.from_numpy(grey_levels(file)).to(device))
        self._scans = {name: maps for name, maps in scans.items() if _usable(maps)}

    @property
    def names(self) -> list[str]:
        """Return the names of the scans with maps of two elements or more."""
        return list(self._scans)

    def draw(self, draw: Draw, size: int) -> torch.Tensor:
        """Return fields (1, PHASES + 2, S, S) as ``Specimen`` has them, of a random part of a random scan."""
        maps = torch.stack(list(self._scans.values())[draw.one(len(self._scans))][: PHASES - 1])
        part = _part(draw, maps, size)
        fractions = _smoothed(draw, part).clamp(min=0) ** draw.log_uniform(0.6, 2)
        rest = (1 - fractions.sum(0, keepdim=True)).clamp(min=0.02)
        phases = torch.cat([rest, fractions, part.new_zeros(PHASES - 1 - len(part), size, size)])
        phases = phases[torch.randperm(PHASES, generator=draw.generator, device=draw.device)]
        phases = phases / phases.sum(0, keepdim=True)
        height = (fractions * draw.uniform(-6, 6, len(part), 1, 1)).sum(0, keepdim=True)
        return torch.cat([phases, height, fractions.amax(0, keepdim=True)])[None]


def _usable(maps: list[torch.Tensor]) -> bool:
    alike = len({each.shape for each in maps}) == 1
    return alike and len(maps) >= FEWEST and min(maps[0].shape) >= LEAST_PX


def _part(draw: Draw, maps: torch.Tensor, size: int) -> torch.Tensor:
    """Return a random square of maps (K, H, W), turned and mirrored, (K, S, S)."""
    side = int(min(maps.shape[1:]) * draw.uniform(0.5, 1, 1))
    top, left = (draw.one(length - side + 1) for length in maps.shape[1:])
    part = maps[:, top : top + side, left : left + side].rot90(draw.one(4), (1, 2))
    part = part.flip(2) if draw.one(2) else part
    return interpolate(part[None], size=(size, size), mode="bilinear", antialias=side > size)[0]


def _smoothed(draw: Draw, maps: torch.Tensor) -> torch.Tensor:
    """Return maps whose counting noise is averaged out, so that two images do not share it."""
    radius = 1 + draw.one(3)
    for _ in range(2):
        maps = avg_pool2d(maps[:, None], 2 * radius + 1, 1, radius, count_include_pad=False)[:, 0]
    return (maps / maps.amax((1, 2), keepdim=True).clamp(min=1e-6)).clamp(0, 1)
