"""The result of a pair, computed here or by a service."""

from __future__ import annotations

import io
from typing import Any, Literal

import xebra
from xebra.image_files import write_tiff
from xebra.mirror import MIRROR

Mirror = Literal["no", "yes", "try"]


def local(fixed: xebra.Image, moving: xebra.Image, mirror: Mirror) -> dict[str, Any]:
    """Return the canonical JSON of a registration in this process."""
    return xebra.register(fixed, moving, mirror=MIRROR[mirror]).to_json()


def by_service(
    url: str, api_key: str, fixed: xebra.Image, moving: xebra.Image, mirror: Mirror
) -> dict[str, Any]:
    """Return the canonical JSON of a registration by a service at ``url``; ``api_key`` may be empty."""
    from xebra.client import Client

    with Client(url, api_key or None) as client:
        uploaded = [
            client.upload(_tiff(image), f"{image.name}.tif", image.pixel_spacing) for image in (fixed, moving)
        ]
        return client.result(client.submit(*uploaded, mirror=mirror))


def _tiff(image: xebra.Image) -> bytes:
    file = io.BytesIO()
    write_tiff(file, image.pixels, image.pixel_spacing)
    return file.getvalue()
