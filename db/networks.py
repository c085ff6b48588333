"""Versions of the network of an instrument: which one answers, promotion, rollback, shadow mode."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from db import audit, clock, events, pending_objects, promotion
from db.engine import NO_SESSION_SYNC
from db.errors import NetworkNotAcceptable, NetworkStateInvalid, NetworkVersionNotFound, NoActiveNetwork
from db.network_archive import Archive
from db.rows import NetworkRow
from db.types import is_valid_id

# Columns only: a look-up of a row's object takes twice as long.
_ACTIVE = select(
    NetworkRow.id, NetworkRow.weights_sha256, NetworkRow.archive_sha256, NetworkRow.store_key
).where(NetworkRow.owner == bindparam("owner"), NetworkRow.state == "active")
CERTIFIED = ("candidate", "shadow", "active", "retired")  # states of a version with weights


class Version(NamedTuple):
    """What a worker needs of a version in order to answer with it."""

    id: str
    weights_sha256: str
    archive_sha256: str
    store_key: str

    @classmethod
    def of(cls, row: NetworkRow | Row[str, str | None, str | None, str | None]) -> Version:
        """Return the version of a row, or of these columns of one, that has weights."""
        assert row.weights_sha256 and row.archive_sha256 and row.store_key
        return cls(row.id, row.weights_sha256, row.archive_sha256, row.store_key)


def get(session: Session, network_id: str, owner: str | None = None, *, lock: bool = False) -> NetworkRow:
    """Return a version.

    Raises:
        NetworkVersionNotFound: there is no such version, or it belongs to another owner.
    """
    query = select(NetworkRow).where(NetworkRow.id == network_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    row = session.scalar(query) if is_valid_id(network_id) else None
    if row is None or owner not in (None, row.owner):
        raise NetworkVersionNotFound(f"there is no version {network_id} of a network")
    return row


def of_state(session: Session, owner: str, state: str) -> NetworkRow | None:
    """Return the version of an instrument in state ``active`` or ``shadow``; None: the bundled network."""
    query = select(NetworkRow).where(NetworkRow.owner == owner, NetworkRow.state == state)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def active(session: Session, owner: str) -> Version | None:
    """Return the version that answers for an instrument; None: the bundled network."""
    found = session.execute(_ACTIVE, {"owner": owner}).first()
    return None if found is None else Version.of(found)


def add(session: Session, owner: str, archive: Archive, *, actor: str) -> NetworkRow:
    """Add a version that was adapted elsewhere, as a candidate."""
    now = clock.now(session)
    report = archive.report
    row = NetworkRow(id=str(uuid.uuid4()), owner=owner, actor=actor, state="candidate", created_at=now)
    row.changed_at, row.seed, row.minutes = now, int(report.get("seed", 0)), float(report.get("minutes", 0))
    fill(row, archive)
    session.add(row)
    pending_objects.commit(session, archive.store_key)
    record(session, "network.added", row, actor=actor, **_hashes(row))
    return row


def fill(row: NetworkRow, archive: Archive) -> None:
    """Set what an archive states of a version."""
    report = archive.report
    row.weights_sha256, row.archive_sha256 = archive.weights_sha256, archive.sha256
    row.store_key, row.graphs, row.certificate = archive.store_key, dict(archive.graphs), archive.certificate
    row.parent_sha256, row.labels_sha256 = report.get("parent_sha256"), report.get("labels_sha256")
    row.scores, row.reasons = report.get("scores"), [str(reason) for reason in report.get("reasons", [])]
    row.acceptable, row.progress = report.get("acceptable") is True, 1.0


def promote(
    session: Session,
    network_id: str,
    owner: str,
    *,
    actor: str,
    bundled: Mapping[str, Any] | None = None,
) -> NetworkRow:
    """Have a version answer the jobs of its instrument from now on.

    Args:
        session: Of a writing transaction.
        network_id: The version.
        owner: Its instrument.
        actor: For the audit log.
        bundled: Certificate of the bundled network, the parent of the first versions.

    Raises:
        NetworkVersionNotFound: the instrument has no such version.
        NetworkStateInvalid: it is active already, or has no weights.
        NetworkNotAcceptable: it is worse than its parent beyond a margin.
    """
    row = _in_state(session, network_id, owner, ("candidate", "shadow", "retired"))
    parent = None if row.parent_id is None else get(session, row.parent_id, owner)
    before = bundled if parent is None else parent.certificate
    if reasons := promotion.refusals(row, before):
        raise NetworkNotAcceptable(f"version {row.id} is not promoted: {'; '.join(reasons)}")
    present = of_state(session, owner, "active")
    _leave_order(session, row)
    row.previous_id = present.id if present else None
    _move(session, [(present, "retired"), (row, "active")])
    record(session, "network.promoted", row, actor=actor, previous=row.previous_id, **_hashes(row))
    return row


def rollback(session: Session, owner: str, *, actor: str) -> NetworkRow | None:
    """Have the version answer that did before the active one; return it, None for the bundled network.

    Raises:
        NoActiveNetwork: the bundled network answers already.
    """
    present = of_state(session, owner, "active")
    if present is None:
        raise NoActiveNetwork(f"the bundled network answers for {owner}; there is nothing to roll back")
    row = get(session, present.previous_id, owner, lock=True) if present.previous_id else None
    if row is not None and row.state == "shadow":
        _move(session, [(row, "retired")])
    _move(session, [(present, "retired"), (row, "active")])
    about = {"restored": row.id if row else None, **_hashes(present)}
    record(session, "network.rolled_back", present, actor=actor, **about)
    return row


def shadow(session: Session, network_id: str, owner: str, *, actor: str) -> NetworkRow:
    """Have a version answer beside the active one, unseen; one that did so before becomes a candidate.

    Raises:
        NetworkVersionNotFound: the instrument has no such version.
        NetworkStateInvalid: it is active or in shadow mode already, or has no weights.
    """
    row = _in_state(session, network_id, owner, ("candidate", "retired"))
    _move(session, [(of_state(session, owner, "shadow"), "candidate"), (row, "shadow")])
    record(session, "network.shadowed", row, actor=actor, **_hashes(row))
    return row


def retire(session: Session, network_id: str, owner: str, *, actor: str) -> NetworkRow:
    """Take a candidate, or a version in shadow mode, out of use; it is kept for old jobs.

    Raises:
        NetworkVersionNotFound: the instrument has no such version.
        NetworkStateInvalid: it is active (roll back instead), or has no weights.
    """
    row = _in_state(session, network_id, owner, ("candidate", "shadow"))
    _move(session, [(row, "retired")])
    record(session, "network.retired", row, actor=actor, **_hashes(row))
    return row


def record(session: Session, event: str, row: NetworkRow, *, actor: str, **payload: Any) -> None:
    """Write an audit entry and publish the state of a version."""
    session.flush()
    entry = audit.record(session, event, actor=actor, network=row.id, instrument=row.owner, **payload)
    events.publish_network(session, entry, row)


def _in_state(session: Session, network_id: str, owner: str, states: tuple[str, ...]) -> NetworkRow:
    """Return a locked version in one of these states.

    Promotions and rollbacks of one instrument take turns: each locks the active version, and the index that
    allows a single active version refuses the rest.
    """
    row = get(session, network_id, owner, lock=True)
    if row.state not in states:
        raise NetworkStateInvalid(f"version {row.id} is {row.state}; needed: {' or '.join(states)}")
    return row


def _leave_order(session: Session, row: NetworkRow) -> None:
    """Take a version out of the order of rollbacks, which thus always ends at the bundled network."""
    later = update(NetworkRow).where(NetworkRow.owner == row.owner, NetworkRow.previous_id == row.id)
    session.execute(later.values(previous_id=row.previous_id))


def _move(session: Session, moves: list[tuple[NetworkRow | None, str]]) -> None:
    """Set states in this order, so that an instrument never has two versions in one state."""
    for row, state in moves:
        if row is None:
            continue
        row.state, row.changed_at = state, clock.now(session)
        session.flush()


def _hashes(row: NetworkRow) -> dict[str, Any]:
    """Return what identifies a version, for the audit log."""
    return {"weights_sha256": row.weights_sha256, "archive_sha256": row.archive_sha256}


def unused_graphs(session: Session, retired_before: datetime) -> set[tuple[str, str]]:
    """Return name and SHA-256 of the graphs that only versions have that are out of use since that time."""
    kept: set[tuple[str, str]] = set()
    old: set[tuple[str, str]] = set()
    for row in session.execute(select(NetworkRow.state, NetworkRow.changed_at, NetworkRow.graphs)):
        in_use = row.state in ("active", "shadow") or row.changed_at >= retired_before
        (kept if in_use else old).update((row.graphs or {}).items())
    return old - kept


def touch(session: Session, network_id: str) -> None:
    """Note that a version is used again, by a replay."""
    now = clock.now(session)
    session.execute(
        update(NetworkRow).where(NetworkRow.id == network_id).values(changed_at=now),
        execution_options=NO_SESSION_SYNC,
    )
