"""Images as the API represents them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.images import choice
from api.times import Time
from db.rows import ImageRow
from xebra.readers.channel import Channel

PATH = "/api/v1/images"
Modality = Annotated[
    str | None,
    Field(max_length=40, pattern=r"^[^\x00-\x1f]*$", description="Imaging modality: SE, BSE, XRF ..."),
]


EXAMPLE = f"{PATH}/2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0"


class ImageLinks(BaseModel):
    """Links to the file and the preview."""

    self: str
    content: str
    preview: str


class ImageChoice(BaseModel):
    """One image of a file: a channel, a map or a stack of frames."""

    channel: int = Field(description="Its number, for the channel of a registration.")
    name: str
    kind: Literal["image", "map", "preview"]
    height: int
    width: int
    colours: int
    dtype: str
    frames: int
    pixel_spacing_um: float | None
    spacing_source: str | None
    detector: str | None
    preview: str

    @classmethod
    def of(cls, path: str, number: int, channel: Channel) -> ImageChoice:
        """Return the choice of one channel of the image at ``path``."""
        spacing = channel.spacing
        frame = "&frame=0" if channel.frames > 1 else ""
        return cls(
            channel=number,
            height=channel.shape[0],
            width=channel.shape[1],
            colours=channel.shape[2] if len(channel.shape) > 2 else 1,
            pixel_spacing_um=spacing and spacing.x,
            spacing_source=spacing and spacing.source,
            preview=f"{path}/preview?size=small&channel={number}{frame}",
            **{name: getattr(channel, name) for name in ("name", "kind", "dtype", "frames", "detector")},
        )


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
                "format": "OME-TIFF",
                "choices": [
                    {
                        "channel": 0,
                        "name": "BSE",
                        "kind": "image",
                        "height": 512,
                        "width": 512,
                        "colours": 1,
                        "dtype": "uint16",
                        "frames": 1,
                        "pixel_spacing_um": 0.0125,
                        "spacing_source": "OME metadata",
                        "detector": None,
                        "preview": f"{EXAMPLE}/preview?size=small&channel=0",
                    }
                ],
                "default_channel": 0,
                "default_reason": None,
                "choice_needed": False,
                "created_at": "2026-03-01T09:30:00.000Z",
                "links": {
                    "self": EXAMPLE,
                    "content": f"{EXAMPLE}/content",
                    "preview": f"{EXAMPLE}/preview",
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
    format: str | None
    choices: list[ImageChoice] = Field(description="The images that the file holds.")
    default_channel: int | None = Field(description="The channel that is used where none is named.")
    default_reason: str | None = Field(description="Why this one, where the file holds several.")
    choice_needed: bool = Field(description="True where a registration must name a channel or a frame.")
    created_at: Time
    links: ImageLinks

    @classmethod
    def of(cls, row: ImageRow) -> Image:
        """Return the image of a row."""
        path = f"{PATH}/{row.id}"
        links = ImageLinks(self=path, content=f"{path}/content", preview=f"{path}/preview")
        stored = (set(cls.model_fields) & set(row.__table__.columns.keys())) - {"format"}
        fields = {name: getattr(row, name) for name in stored}
        return cls(**fields, **_choices(row, path), links=links)


def _choices(row: ImageRow, path: str) -> dict[str, Any]:
    """Return the fields that say what the file holds; it is unknown for images of earlier versions."""
    info = choice.contents(row)
    if info is None:
        unknown = {"format": None, "default_channel": None, "default_reason": None}
        return unknown | {"choices": [], "choice_needed": False}
    return {
        "format": info.format,
        "choices": [ImageChoice.of(path, number, channel) for number, channel in enumerate(info.channels)],
        "default_channel": info.default,
        "default_reason": info.reason,
        "choice_needed": info.default is None or info.channels[info.default].frames > 1,
    }


class ImagePage(BaseModel):
    """One page of images, newest first."""

    items: list[Image]
    next_cursor: str | None
