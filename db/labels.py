"""Labels of an instrument: pairs of its images whose transform is known, to adapt its network to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session, joinedload

from db import audit, clock, corrections, images, jobs, reviews
from db.engine import affected_rows
from db.errors import LabelNotFound
from db.rows import LabelCollectionRow, LabelRow, RegistrationRow
from db.types import is_valid_id

CERTAIN_WITHIN = 0.005  # expected error of a certain result, share of the fixed image's longer side
CHOSEN = ("fixed_channel", "fixed_frame", "moving_channel", "moving_frame")
Matrix = Sequence[Sequence[float]]


def collects(session: Session, owner: str) -> bool:
    """Return whether results of an instrument become labels; they do not unless it was enabled."""
    query = select(LabelCollectionRow.enabled).where(LabelCollectionRow.owner == owner)
    return bool(session.scalar(query))


def set_collection(session: Session, owner: str, enabled: bool, *, actor: str) -> None:
    """Enable or disable that results of an instrument become labels; those that exist stay."""
    row = session.get(LabelCollectionRow, owner, with_for_update=True)
    if row is None:
        row = LabelCollectionRow(owner=owner)
        session.add(row)
    row.enabled, row.actor, row.changed_at = enabled, actor, clock.now(session)
    audit.record(session, "labels.collection", actor=actor, instrument=owner, enabled=enabled)


def add(
    session: Session,
    owner: str,
    image_ids: tuple[str, str],
    moving_from_fixed: Matrix,
    *,
    actor: str,
    group: str | None = None,
    spacings: tuple[float | None, float | None] = (None, None),
    **chosen: Any,
) -> LabelRow:
    """Add a pair whose transform is known from elsewhere.

    Args:
        session: Of a writing transaction.
        owner: Instrument of both images.
        image_ids: Fixed and moving image.
        moving_from_fixed: 3 x 3, px; the last row is 0 0 1.
        actor: For the audit log.
        group: Region or acquisition, never split between training and evaluation; None: the image decides.
        spacings: Of both images, um per px; None: that of the image.
        **chosen: Channels and frames of files with several images, as in ``CHOSEN``.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
    """
    fixed, moving = (images.get(session, image_id, owner) for image_id in image_ids)
    row = LabelRow(id=str(uuid.uuid4()), owner=owner, source="added", actor=actor, group_name=group, **chosen)
    row.fixed_image_id, row.moving_image_id = fixed.id, moving.id
    row.fixed_spacing_um, row.moving_spacing_um = spacings
    row.moving_from_fixed, row.created_at = [list(line) for line in moving_from_fixed], clock.now(session)
    row.excluded = False
    session.add(row)
    _audit(session, "label.added", row, actor)
    return row


def refresh(session: Session, registration_id: str, *, actor: str) -> LabelRow | None:
    """Make the label of a job what its result, corrections and reviews state now; None: it has none.

    Does nothing where its instrument has not enabled the collection.
    """
    job = jobs.get(session, registration_id)
    if job.result is None or not collects(session, job.owner):
        return None
    found, old = _of_job(job), _existing(session, job.id)
    if found is None:
        if old is not None:
            delete_row(session, old, actor)
        return None
    source, matrix = found
    if old is not None and (old.source, old.moving_from_fixed) == (source, matrix):
        return old
    row = old or LabelRow(id=str(uuid.uuid4()), owner=job.owner, registration_id=job.id, excluded=False)
    _describe(row, job)
    row.source, row.moving_from_fixed, row.actor, row.created_at = source, matrix, actor, clock.now(session)
    session.add(row)
    _audit(session, "label.collected", row, actor)
    return row


def is_certain(body: dict[str, Any]) -> bool:
    """Return whether a result is certain enough for a label without a person's decision."""
    error, side = body.get("expected_corner_error_px"), max(body["fixed"]["shape"][:2])
    return body["verdict"] == "accept" and error is not None and error <= CERTAIN_WITHIN * side


def get(session: Session, label_id: str, owner: str) -> LabelRow:
    """Return a label with its images.

    Raises:
        LabelNotFound: there is no such label of this owner.
    """
    query = select(LabelRow).where(LabelRow.id == label_id, LabelRow.owner == owner).options(*WITH_IMAGES)
    row = session.scalar(query) if is_valid_id(label_id) else None
    if row is None:
        raise LabelNotFound(f"there is no label {label_id}")
    return row


