"""Formats of electron microscopes that RosettaSciIO reads: dm3, dm4, emd, ser, bcf, hspy, blo, tvips, ...

RosettaSciIO is GPL-3 and therefore optional (``pip install "xebra[formats]"``). Readers that unpickle are
left out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import PurePath
from typing import Any

from xebra.errors import ImageUnreadable
from xebra.readers import blockfile, signals, velox
from xebra.readers.channel import Opened
from xebra.readers.source import Source

NOT_INSTALLED = (
    '{name}: reading {what} needs the optional readers. Install them: pip install "xebra[formats]".'
)
TOO_LARGE = "{name}: the file is damaged, or needs more memory than there is. Export it again, or crop it."
MODULES = {  # of rsciio, by suffix
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".ser": "tia",
    ".emi": "tia",
    ".bcf": "bruker",
    ".img": "jeol",
    ".map": "jeol",
    ".pts": "jeol",
    ".asw": "jeol",
    ".emd": "emd",
    ".hspy": "hspy",
    ".rpl": "ripple",
    ".blo": "blockfile",
    ".unf": "semper",
    ".mib": "quantumdetector",
    ".tvips": "tvips",
    ".wdf": "renishaw",
    ".sur": "digitalsurf",
    ".pro": "digitalsurf",
    ".elid": "phenom",
    ".spd": "edax",
}
TITLES = {
    "digitalmicrograph": "DigitalMicrograph",
    "tia": "TIA",
    "bruker": "Bruker",
    "jeol": "JEOL",
    "emd": "EMD",
    "hspy": "HyperSpy",
    "ripple": "Ripple",
    "blockfile": "NanoMEGAS block file",
    "semper": "Semper",
    "quantumdetector": "Quantum Detectors MIB",
    "tvips": "TVIPS",
    "renishaw": "Renishaw WiRE",
    "digitalsurf": "Digital Surf",
    "phenom": "Phenom ELID",
    "edax": "EDAX",
}
SIGNATURES = {
    b"II\x97\x01": ".ser",
    b"AAMVHFSS": ".bcf",
    b"\x00\x00\x00\x03\x00": ".dm3",
    b"\x00\x00\x00\x04\x00": ".dm4",
    b"IMGBLO": ".blo",
}


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open a file by its signature, else by its suffix."""
    start = source.start(8)
    by_content = next((s for known, s in SIGNATURES.items() if start.startswith(known)), None)
    suffix = by_content or PurePath(source.name).suffix.lower()
    if suffix not in MODULES:
        raise ImageUnreadable(
            f"{source.name}: the file is of no format that Xebra reads. Save the image as TIFF or PNG."
        )
    if suffix == ".blo":
        blockfile.check(source)
    try:
        with opened_as(source, suffix) as found:
            yield found
    except MemoryError as error:  # mostly a header with wrong sizes
        raise ImageUnreadable(TOO_LARGE.format(name=source.name)) from error


@contextmanager
def opened_as(source: Source, suffix: str, stream: bool = False) -> Iterator[Opened]:
    """Open a file by the reader of ``suffix``; ``stream``: it is a Velox file with an EDS stream."""
    logging.getLogger("rsciio").setLevel(logging.ERROR)  # what matters comes back as our errors
    with source.on_disk(suffix) as path:
        try:
            module = import_module(f"rsciio.{MODULES[suffix]}")
            if stream:
                found = velox.opened(source.name, module, str(path))
            else:
                title = TITLES[MODULES[suffix]]
                found = signals.opened(source.name, title, _signals(module, str(path)))
        except ModuleNotFoundError as error:
            message = NOT_INSTALLED.format(name=source.name, what=f"{suffix} files")
            raise ImageUnreadable(message) from error
        yield found


def _signals(module: Any, path: str) -> list[dict[str, Any]]:
    """Return what a file holds, with arrays that are read later where the reader supports that."""
    try:
        signals: list[dict[str, Any]] = module.file_reader(path, lazy=True)
    except (NotImplementedError, TypeError):
        signals = module.file_reader(path)
    return signals
