"""The picture of a registration, drawn from its stored result."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, Field

from api.images.choice import Choice
from api.previews import Draw
from api.registrations import current
from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from xebra import Image
from xebra.image import read_untrusted

PictureFormat = Literal["png", "svg", "pdf"]
Content = Literal["figure", "overlay", "registered"]
Colors = Literal["magenta-green", "green-magenta", "cyan-red", "yellow-blue"]
MEDIA_TYPES: dict[PictureFormat, str] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}


class PictureChoice(BaseModel):
    """What a picture shows, and how."""

    content: Annotated[Content, Field(description="All panels, or one on the grid of the fixed image.")] = (
        "figure"
    )
    colors: Annotated[Colors, Field(description="Of the overlay: fixed, then registered.")] = "magenta-green"
    scale_bar: Annotated[bool, Field(description="Where the pixel spacing is known.")] = True
    status: Annotated[bool, Field(description="Parameters and verdict below the panels of a figure.")] = True

    @property
    def key(self) -> str:
        """Return a part of an object key that is unique to this choice; empty for the default."""
        given = self.model_dump(exclude_defaults=True).items()
        return "".join(f".{name}-{value}" for name, value in given).lower()


ALL = PictureChoice()


def draw_picture(
    row: RegistrationRow,
    body: dict[str, Any],
    store: ImageStore,
    format: PictureFormat = "png",
    choice: PictureChoice = ALL,
) -> Draw:
    """Return a function that draws the picture of a registration with this result."""

    def draw(target: BinaryIO) -> None:
        from xebra import picture  # imports matplotlib, which no other request needs
        from xebra.registration import Registration

        fixed_choice, moving_choice = current.choices(row)
        fixed = _image(row.fixed_image, body["fixed"]["pixel_spacing_um"], store, fixed_choice)
        moving = _image(row.moving_image, body["moving"]["pixel_spacing_um"], store, moving_choice)
        registration = Registration.from_json(body, fixed, moving)
        options = picture.PictureOptions(**choice.model_dump())
        picture.save(registration, target, format=format, options=options)

    return draw


def _image(row: ImageRow, spacing: float | None, store: ImageStore, choice: Choice) -> Image:
    """Return the stored image with the pixel spacing that was used for the registration."""
    with store.open(row.store_key) as file:
        return read_untrusted(file, row.name, spacing, channel=choice.channel, frame=choice.frame)
