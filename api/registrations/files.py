"""/api/v1/registrations/ID: the registered image, pictures, and the transform in every format."""

from __future__ import annotations

from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import files, previews, problems
from api.dependencies import StoreDep
from api.errors import NoResult
from api.registrations import current
from api.registrations.example import PATH
from api.registrations.pictures import MEDIA_TYPES, PictureChoice, PictureFormat, draw_picture
from api.registrations.routes import SucceededDep
from db.errors import CorrectionNotFound, ObjectAltered, ObjectMissing, RegistrationNotFound
from db.rows import RegistrationRow
from db.store import ImageStore
from xebra.transform_files import FORMATS, Format, Pair

router = APIRouter(prefix=PATH + "/{registration_id}", tags=["registrations"])
FILE_ERRORS = problems.documented(
    *(RegistrationNotFound, NoResult, CorrectionNotFound, RequestValidationError),
    *(ObjectMissing, ObjectAltered),
)
CorrectionQuery = Annotated[str | None, Query(max_length=36, description=current.DESCRIPTION)]


@router.get(
    "/registered",
    summary="Download registered image",
    response_class=StreamingResponse,
    responses=FILE_ERRORS | files.documented("image/tiff"),
)
def download_registered_image(
    row: SucceededDep,
    store: StoreDep,
    correction: CorrectionQuery = None,
    format: Annotated[Literal["tiff", "ome-tiff"], Query(description="Both keep the data type.")] = "tiff",
) -> StreamingResponse:
    """Return a TIFF file: the values of the moving image on the grid of the fixed image, data type kept."""
    key = current.registered_key(row, store, correction)
    if format == "tiff":
        return files.stream(store, key, "image/tiff", current.file_name(row, ".tif"))
    ome = f"{current.folder(row, correction)}.ome.tif"
    previews.create_once(store, ome, _ome_tiff(row, store, key))
    return files.stream(store, ome, "image/tiff", current.file_name(row, ".ome.tif"))


def _ome_tiff(row: RegistrationRow, store: ImageStore, key: str) -> previews.Draw:
    """Return a function that writes the registered image as OME-TIFF, colours as channels."""

    def draw(target: BinaryIO) -> None:
        from xebra import image_files

        assert row.result is not None  # checked by SucceededDep
        with store.open(key) as file:
            pixels = image_files.read(file, key).pixels
        um = row.result.body["fixed"]["pixel_spacing_um"]
        previews.write_tiff_to(
            target, lambda path: image_files.write_channels(path, [pixels], [row.moving_image.name], um)
        )

    return draw


@router.get(
    "/registered/preview",
    summary="Get preview of registered image",
    response_class=StreamingResponse,
    responses=FILE_ERRORS | files.documented("image/png"),
)
def get_registered_image_preview(
    row: SucceededDep, store: StoreDep, correction: CorrectionQuery = None
) -> StreamingResponse:
    """Return an 8-bit PNG on the grid of the fixed image's preview."""
    registered = current.registered_key(row, store, correction)
    key = f"{registered}.preview.png"
    previews.create_once(store, key, previews.draw_stored(store, registered))
    return files.stream(store, key, "image/png")


class PictureQuery(PictureChoice):
    """A picture, its file format, and the position that it shows."""

    format: PictureFormat = Field(
        "png", description="SVG and PDF: text, frames and scale bar as vectors, with fonts."
    )
    correction: str | None = Field(None, max_length=36, description=current.DESCRIPTION)

    @property
    def options(self) -> PictureChoice:
        """Return what the picture shows."""
        return PictureChoice(**self.model_dump(include=set(PictureChoice.model_fields)))


@router.get(
    "/picture",
    summary="Get registration picture",
    response_class=StreamingResponse,
    responses=FILE_ERRORS | files.documented(*MEDIA_TYPES.values()),
)
def get_registration_picture(
    row: SucceededDep,
    store: StoreDep,
    choice: Annotated[PictureQuery, Query()],
) -> StreamingResponse:
    """Return a figure of fixed, moving, registered and overlay, or the overlay alone."""
    key = f"{current.folder(row, choice.correction)}.picture{choice.options.key}.{choice.format}"
    body = current.body(row, choice.correction)
    previews.create_once(store, key, draw_picture(row, body, store, choice.format, choice.options))
    download_as = None if choice.format == "png" else current.file_name(row, f".{choice.format}")
    return files.stream(store, key, MEDIA_TYPES[choice.format], download_as)


@router.get(
    "/transform",
    summary="Download transform",
    response_class=Response,
    responses=problems.documented(RegistrationNotFound, NoResult, CorrectionNotFound, RequestValidationError)
    | files.documented(*sorted({kind.media_type for kind in FORMATS.values()})),
)
def download_transform(
    row: SucceededDep,
    format: Annotated[
        Format,
        Query(
            description="File format, named after the program that reads it. In physical units where both"
            " pixel spacings are known; names that end in -px: always in pixels."
        ),
    ] = "json",
    correction: CorrectionQuery = None,
) -> Response:
    """Return the transform that counts, the predicted one, or that of another correction."""
    kind = FORMATS[format]
    content = kind.content(Pair.of(current.body(row, correction)))
    return Response(
        content, media_type=kind.media_type, headers=files.attachment(current.file_name(row, kind.suffix))
    )
