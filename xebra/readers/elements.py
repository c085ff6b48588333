"""Names of element maps: a chemical symbol, with or without the X-ray line."""

from __future__ import annotations

import re

from xebra.readers.xray_lines import symbols

_SYMBOLS = sorted(symbols(), key=len, reverse=True)
_MAP = re.compile(rf"(?:{'|'.join(_SYMBOLS)})(?:[ _-]?[KLM][ab\u03b1\u03b2]?\d?)?")


def is_element(name: str) -> bool:
    """Return True for "Fe", "Fe Ka", "Fe_Ka1", "O-K"; False for "SE", "BSE", "HAADF"."""
    return _MAP.fullmatch(name.strip()) is not None
