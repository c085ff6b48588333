"""Images as the API represents them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.times import Time
from db.rows import ImageRow

PATH = "/api/v1/images"
Modality = Annotated[
    str | None,
    Field(max_length=40, pattern=r"^[^\x00-\x1f]*$", description="Imaging modality: SE, BSE, XRF ..."),
]


class ImageLinks(BaseModel):
    """Links to the file and the preview."""

    self: str
    content: str
    preview: str


class Image(BaseModel):
    """The metadata of an uploaded image."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0",
                "name": "grains_bse.tif",
                "media_type": "image/tiff",
                "size_bytes": 525014,
                "sha256": "9f2b5c1e0a7d4f83b6e8c2d1a0f4957386bc1d2e3f405162738495a6b7c8d9e0",
                "height": 512,
                "width": 512,
                "channels": 1,
                "dtype": "uint16",
                "pixel_spacing_um": 0.0125,
                "spacing_source": "OME metadata",
                "modality": "BSE",
                "created_at": "2026-03-01T09:30:00.000Z",
                "links": {
                    "self": f"{PATH}/2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0",
                    "content": f"{PATH}/2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0/content",
                    "preview": f"{PATH}/2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0/preview",
                },
            }
        }
    )

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    height: int
    width: int
    channels: int
    dtype: str
    pixel_spacing_um: float | None
    spacing_source: str | None
    modality: str | None
    created_at: Time
    links: ImageLinks

    @classmethod
    def of(cls, row: ImageRow) -> Image:
        """Return the image of a row."""
        path = f"{PATH}/{row.id}"
        links = ImageLinks(self=path, content=f"{path}/content", preview=f"{path}/preview")
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "links"}
        return cls(**fields, links=links)


class ImagePage(BaseModel):
    """One page of images, newest first."""

    items: list[Image]
    next_cursor: str | None
