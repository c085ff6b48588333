"""Objects of the image store as HTTP responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from db.store import ImageStore

CHUNK_BYTES = 256 << 10
IMMUTABLE = "private, max-age=31536000, immutable"
_BYTES, _OBJECT = {"type": "string", "format": "binary"}, {"type": "object"}


def stream(store: ImageStore, key: str, media_type: str, download_as: str | None = None) -> StreamingResponse:
    """Return an immutable object as a chunked response, as a download if a file name is given."""
    headers = {"Cache-Control": IMMUTABLE}
    if download_as is not None:
        headers |= attachment(download_as)
    return StreamingResponse(_chunks(store.open(key)), media_type=media_type, headers=headers)


def stream_file(file: BinaryIO, media_type: str, download_as: str) -> StreamingResponse:
    """Return an open temporary file as a download; it is closed, and with that deleted, afterwards."""
    headers = {"Cache-Control": "no-store"} | attachment(download_as)
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def attachment(name: str) -> dict[str, str]:
    """Return the header of a download under this name, which may hold any letters."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\' else "_" for letter in name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    }


def documented(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response of an endpoint that returns a file."""
    content = {kind: {"schema": _OBJECT if kind.endswith("json") else _BYTES} for kind in media_types}
    return {200: {"description": "The file", "content": content}}


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
