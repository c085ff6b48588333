"""Registration jobs: submit, get, cancel. The row holds the state; the queue only wakes workers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, exists, select, true, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.base import ExecutableOption

from db import clock, events, images, job_queue, tracing
from db.engine import affected_rows
from db.errors import RegistrationEnded, RegistrationNotFound
from db.networks import Version
from db.rows import (
    LOCAL,
    CorrectionRow,
    ImageRow,
    InstrumentRow,
    LabelCollectionRow,
    NetworkRow,
    RegistrationRow,
    ReviewRow,
    TagRow,
)
from db.types import is_valid_id

WITH_RELATED = [  # everything that the API shows of a job, in few queries
    joinedload(RegistrationRow.result),
    joinedload(RegistrationRow.fixed_image),
    joinedload(RegistrationRow.moving_image),
    selectinload(RegistrationRow.corrections),
    selectinload(RegistrationRow.reviews),
    selectinload(RegistrationRow.tags),
]

WITH_ONE = WITH_RELATED[:3]
WITH_MASKS = [  # of jobs that are registered, now or again
    joinedload(RegistrationRow.fixed_mask_image),
    joinedload(RegistrationRow.moving_mask_image),
]
_LISTS: dict[str, tuple[type[CorrectionRow | ReviewRow | TagRow], tuple[Any, ...]]] = {
    "corrections": (CorrectionRow, (CorrectionRow.created_at, CorrectionRow.id)),
    "reviews": (ReviewRow, (ReviewRow.created_at, ReviewRow.id)),
    "tags": (TagRow, (TagRow.name,)),
}  # with their order: made by persons, empty for most jobs


def _one(*more: ExecutableOption) -> Select[Any]:
    """Return the query of a job with its images and result, and whether each of its lists has elements."""
    of_job = (kind.registration_id == RegistrationRow.id for kind, _ in _LISTS.values())
    columns: list[Any] = [RegistrationRow, *(exists().where(each) for each in of_job)]
    query: Select[Any] = select(*columns)
    return query.where(RegistrationRow.id == bindparam("job")).options(*WITH_ONE, *more)


_ACTIVE, _SHADOW = aliased(NetworkRow), aliased(NetworkRow)
_TO_REGISTER = (
    select(
        *(RegistrationRow, InstrumentRow, LabelCollectionRow.enabled),
        *(getattr(version, name) for version in (_ACTIVE, _SHADOW) for name in Version._fields),
    )
    .outerjoin(InstrumentRow, InstrumentRow.name == RegistrationRow.owner)
    .outerjoin(LabelCollectionRow, LabelCollectionRow.owner == RegistrationRow.owner)
    .outerjoin(_ACTIVE, (_ACTIVE.owner == RegistrationRow.owner) & (_ACTIVE.state == "active"))
    .outerjoin(_SHADOW, (_SHADOW.owner == RegistrationRow.owner) & (_SHADOW.state == "shadow"))
    .options(joinedload(RegistrationRow.fixed_image), joinedload(RegistrationRow.moving_image))
    .where(RegistrationRow.id == bindparam("job"))
)
_GET = {False: _one(), True: _one(*WITH_MASKS)}  # with masks or without
MASKS = ("fixed_mask", "moving_mask", "fixed_mask_image_id", "moving_mask_image_id")


@dataclass(frozen=True)
class RegistrationRequest:
    """The parameters of a registration."""

    fixed_image_id: str
    moving_image_id: str
    fixed_channel: str | None = None
    fixed_frame: int | None = None
    moving_channel: str | None = None
    moving_frame: int | None = None
    network: str | None = None
    fixed_spacing_um: float | None = None
    moving_spacing_um: float | None = None
    mirror: str = "no"
    model: str = "similarity"
    prior: dict[str, Any] | None = None  # fixed_from_moving, shift, angle_deg, scale
    fixed_tilt: dict[str, Any] | None = None  # degrees, axis_deg
    moving_tilt: dict[str, Any] | None = None
    priority: str = "bulk"
    fixed_mask: dict[str, Any] | None = None  # polygons, in the form of ``xebra.PolygonMask.from_json``
    moving_mask: dict[str, Any] | None = None
    fixed_mask_image_id: str | None = None
    moving_mask_image_id: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return the parameters, besides the images, that affect the result, for the audit log."""
        spacings = [self.fixed_spacing_um, self.moving_spacing_um]
        found: dict[str, Any] = {"network": self.network, "spacing_um": spacings, "mirror": self.mirror}
        channels, frames = [self.fixed_channel, self.moving_channel], [self.fixed_frame, self.moving_frame]
        tilts = [self.fixed_tilt, self.moving_tilt]
        found |= {"model": self.model, "prior": self.prior, "tilts": tilts}
        masks = {name: getattr(self, name) for name in MASKS if getattr(self, name) is not None}
        return found | {"channels": channels, "frames": frames} | masks


