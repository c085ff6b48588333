"""The mirror option as the command line, the API and the page name it."""

from __future__ import annotations

from typing import Literal

MirrorOption = Literal["no", "yes", "try"]
MIRROR: dict[str, bool | None] = {"no": False, "yes": True, "try": None}  # of ``xebra.register``
