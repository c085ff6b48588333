"""File names that tell fixed from moving images: ``{name}`` and wildcards, or the words fixed and moving."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xebra.errors import PairingInvalid
from xebra.readers.rosetta import MODULES

NAME = "{name}"
SEPARATOR = r"[ _.\-+]"
# What a wildcard at a pattern's end may match: beside the images of some instruments lie text files.
ALWAYS = ".tif .tiff .btf .png .jpg .jpeg .bmp .gif .mrc .mrcs .rec .st .ali .h5 .hdf5 .hdf .nxs .zarr"
IMAGE_SUFFIXES = frozenset([*ALWAYS.split(" "), *MODULES])


@dataclass(frozen=True)
class Pattern:
    """A rule for file names. ``key`` returns what files of one pair have in common."""

    regex: re.Pattern[str]
    images_only: bool  # the suffix is not part of the rule

    def key(self, name: str) -> str | None:
        """Return the part of a file name that both files of a pair share; None: the rule does not fit."""
        stem, suffix = _split(name)
        if self.images_only and suffix.lower() not in IMAGE_SUFFIXES:
            return None
        found = self.regex.fullmatch(stem if self.images_only else name)
        return found and "\0".join(part or "" for part in found.groups()).casefold()


def pattern(text: str) -> Pattern:
    """Return the rule of a user's pattern: ``{name}`` (or else the first ``*``) is what a pair shares.

    ``*`` matches any text, ``?`` one character; capitals do not matter. Without ``{name}`` and ``*`` the
    pattern is one file's name, whose key is empty.
    """
    if text.count(NAME) > 1:
        raise PairingInvalid(f"{text}: use {NAME} once.")
    if NAME not in text:
        text = text.replace("*", NAME, 1)
    images_only = text.endswith(("*", NAME))
    parts = {NAME: "(.+?)", "*": ".*?", "?": "."}
    tokens = re.split(r"(\{name\}|\*|\?)", text)
    regex = "".join(parts.get(token, re.escape(token)) for token in tokens)
    return Pattern(re.compile(regex, re.IGNORECASE), images_only)


def word(name: str) -> Pattern:
    """Return the rule of files whose name contains a word, such as ``fixed``: a pair shares all the rest.

    >>> [word("fixed").key(n) == word("moving").key(n.replace("fixed", "moving")) for n in ("a_fixed.tif",)]
    [True]
    """
    before, after = rf"(?:(.*?){SEPARATOR}+)?", rf"(?:{SEPARATOR}+(.*))?"
    return Pattern(re.compile(f"{before}{name}{after}", re.IGNORECASE), True)


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix; ``.ome`` belongs to the suffix."""
    stem, dot, suffix = name.rpartition(".")
    return stem.removesuffix(".ome"), dot + suffix
