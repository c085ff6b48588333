"""Objects of the image store as responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from db.store import ImageStore

CHUNK = 256 << 10
NEVER_CHANGES = "private, max-age=31536000, immutable"
_BYTES, _OBJECT = {"type": "string", "format": "binary"}, {"type": "object"}


def stream(store: ImageStore, key: str, media_type: str, download_as: str | None = None) -> StreamingResponse:
    """An object that never changes, in pieces; offered for download under a name if one is given."""
    headers = {"Cache-Control": NEVER_CHANGES}
    if download_as is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(download_as, safe='')}"
    return StreamingResponse(_pieces(store.open(key)), media_type=media_type, headers=headers)


def documented(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of an endpoint that answers with a file."""
    content = {kind: {"schema": _OBJECT if kind.endswith("json") else _BYTES} for kind in media_types}
    return {200: {"description": "The file", "content": content}}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK):
            yield piece
