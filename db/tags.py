"""Tags of registrations: short names by which a user groups and finds them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.orm import Session

from db import audit, jobs
from db.errors import RegistrationNotFound, TooManyTags
from db.rows import RegistrationRow, TagRow
from db.types import is_valid_id

MAX_TAGS = 20  # of one registration


def change(
    session: Session,
    registration_id: str,
    add: Collection[str],
    remove: Collection[str],
    *,
    actor: str,
    owner: str | None = None,
) -> RegistrationRow:
    """Add and remove tags; return the registration. A tag in both is added.

    Two users who change different tags at the same time do not undo each other's change.

    Raises:
        RegistrationNotFound: there is no such registration of this owner.
        TooManyTags: it would have more than ``MAX_TAGS``.
    """
    before = _locked(session, registration_id, owner)
    added, removed = set(add) - before, (set(remove) - set(add)) & before
    if len(before | added) - len(removed) > MAX_TAGS:
        raise TooManyTags(f"a registration has at most {MAX_TAGS} tags")
    of_it = TagRow.registration_id == registration_id
    session.execute(delete(TagRow).where(of_it, TagRow.name.in_(removed)))
    if added:
        values = [{"registration_id": registration_id, "name": name} for name in sorted(added)]
        session.execute(insert(TagRow), values)
    if added or removed:
        changes = {"added": sorted(added), "removed": sorted(removed)}
        audit.record(session, "registration.tagged", actor=actor, registration=registration_id, **changes)
    return jobs.get(session, registration_id, owner)


def has(name: str) -> ColumnElement[bool]:
    """Return the condition that a registration of a query has this tag."""
    return exists().where(TagRow.registration_id == RegistrationRow.id, TagRow.name == name)


def _locked(session: Session, registration_id: str, owner: str | None) -> set[str]:
    """Return the tags of a registration, which no other transaction changes until the end of this one."""
    query = select(RegistrationRow.id).where(RegistrationRow.id == registration_id)
    query = query.where(RegistrationRow.owner == owner) if owner is not None else query
    if not is_valid_id(registration_id) or session.scalar(query.with_for_update()) is None:
        raise RegistrationNotFound(f"there is no registration {registration_id}")
    tags = select(TagRow.name).where(TagRow.registration_id == registration_id)
    return set(session.scalars(tags))
