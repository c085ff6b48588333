"""Adaptations: jobs that make a version of the network of an instrument from its labels.

The row of the version is the job. ``queued -> running -> candidate | failed | cancelled``; a running one has
a lease, as registrations have, and is queued again where it expires, up to ``MAX_ATTEMPTS``.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import clock, labels, networks, pending_objects
from db.engine import affected_rows
from db.errors import AdaptationRunning, LabelsTooFew, NetworkStateInvalid
from db.network_archive import Archive
from db.rows import NetworkRow

QUEUE, TASK = "adaptation", "xebra.adapt"  # of the broker
MIN_LABELS = 8
MAX_ATTEMPTS = 3
LEASE = timedelta(seconds=60)
UNFINISHED = ("queued", "running")
WORKER_LOST = "the worker ended or lost its connection during the adaptation"


def submit(
    session: Session, owner: str, *, actor: str, minutes: float, seed: int, base_id: str | None = None
) -> NetworkRow:
    """Accept an adaptation of an instrument's network to its labels.

    Args:
        session: Of a writing transaction.
        owner: The instrument.
        actor: For the audit log.
        minutes: Time for training.
        seed: Of all random choices.
        base_id: Version to start from; None: the active one, or the bundled network.

    Raises:
        LabelsTooFew: the instrument has fewer than ``MIN_LABELS`` labels.
        AdaptationRunning: it has an adaptation that has not ended.
        NetworkVersionNotFound: the instrument has no version ``base_id``.
        NetworkStateInvalid: that version has no weights.
    """
    if (count := labels.count(session, owner)) < MIN_LABELS:
        raise LabelsTooFew(f"an adaptation needs {MIN_LABELS} labels of this instrument; there are {count}")
    unfinished = (NetworkRow.owner == owner, NetworkRow.state.in_(UNFINISHED))
    if (running := session.scalar(select(NetworkRow.id).where(*unfinished))) is not None:
        raise AdaptationRunning(f"adaptation {running} of this instrument has not ended; wait or cancel it")
    parent = networks.of_state(session, owner, "active") if base_id is None else None
    parent = networks.get(session, base_id, owner) if base_id is not None else parent
    if parent is not None and parent.weights_sha256 is None:
        raise NetworkStateInvalid(f"version {parent.id} is {parent.state} and has no weights to start from")
    now = clock.now(session)
    row = NetworkRow(id=str(uuid.uuid4()), owner=owner, actor=actor, state="queued", minutes=minutes)
    row.seed, row.created_at, row.changed_at, row.label_count = seed, now, now, count
    row.parent_id, row.attempt, row.progress = parent.id if parent else None, 0, 0.0
    session.add(row)
    about = {"parent": row.parent_id, "labels": count, "minutes": minutes, "seed": seed}
    networks.record(session, "network.adaptation_submitted", row, actor=actor, **about)
    return row


def claim(session: Session, worker: str) -> NetworkRow | None:
    """Claim the oldest queued adaptation; None if there is none."""
    query = select(NetworkRow).where(NetworkRow.state == "queued").order_by(NetworkRow.changed_at).limit(1)
    row = session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    now = clock.now(session)
    row.state, row.worker, row.attempt, row.changed_at = "running", worker, row.attempt + 1, now
    row.lease_until, row.progress, row.message = now + LEASE, 0.0, "reads the labels"
    networks.record(session, "network.adaptation_started", row, actor=worker, attempt=row.attempt)
    return row


def report(session: Session, row: NetworkRow, progress: float, message: str) -> bool:
    """Store the progress and extend the lease; False if the adaptation was cancelled or lost."""
    until = clock.expression(session, None, LEASE)
    values = {"progress": min(max(progress, 0.0), 1.0), "message": message[:500], "lease_until": until}
    held = (NetworkRow.id == row.id, NetworkRow.state == "running", NetworkRow.attempt == row.attempt)
    return affected_rows(session, update(NetworkRow).where(*held).values(values)) == 1


def finish(session: Session, row: NetworkRow, archive: Archive, *, actor: str) -> bool:
    """Make the adaptation a candidate; False, without an effect, if it was cancelled or lost."""
    present = _held(session, row)
    if present is None:
        return False
    networks.fill(present, archive)
    pending_objects.commit(session, archive.store_key)
    _end(session, present, "candidate", None)
    about = {"weights_sha256": archive.weights_sha256, "archive_sha256": archive.sha256}
    about |= {"labels_sha256": present.labels_sha256 or "", "parent_sha256": present.parent_sha256 or ""}
    networks.record(session, "network.adapted", present, actor=actor, **about)
    return True


def fail(session: Session, row: NetworkRow, reason: str, *, actor: str) -> bool:
    """End the adaptation without a version; False if it was cancelled or lost."""
    present = _held(session, row)
    if present is None:
        return False
    _end(session, present, "failed", reason[:2000])
    networks.record(session, "network.adaptation_failed", present, actor=actor, reason=reason[:2000])
    return True


def cancel(session: Session, network_id: str, owner: str, *, actor: str) -> NetworkRow:
    """Cancel an adaptation that has not ended; its worker stops within seconds.

    Raises:
        NetworkVersionNotFound: the instrument has no such version.
        NetworkStateInvalid: the adaptation has ended.
    """
    row = networks.get(session, network_id, owner, lock=True)
    if row.state not in UNFINISHED:
        raise NetworkStateInvalid(f"version {row.id} is {row.state}; only an adaptation can be cancelled")
    _end(session, row, "cancelled", None)
    networks.record(session, "network.adaptation_cancelled", row, actor=actor)
    return row


def requeue_expired(session: Session) -> int:
    """Queue adaptations of lost workers again, or fail them after the last attempt; return their number."""
    expired = (NetworkRow.state == "running", NetworkRow.lease_until < clock.now(session))
    rows = session.scalars(select(NetworkRow).where(*expired).with_for_update(skip_locked=True)).all()
    for row in rows:
        if row.attempt >= MAX_ATTEMPTS:
            fail(session, row, f"{WORKER_LOST} ({row.attempt} times)", actor="relay")
            continue
        row.state, row.lease_until, row.changed_at = "queued", None, clock.now(session)
        networks.record(session, "network.adaptation_retried", row, actor="relay", attempt=row.attempt)
    return len(rows)


def any_queued(session: Session) -> bool:
    """Return whether an adaptation waits for a worker."""
    return session.scalar(select(NetworkRow.id).where(NetworkRow.state == "queued").limit(1)) is not None


def any_expired(session: Session) -> bool:
    """Return whether the worker of a running adaptation is lost."""
    expired = (NetworkRow.state == "running", NetworkRow.lease_until < clock.now(session))
    return session.scalar(select(NetworkRow.id).where(*expired).limit(1)) is not None


def _held(session: Session, row: NetworkRow) -> NetworkRow | None:
    """Return the locked row while this attempt at it is valid."""
    held = (NetworkRow.id == row.id, NetworkRow.state == "running", NetworkRow.attempt == row.attempt)
    query = select(NetworkRow).where(*held).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def _end(session: Session, row: NetworkRow, state: str, message: str | None) -> None:
    row.state, row.message, row.lease_until = state, message, None
    row.changed_at = clock.now(session)
