"""The picture of a registration, drawn from what was remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Literal

from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from xebra import Image, read_image

PictureFormat = Literal["png", "svg"]
MEDIA_TYPES: dict[PictureFormat, str] = {"png": "image/png", "svg": "image/svg+xml"}
DPI = 200  # of the images inside a drawing whose words and lines have no pixels


def draw_picture(
    row: RegistrationRow, store: ImageStore, format: PictureFormat
) -> Callable[[BinaryIO], None]:
    """Draws the picture of a registration that succeeded."""

    def draw(target: BinaryIO) -> None:
        from xebra import picture  # brings matplotlib, which no other request needs
        from xebra.registration import Registration

        body = row.result.body
        fixed = _image(row.fixed_image, body["fixed"]["pixel_spacing_um"], store)
        moving = _image(row.moving_image, body["moving"]["pixel_spacing_um"], store)
        found = Registration.from_json(body, fixed, moving)
        if format == "png":
            picture.save(found, target)
        else:
            picture.draw(found).savefig(target, format="svg", dpi=DPI, metadata={"Date": None})

    return draw


def _image(row: ImageRow, spacing: float | None, store: ImageStore) -> Image:
    """The image as it was registered, with the pixel spacing that counted then."""
    with store.open(row.store_key) as file:
        return read_image(file, name=row.name, pixel_spacing=spacing)
