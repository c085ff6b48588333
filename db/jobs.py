"""Jobs as clients see them: submit, get, cancel. The row is the truth; the queue only wakes workers up."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from db import audit, events, images, line
from db.errors import RegistrationEnded, RegistrationNotFound
from db.rows import LOCAL, RegistrationRow
from db.types import can_be_one, utc_now

WHOLE = [  # what the API shows of a job, in one query
    joinedload(RegistrationRow.result),
    joinedload(RegistrationRow.fixed_image),
    joinedload(RegistrationRow.moving_image),
]


@dataclass(frozen=True)
class Wish:
    """What a client asks for."""

    fixed_image_id: str
    moving_image_id: str
    network: str | None = None
    fixed_spacing_um: float | None = None
    moving_spacing_um: float | None = None
    mirror: str = "no"
    priority: str = "bulk"

    def settings(self) -> dict[str, Any]:
        """What bears on the answer beside the images, as the audit records it."""
        spacings = [self.fixed_spacing_um, self.moving_spacing_um]
        return {"network": self.network, "spacing_um": spacings, "mirror": self.mirror}


def submit(
    session: Session, wish: Wish, *, actor: str, request_id: str, owner: str = LOCAL
) -> RegistrationRow:
    """Accept a job: row, place in the line and audit in one transaction."""
    fixed, moving = (images.get(session, id, owner) for id in (wish.fixed_image_id, wish.moving_image_id))
    now = utc_now()
    row = RegistrationRow(id=str(uuid.uuid4()), owner=owner, state="queued", actor=actor, **vars(wish))
    row.request_id, row.created_at = request_id, now
    session.add(row)
    session.flush()
    for name, related in (("result", None), ("fixed_image", fixed), ("moving_image", moving)):
        set_committed_value(row, name, related)
    line.join(session, row, now)
    hashes = {"fixed_sha256": fixed.sha256, "moving_sha256": moving.sha256}
    about = {"registration": row.id, "settings": wish.settings(), **hashes}
    entry = audit.record(session, "registration.submitted", actor=actor, **about)
    events.tell(session, entry, [row], "queued")
    return row


def get(session: Session, registration_id: str, owner: str | None = None) -> RegistrationRow:
    """The job of this id with its images and any result; another's is missed like one that never was.

    Raises ``RegistrationNotFound``.
    """
    _check(registration_id)
    row = session.get(RegistrationRow, registration_id, options=WHOLE)
    if row is None or owner not in (None, row.owner):
        raise _not_found(registration_id)
    return row


def state(session: Session, registration_id: str) -> str:
    """Of a job that is known to be there."""
    return session.scalars(select(RegistrationRow.state).where(RegistrationRow.id == registration_id)).one()


def cancel(
    session: Session, registration_id: str, *, actor: str, owner: str | None = None
) -> RegistrationRow:
    """End a job that has not ended; a worker on it finds its claim gone at its next step.

    Raises ``RegistrationNotFound`` or ``RegistrationEnded``.
    """
    _check(registration_id)
    line.leave(session, registration_id)  # first of all, as a worker does: neither waits for the other
    ended = session.execute(
        update(RegistrationRow)
        .where(RegistrationRow.id == registration_id, RegistrationRow.state.in_(("queued", "running")))
        .where(RegistrationRow.owner == owner if owner else true())
        .values(state="cancelled", finished_at=utc_now(), lease_until=None)
    )
    row = get(session, registration_id, owner)
    if ended.rowcount == 0:
        raise RegistrationEnded(f"registration {registration_id} has already {_ended_how(row.state)}")
    line.leave(session, registration_id)  # where it was queued again in between
    entry = audit.record(session, "registration.cancelled", actor=actor, registration=registration_id)
    events.tell(session, entry, [row], "cancelled")
    return row


def _check(registration_id: str) -> None:
    if not can_be_one(registration_id):
        raise _not_found(registration_id)


def _not_found(registration_id: str) -> RegistrationNotFound:
    return RegistrationNotFound(f"there is no registration {registration_id}")


def _ended_how(state: str) -> str:
    return "been cancelled" if state == "cancelled" else state