def exclude(session: Session, label_id: str, owner: str, excluded: bool, *, actor: str) -> LabelRow:
    """Keep a label out of adaptations, or take it in again.

    Raises:
        LabelNotFound: there is no such label of this owner.
    """
    row = get(session, label_id, owner)
    if row.excluded != excluded:
        row.excluded = excluded
        _audit(session, "label.excluded" if excluded else "label.included", row, actor)
    return row


def delete_row(session: Session, row: LabelRow, actor: str) -> None:
    """Delete a label; its images and its job stay."""
    session.execute(delete(LabelRow).where(LabelRow.id == row.id))
    session.expunge(row)
    audit.record(session, "label.deleted", actor=actor, label=row.id, instrument=row.owner)


def delete_of(session: Session, *, registration: str | None = None, image: str | None = None) -> int:
    """Delete the labels of a job or of an image that is being deleted; return their number."""
    used = or_(LabelRow.fixed_image_id == image, LabelRow.moving_image_id == image)
    which = used if registration is None else LabelRow.registration_id == registration
    return affected_rows(session, delete(LabelRow).where(which))


def usable(session: Session, owner: str) -> list[LabelRow]:
    """Return the labels that an adaptation may use, with their images, oldest first."""
    query = select(LabelRow).where(LabelRow.owner == owner, ~LabelRow.excluded).options(*WITH_IMAGES)
    return list(session.scalars(query.order_by(LabelRow.created_at, LabelRow.id)))


def count(session: Session, owner: str) -> int:
    """Return the number of labels that an adaptation may use."""
    query = select(func.count()).where(LabelRow.owner == owner, ~LabelRow.excluded)
    return session.scalar(query) or 0


WITH_IMAGES = (joinedload(LabelRow.fixed_image), joinedload(LabelRow.moving_image))


def _existing(session: Session, registration_id: str) -> LabelRow | None:
    query = select(LabelRow).where(LabelRow.registration_id == registration_id)
    return session.scalar(query.with_for_update())


def _of_job(job: RegistrationRow) -> tuple[str, list[list[float]]] | None:
    """Return source and transform of the label of a job; None where its position is not known well enough."""
    assert job.result is not None
    body, review = job.result.body, reviews.applied(job)
    if review is not None and review.decision == "reject":
        return None
    if (correction := corrections.applied(job)) is not None:
        return "correction", inverse(correction.fixed_from_moving)
    if body.get("field") is not None:  # the matrix is not the whole transform
        return None
    predicted = [list(line) for line in body["moving_from_fixed"]]
    if review is not None:
        return "confirmed", predicted
    return ("accepted", predicted) if is_certain(body) else None


def _describe(row: LabelRow, job: RegistrationRow) -> None:
    assert job.result is not None
    row.fixed_image_id, row.moving_image_id = job.fixed_image_id, job.moving_image_id
    for name in CHOSEN:
        setattr(row, name, getattr(job, name))
    row.fixed_spacing_um, row.moving_spacing_um = (
        _spacing(job.result.body[name]) for name in ("fixed", "moving")
    )


def _spacing(image: dict[str, Any]) -> float | None:
    """Return the spacing of square pixels, um per px."""
    spacing: float | None = image["pixel_spacing_um"]
    return None if image.get("pixel_spacing_xy_um") else spacing


def inverse(matrix: Matrix) -> list[list[float]]:
    """Return the inverse of an affine matrix (3 x 3).

    Examples:
        >>> inverse([[2, 0, 4], [0, 2, 6], [0, 0, 1]])
        [[0.5, -0.0, -2.0], [-0.0, 0.5, -3.0], [0.0, 0.0, 1.0]]
    """
    (a, b, x), (c, d, y) = matrix[0], matrix[1]
    area = a * d - b * c
    p, q, r, s = d / area, -b / area, -c / area, a / area
    return [[p, q, -(p * x + q * y)], [r, s, -(r * x + s * y)], [0.0, 0.0, 1.0]]


def _audit(session: Session, event: str, row: LabelRow, actor: str) -> None:
    session.flush()
    about: dict[str, Any] = {"label": row.id, "instrument": row.owner, "source": row.source}
    about |= {"registration": row.registration_id, "moving_from_fixed": row.moving_from_fixed}
    audit.record(session, event, actor=actor, **about)
