"""/api/v1/registrations/ID/apply: a result put on further channels, on points and on regions."""

from __future__ import annotations

import json
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, BinaryIO, Literal, cast

from fastapi import APIRouter, Body, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api import files, previews, problems
from api.dependencies import DatabaseDep, IdentityDep, RequestIdDep, StoreDep
from api.errors import NoResult, UploadTooLarge
from api.fields import ImageId
from api.images.choice import ChannelChoice, FrameChoice
from api.registrations import channels, current
from api.registrations.example import MOVING, PATH
from api.registrations.files import CorrectionQuery
from api.registrations.routes import SucceededDep
from db import audit
from db.errors import CorrectionNotFound, ImageNotFound, ObjectAltered, ObjectMissing, RegistrationNotFound
from db.rows import RegistrationRow
from xebra.arrays import Matrix
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, ImageUnusable, PointsInvalid
from xebra.points import Origin, PointMap, map_regions, map_table, point_map
from xebra.resample import Interpolation

MAX_IMAGES = 256
MAX_POINTS_BYTES = 16 << 20
router = APIRouter(prefix=PATH + "/{registration_id}/apply", tags=["registrations"])
ERRORS = problems.documented(
    *(RegistrationNotFound, NoResult, CorrectionNotFound, ImageNotFound, RequestValidationError),
    *(ImageChoiceNeeded, ImageUnreadable, ImageUnusable, ObjectMissing, ObjectAltered),
)
POINT_ERRORS = problems.documented(
    RegistrationNotFound, NoResult, CorrectionNotFound, RequestValidationError, PointsInvalid, UploadTooLarge
)
ToQuery = Annotated[
    Literal["fixed", "moving"], Query(description="The image on which the points are wanted.")
]
OriginQuery = Annotated[
    Origin,
    Query(description="Of the top-left pixel; QuPath counts from its corner, most others from its center."),
]


class ImageToApply(BaseModel):
    """An uploaded image, one channel of its file, or all of them."""

    model_config = ConfigDict(extra="forbid")

    image_id: ImageId
    channel: ChannelChoice = None
    frame: FrameChoice = None
    all_channels: bool = Field(False, description="Every channel of the file but previews.")


class Application(BaseModel):
    """What a result is put on, and how."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"images": [{"image_id": MOVING}], "interpolation": "linear"}},
    )

    images: list[ImageToApply] = Field(min_length=1, max_length=MAX_IMAGES)
    interpolation: Interpolation = Field("linear", description="`nearest` invents no values: for labels.")
    same_field: bool = Field(
        False,
        description="Images with another number of pixels than the moving image show the same field,"
        " as binned element maps do.",
    )
    format: Literal["tiff", "ome-tiff"] = Field(
        "tiff", description="`tiff`: a file for each image, several in a ZIP archive. `ome-tiff`: one file."
    )
    correction: str | None = Field(None, max_length=36, description=current.DESCRIPTION)


@router.post(
    "",
    summary="Apply registration to images",
    response_class=StreamingResponse,
    responses=ERRORS | files.documented("image/tiff", "application/zip"),
)
def apply_to_images(
    body: Application,
    row: SucceededDep,
    database: DatabaseDep,
    store: StoreDep,
    identity: IdentityDep,
    request_id: RequestIdDep,
) -> StreamingResponse:
    """Return further channels of the moving scan on the grid of the fixed image, data types kept."""
    with database.reading() as session:
        wanted = channels.wanted(session, [vars(image) for image in body.images], row.owner)
    result = current.body(row, body.correction)
    how = channels.How(body.interpolation, body.same_field)
    found = channels.Applied(row, result, wanted, how, store)
    file = NamedTemporaryFile()  # noqa: SIM115, the response closes it
    write = found.write_ome_tiff if body.format == "ome-tiff" else found.write_tiffs
    with previews.waiting():
        media_type, suffix = write(file.name)
    payload = {"request": request_id, "correction": (result.get("correction") or {}).get("id")}
    payload |= {"images": [each.described() for each in wanted], **how._asdict()}
    with database.writing() as session:
        audit.record(session, "registration.applied", actor=identity.actor, registration=row.id, **payload)
    return files.stream_file(cast(BinaryIO, file), media_type, found.name + suffix)


@router.post(
    "/points",
    summary="Apply registration to points",
    response_class=Response,
    responses=POINT_ERRORS | files.documented("text/csv"),
)
def apply_to_points(
    row: SucceededDep,
    table: Annotated[
        str,
        Body(
            media_type="text/csv", description="A table with columns x and y, in px.", examples=["x,y\n1,2"]
        ),
    ],
    to: ToQuery = "fixed",
    origin: OriginQuery = "center",
    correction: CorrectionQuery = None,
) -> Response:
    """Return a CSV table with its columns x and y mapped; other columns stay as they are."""
    content = map_table(table, _matrix(row, to, origin, correction))
    name = current.file_name(row, f"_points_in_{to}.csv")
    return Response(content, media_type="text/csv", headers=files.attachment(name))


@router.post(
    "/regions",
    summary="Apply registration to regions",
    response_class=Response,
    responses=POINT_ERRORS | files.documented("application/geo+json"),
)
def apply_to_regions(
    row: SucceededDep,
    regions: Annotated[
        dict[str, Any] | list[Any],
        Body(media_type="application/geo+json", description="GeoJSON (RFC 7946); coordinates in px."),
    ],
    to: ToQuery = "fixed",
    origin: OriginQuery = "center",
    correction: CorrectionQuery = None,
) -> Response:
    """Return GeoJSON with all coordinates mapped; properties stay as they are."""
    content = json.dumps(map_regions(regions, _matrix(row, to, origin, correction)))
    name = current.file_name(row, f"_regions_in_{to}.geojson")
    return Response(content, media_type="application/geo+json", headers=files.attachment(name))


def _matrix(row: RegistrationRow, to: str, origin: Origin, correction: str | None) -> Matrix | PointMap:
    return point_map(current.body(row, correction), to, origin)
