"""Split of the specimens of a folder into those for training and those that are held out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

HALF = "half"  # instead of names: half of the specimens, decided by a hash of each one's name
WORD = re.compile(r"[A-Za-z][a-z]{2,}")


def specimen_of(stem: str) -> str:
    """Return the specimen of an image: the first word of its file's name, without numbers of its parts.

    >>> specimen_of("khufaiB3_el_Fe_moving"), specimen_of("jeolNi_Ni"), specimen_of("tb_tomo_00059")
    ('khufai', 'jeol', 'tb')
    """
    first = stem.split("_")[0]
    word = WORD.match(first)
    return word.group() if word else first


def in_held_out_half(stem: str) -> bool:
    """Return whether the specimen of an image belongs to the half that is held out.

    >>> in_held_out_half("khufaiB3_el_Fe_moving") == in_held_out_half("khufaiE1_el_Si_fixed")
    True
    """
    return hashlib.sha256(specimen_of(stem).encode()).digest()[0] % 2 == 1


@dataclass(frozen=True)
class Split:
    """Images to train on and images that are held out, by the stem of their names."""

    holdout: tuple[str, ...] = ()  # beginnings of names, or HALF

    def trains_on(self, stem: str) -> bool:
        """Return whether an image is trained on."""
        names = tuple(name for name in self.holdout if name != HALF)
        if names and stem.startswith(names):
            return False
        return HALF not in self.holdout or not in_held_out_half(stem)

    def specimens(self, stems: list[str]) -> dict[str, list[str]]:
        """Return the names of the specimens that are trained on and of those that are held out."""
        trained = {specimen_of(stem) for stem in stems if self.trains_on(stem)}
        return {"trained": sorted(trained), "held_out": sorted({specimen_of(s) for s in stems} - trained)}
