"""Keys of objects in the image store."""

from __future__ import annotations

import re

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def validate_key(key: str) -> str:
    """Return the key if it is valid: names of letters, digits, ``._-``, joined by slashes.

    Raises:
        ValueError: the key has another form.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a valid object key; use letters, digits, '.', '_', '-' and '/'")
    return key
