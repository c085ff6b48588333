"""Names of result files, made from the names of the images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

SECOND = (".ome", ".nii", ".tar")  # before another suffix, as in "map.ome.tif"
MAX_STEM = 80


def stem(name: str) -> str:
    """Return a file name without its folder and suffix, of characters that every file system takes.

    >>> stem("EDS maps/Fe Ka.ome.tif"), stem("sample_0.5um.tif"), stem("a:b?.png")
    ('Fe Ka', 'sample_0.5um', 'a_b_')
    """
    path = PurePath(name.replace("\\", "/"))
    found = path.stem or "image"
    if found.lower().endswith(SECOND):
        found = PurePath(found).stem
    return safe(found)[:MAX_STEM].strip(" .") or "image"


def safe(name: str) -> str:
    """Return a name with all characters but letters, digits and a few others replaced."""
    return "".join(letter if letter.isalnum() or letter in "-_ .,+()" else "_" for letter in name)


def registered(moving: str, fixed: str, channel: str = "") -> str:
    """Return the name, without suffix, of what was made from a pair.

    >>> registered("xrf.tif", "bse.tif"), registered("eds.bcf", "bse.tif", "Fe_Ka")
    ('xrf_on_bse', 'eds_Fe_Ka_on_bse')
    """
    middle = f"_{safe(channel)[:MAX_STEM].strip(' .')}" if channel else ""
    return f"{stem(moving)}{middle}_on_{stem(fixed)}"


def distinct(names: Iterable[str]) -> Iterator[str]:
    """Yield the names; a repeated one is numbered. Case does not count.

    >>> list(distinct(["a", "b", "A", "a"]))
    ['a', 'b', 'A-2', 'a-3']
    """
    seen: set[str] = set()
    for name in names:
        found, number = name, 1
        while found.casefold() in seen:
            number += 1
            found = f"{name}-{number}"
        seen.add(found.casefold())
        yield found
