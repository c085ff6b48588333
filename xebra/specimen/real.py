"""All that a folder of real images gives to training: textures, element maps and recorded pairs."""

from __future__ import annotations

from pathlib import Path

import torch

from xebra.specimen.draw import Draw
from xebra.specimen.element_maps import ElementMaps
from xebra.specimen.micrographs import SUFFIXES, Micrographs
from xebra.specimen.recorded import RecordedPairs
from xebra.specimen.split import Split

SPECIMENS, PAIRS = 0.3, 0.3  # shares of the specimens and of the pairs that are made of real images
MAPS = 0.5  # of the specimens that are made of real images, where there are element maps


class RealImages:
    """The images of a folder (.npy, .tif, .png), without those of the specimens that are held out.

    Pairs are named NAME_fixed and NAME_moving. Raises ValueError where nothing is left to train on.
    """

    specimen_share, pair_share = SPECIMENS, PAIRS

    def __init__(self, folder: Path, holdout: tuple[str, ...] = (), device: str = "cpu"):
        stems = sorted({f.stem for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES})
        split = Split(tuple(holdout), tuple(stems))
        self.micrographs = Micrographs(folder, split, device)
        self.maps = ElementMaps(folder, split, device)
        self.pairs = RecordedPairs.of_folder(folder, split, device)
        self.specimens = split.specimens()

    def draw(self, draw: Draw, size: int) -> torch.Tensor:
        """Return the fields of a specimen (1, PHASES + 2, S, S) made of a micrograph or of element maps."""
        if self.maps.names and bool(draw.chance(MAPS, 1)):
            return self.maps.draw(draw, size)
        return self.micrographs.draw(draw, size)
