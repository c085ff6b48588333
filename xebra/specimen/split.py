"""Split of the specimens of a folder into those for training and those that are held out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

HALF = "half"  # instead of names: the specimens that ``bench/certify.py`` certifies the verdict on
CERTIFY, CHOOSE = 0, 1  # halves of the specimens of a folder
AMBIGUOUS = ("LATTICE", "PERIODIC")  # words in a name: a shift by a period fits as well
WORD = re.compile(r"[A-Za-z][a-z]{2,}")


def specimen_of(stem: str) -> str:
    """Return the specimen of an image: the first word of its file's name, without numbers of its parts.

    >>> specimen_of("khufaiB3_el_Fe_moving"), specimen_of("jeolNi_Ni"), specimen_of("tb_tomo_00059")
    ('khufai', 'jeol', 'tb')
    """
    first = stem.split("_")[0]
    word = WORD.match(first)
    return word.group() if word else first


def is_ambiguous(stem: str) -> bool:
    """Return whether an image has no single right answer, by its name."""
    return any(word in stem for word in AMBIGUOUS)


def half_of(stems: Iterable[str], half: int) -> set[str]:
    """Return the specimens of one half (``CHOOSE`` or ``CERTIFY``) of a folder: every second one by name.

    Ambiguous images belong to neither half, unless another image of their specimen does.

    >>> sorted(half_of(["alloy_1", "cell_1", "cell_2", "rock_1", "wafer_LATTICE"], CERTIFY))
    ['alloy', 'rock']
    """
    return set(sorted({specimen_of(stem) for stem in stems if not is_ambiguous(stem)})[half::2])


@dataclass(frozen=True)
class Split:
    """Images to train on and images that are held out, by the stem of their names."""

    holdout: tuple[str, ...] = ()  # beginnings of names, or HALF
    stems: tuple[str, ...] = ()  # of all images of the folder, from which HALF is counted

    def __post_init__(self) -> None:
        """Raise ValueError for a half of no images: nothing would be held out."""
        if HALF in self.holdout and not self.stems:
            raise ValueError(f"{HALF!r} holds out half of the specimens of a folder: give its images")

    @cached_property
    def _held_out(self) -> set[str]:
        return half_of(self.stems, CERTIFY) if HALF in self.holdout else set()

    def trains_on(self, stem: str) -> bool:
        """Return whether an image is trained on."""
        names = tuple(name for name in self.holdout if name != HALF)
        return not (names and stem.startswith(names)) and specimen_of(stem) not in self._held_out

    def specimens(self) -> dict[str, list[str]]:
        """Return the names of the specimens that are trained on and of those that are held out."""
        every = {specimen_of(stem) for stem in self.stems}
        trained = {specimen_of(stem) for stem in self.stems if self.trains_on(stem)}
        return {"trained": sorted(trained), "held_out": sorted(every - trained)}


def with_earlier(
    specimens: dict[str, list[str]] | None, earlier: dict[str, list[str]] | None
) -> dict[str, list[str]] | None:
    """Return the specimens that weights were trained on in two runs, one from the weights of the other.

    >>> with_earlier({"trained": ["cell"], "held_out": ["rock"]}, {"trained": ["rock"], "held_out": []})
    {'trained': ['cell', 'rock'], 'held_out': []}
    """
    if specimens is None or earlier is None:
        return specimens or earlier
    trained, held_out = ({*specimens[part], *earlier[part]} for part in ("trained", "held_out"))
    return {"trained": sorted(trained), "held_out": sorted(held_out - trained)}