def submit(
    session: Session,
    request: RegistrationRequest,
    *,
    actor: str,
    request_id: str,
    owner: str = LOCAL,
    published: bool = False,
    known: dict[str, ImageRow] | None = None,
) -> RegistrationRow:
    """Accept a job: insert the row, the queue entry and the audit entry in one transaction.

    ``published``: the caller wakes a worker after the commit; otherwise the relay does. ``known``: both
    images, if the caller has read them.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
    """
    pair = request.fixed_image_id, request.moving_image_id
    known = known or images.by_id(session, pair, owner)
    fixed, moving = (known[image_id] for image_id in pair)
    now = clock.now(session)
    row = RegistrationRow(id=str(uuid.uuid4()), owner=owner, state="queued", actor=actor, **vars(request))
    row.request_id, row.created_at, row.traceparent = request_id, now, tracing.current()
    session.add(row)
    session.flush()
    none: list[Any] = []
    for name, related in (
        *(("result", None), ("corrections", none), ("reviews", none), ("tags", none)),
        *(("fixed_image", fixed), ("moving_image", moving)),
    ):
        set_committed_value(row, name, related)
    job_queue.enqueue(session, row, now, sent_at=now if published else None)
    hashes = {"fixed_sha256": fixed.sha256, "moving_sha256": moving.sha256}
    payload = {"registration": row.id, "settings": request.settings(), **hashes}
    events.record(session, "registration.submitted", [row], "queued", actor=actor, **payload)
    return row


def get(
    session: Session, registration_id: str, owner: str | None = None, *, masks: bool = False
) -> RegistrationRow:
    """Return the job with its images and its result, if any; with its mask images too if ``masks``.

    Raises:
        RegistrationNotFound: there is no such job, or it belongs to another owner.
    """
    _check_id(registration_id)
    found = session.execute(_GET[masks], {"job": registration_id}).one_or_none()
    if found is None or owner not in (None, found[0].owner):
        raise _not_found(registration_id)
    row: RegistrationRow = found[0]
    for (name, (kind, order)), any_exist in zip(_LISTS.items(), found[1:], strict=True):
        elements = select(kind).where(kind.registration_id == row.id).order_by(*order)
        set_committed_value(row, name, list(session.scalars(elements)) if any_exist else [])
    return row


class ToRegister(NamedTuple):
    """A job with its images, and what its instrument has chosen."""

    row: RegistrationRow
    instrument: InstrumentRow | None
    network: Version | None  # that answers; None: the bundled one
    shadow: Version | None  # that answers beside it, unseen
    collects_labels: bool


def to_register(session: Session, registration_id: str) -> ToRegister:
    """Return an existing job with its images and mask images, and what its instrument has chosen."""
    job, instrument, collects, *versions = session.execute(_TO_REGISTER, {"job": registration_id}).one()
    count = len(Version._fields)
    network, shadow = (Version(*part) if part[0] else None for part in (versions[:count], versions[count:]))
    for name in ("fixed_mask_image", "moving_mask_image"):  # most jobs have none
        mask_id = getattr(job, f"{name}_id")
        set_committed_value(job, name, mask_id and session.get_one(ImageRow, mask_id))
    return ToRegister(job, instrument, network, shadow, bool(collects))


def state(session: Session, registration_id: str) -> str:
    """Return the state of an existing job."""
    return session.scalars(select(RegistrationRow.state).where(RegistrationRow.id == registration_id)).one()


def cancel(
    session: Session, registration_id: str, *, actor: str, owner: str | None = None
) -> RegistrationRow:
    """Cancel an unfinished job; a worker on it notices the lost claim at its next step.

    Raises:
        RegistrationNotFound: there is no such job of this owner.
        RegistrationEnded: the job is in a final state.
    """
    _check_id(registration_id)
    job_queue.dequeue(session, registration_id)  # first, in the lock order of a claim: avoids a deadlock
    row_count = affected_rows(
        session,
        update(RegistrationRow)
        .where(RegistrationRow.id == registration_id, RegistrationRow.state.in_(("queued", "running")))
        .where(RegistrationRow.owner == owner if owner else true())
        .values(state="cancelled", finished_at=clock.now(session), lease_until=None),
    )
    row = get(session, registration_id, owner)
    if row_count == 0:
        raise RegistrationEnded(f"registration {registration_id} has already {_past(row.state)}")
    job_queue.dequeue(session, registration_id)  # a retry may have queued it in the meantime
    about = {"actor": actor, "registration": registration_id}
    events.record(session, "registration.cancelled", [row], "cancelled", **about)
    return row


def _check_id(registration_id: str) -> None:
    if not is_valid_id(registration_id):
        raise _not_found(registration_id)


def _not_found(registration_id: str) -> RegistrationNotFound:
    return RegistrationNotFound(f"there is no registration {registration_id}")


def _past(state: str) -> str:
    return "been cancelled" if state == "cancelled" else state
