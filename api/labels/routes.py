"""Routes below /api/v1/labels."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from api import files, paging, problems
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep, StoreDep
from api.errors import CursorInvalid
from api.images import choice
from api.images.choice import Choice
from api.labels import export
from api.labels.schemas import PATH, Label, LabelCollection, LabelPage, LabelUpdate, NewLabel
from api.networks.routes import MayChange
from api.paging import CursorQuery, LimitQuery
from db import images, labels, pages
from db.errors import ImageNotFound, LabelNotFound, ObjectAltered, ObjectMissing
from db.rows import LabelRow
from xebra.errors import ImageChoiceNeeded, ImageUnreadable

router = APIRouter(prefix=PATH, tags=["labels"])


@router.get("", summary="List labels", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_labels(
    database: DatabaseDep, owner: OwnerDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> LabelPage:
    """Return the labels of this instrument, newest first, excluded ones too."""
    query = select(LabelRow).where(LabelRow.owner == owner)
    with database.reading() as session:
        rows, more = pages.page(session, query, LabelRow, limit, paging.decode(cursor))
    return LabelPage(items=[Label.of(row) for row in rows], next_cursor=paging.next_cursor(rows, more))


@router.get("/collection", summary="Get label collection", responses=problems.documented())
def get_label_collection(database: DatabaseDep, owner: OwnerDep) -> LabelCollection:
    """Return whether results of this instrument become labels; they do not by default."""
    with database.reading() as session:
        return LabelCollection(enabled=labels.collects(session, owner))


@router.put(
    "/collection",
    summary="Update label collection",
    responses=problems.documented(RequestValidationError),
    dependencies=[MayChange],
)
def update_label_collection(
    body: LabelCollection, database: DatabaseDep, identity: IdentityDep
) -> LabelCollection:
    """Enable or disable that results of this instrument become labels; labels that exist stay.

    Labels never leave the instrument, and are deleted with their images. Requires an API key with the scope
    `networks`.
    """
    with database.writing() as session:
        labels.set_collection(session, identity.owner, body.enabled, actor=identity.actor)
    return body


@router.get(
    "/export",
    summary="Export labels",
    response_class=StreamingResponse,
    responses=problems.documented(ObjectMissing, ObjectAltered) | files.documented("application/zip"),
)
def export_labels(database: DatabaseDep, store: StoreDep, owner: OwnerDep) -> StreamingResponse:
    """Return a zip of the labels that are not excluded: labels.json, and the images as TIFF files.

    `xebra adapt` takes the unpacked folder. Mirrored pairs are left out.
    """
    with database.reading() as session:
        rows = labels.usable(session, owner)
    return export.stream(rows, store)


@router.post(
    "",
    status_code=201,
    summary="Create label",
    responses=problems.documented(ImageNotFound, ImageChoiceNeeded, ImageUnreadable, RequestValidationError),
    dependencies=[MayChange],
)
def create_label(body: NewLabel, database: DatabaseDep, identity: IdentityDep, response: Response) -> Label:
    """Add a pair of uploaded images whose transform is known.

    Requires an API key with the scope `networks`.
    """
    ids = (body.fixed_image_id, body.moving_image_id)
    chosen = {name: getattr(body, name) for name in labels.CHOSEN}
    about = {"group": body.group, "spacings": (body.fixed_spacing_um, body.moving_spacing_um), **chosen}
    with database.writing() as session:
        for image_id, side in zip(ids, ("fixed", "moving"), strict=True):
            wanted = Choice(chosen[f"{side}_channel"], chosen[f"{side}_frame"])
            choice.check(images.get(session, image_id, identity.owner), wanted)
        row = labels.add(session, identity.owner, ids, body.moving_from_fixed, actor=identity.actor, **about)
        response.headers["Location"] = f"{PATH}/{row.id}"
        return Label.of(row)


@router.get("/{label_id}", summary="Get label", responses=problems.documented(LabelNotFound))
def get_label(label_id: str, database: DatabaseDep, owner: OwnerDep) -> Label:
    """Return a label."""
    with database.reading() as session:
        return Label.of(labels.get(session, label_id, owner))


@router.patch(
    "/{label_id}",
    summary="Update label",
    responses=problems.documented(LabelNotFound, RequestValidationError),
    dependencies=[MayChange],
)
def update_label(label_id: str, body: LabelUpdate, database: DatabaseDep, identity: IdentityDep) -> Label:
    """Exclude a label from adaptations, or include it again.

    Requires an API key with the scope `networks`.
    """
    with database.writing() as session:
        excluded = (session, label_id, identity.owner, body.excluded)
        return Label.of(labels.exclude(*excluded, actor=identity.actor))


@router.delete(
    "/{label_id}",
    status_code=204,
    summary="Delete label",
    responses=problems.documented(LabelNotFound),
    dependencies=[MayChange],
)
def delete_label(label_id: str, database: DatabaseDep, identity: IdentityDep) -> None:
    """Delete a label; its images and its registration stay. Requires an API key with the scope `networks`."""
    with database.writing() as session:
        labels.delete_row(session, labels.get(session, label_id, identity.owner), identity.actor)
