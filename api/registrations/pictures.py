"""The picture of a registration, drawn from its stored result."""

from __future__ import annotations

from typing import Any, BinaryIO, Literal

from api.images.choice import Choice
from api.previews import Draw
from api.registrations import current
from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from xebra import Image
from xebra.image import read_untrusted

PictureFormat = Literal["png", "svg"]
MEDIA_TYPES: dict[PictureFormat, str] = {"png": "image/png", "svg": "image/svg+xml"}
SVG_IMAGE_DPI = 200  # resolution of the images; text and lines are vector graphics


def draw_picture(
    row: RegistrationRow, body: dict[str, Any], store: ImageStore, format: PictureFormat
) -> Draw:
    """Return a function that draws the picture of a registration with this result."""

    def draw(target: BinaryIO) -> None:
        from xebra import picture  # imports matplotlib, which no other request needs
        from xebra.registration import Registration

        fixed_choice, moving_choice = current.choices(row)
        fixed = _image(row.fixed_image, body["fixed"]["pixel_spacing_um"], store, fixed_choice)
        moving = _image(row.moving_image, body["moving"]["pixel_spacing_um"], store, moving_choice)
        registration = Registration.from_json(body, fixed, moving)
        if format == "png":
            picture.save(registration, target)
        else:
            figure = picture.draw(registration)
            figure.savefig(target, format="svg", dpi=SVG_IMAGE_DPI, metadata={"Date": None})

    return draw


def _image(row: ImageRow, spacing: float | None, store: ImageStore, choice: Choice) -> Image:
    """Return the stored image with the pixel spacing that was used for the registration."""
    with store.open(row.store_key) as file:
        return read_untrusted(file, row.name, spacing, channel=choice.channel, frame=choice.frame)
