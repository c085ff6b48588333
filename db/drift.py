"""Drift of an instrument: windows of its jobs, in the order of time, compared with a reference.

The statistics are the caller's (``worker.drift_watch``); here is what is stored and when it changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db import audit, clock, events
from db.errors import DriftUnchanged
from db.rows import LOCAL, DriftSampleRow, DriftStateRow, DriftWindowRow, InstrumentRow, RegistrationRow

EXAMPLES = 5  # jobs before and after a change
EARLIER = 100  # jobs before a change that examples are chosen of
KEPT_WINDOWS = 200  # of an instrument: 10,000 jobs
Values = dict[str, list[float | None]]
Compare = Callable[[Values, Values], list[dict[str, Any]]]  # each with "feature" and "changed"


def add_sample(session: Session, registration_id: str, verdict: str, features: dict[str, float]) -> bool:
    """Store the features of a finished job; False where it no longer exists, or has them already."""
    job = select(RegistrationRow.owner).where(RegistrationRow.id == registration_id)
    owner = session.scalar(job.with_for_update(read=True, key_share=True))
    if owner is None or session.get(DriftSampleRow, registration_id) is not None:
        return False
    row = DriftSampleRow(registration_id=registration_id, owner=owner, verdict=verdict, features=features)
    row.created_at = clock.now(session)
    session.add(row)
    return True


def due(session: Session, size: int) -> list[str]:
    """Return the instruments with ``size`` jobs or more that are in no window."""
    query = select(DriftSampleRow.owner).where(DriftSampleRow.window_number.is_(None))
    return list(session.scalars(query.group_by(DriftSampleRow.owner).having(func.count() >= size)))


def state(session: Session, owner: str, *, lock: bool = False) -> DriftStateRow | None:
    """Return the state of an instrument; None before its first window."""
    query = select(DriftStateRow).where(DriftStateRow.owner == owner)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    return session.scalar(query)


def advance(session: Session, owner: str, size: int, reference_jobs: int, compare: Compare) -> bool:
    """Make the next window of an instrument and compare it with the reference; False: too few jobs.

    Windows are part of the reference until it has ``reference_jobs``. Two relays that do this at once make
    two different windows, or one of them none.

    Args:
        session: Of a writing transaction.
        owner: The instrument.
        size: Jobs of a window.
        reference_jobs: Jobs of the reference, a multiple of ``size``.
        compare: Returns how a window compares with a reference, most changed feature first.
    """
    row = state(session, owner, lock=True) or _first(session, owner)
    unused = (DriftSampleRow.owner == owner, DriftSampleRow.window_number.is_(None))
    query = select(DriftSampleRow).where(*unused)
    order = (DriftSampleRow.created_at, DriftSampleRow.registration_id)
    samples = list(session.scalars(query.order_by(*order).limit(size)))
    if len(samples) < size:
        return False
    row.windows += 1
    for sample in samples:
        sample.window_number = row.windows
    window = DriftWindowRow(owner=owner, number=row.windows, changes=None, changed=False)
    window.first_at, window.last_at = samples[0].created_at, samples[-1].created_at
    window.verdicts = dict(Counter(sample.verdict for sample in samples))
    session.add(window)
    if row.state == "reference":
        _extend(row, samples, reference_jobs)
    else:
        window.changes = compare(row.reference, values(samples))
        window.changed = any(change["changed"] for change in window.changes)
        _note(session, row, window)
    old = (DriftWindowRow.owner == owner, DriftWindowRow.number <= row.windows - KEPT_WINDOWS)
    session.execute(delete(DriftWindowRow).where(*old))
    return True


def acknowledge(session: Session, owner: str, *, actor: str, size: int, reference_jobs: int) -> DriftStateRow:
    """Make the present the reference: the jobs since the change, then the next ones until there are enough.

    Raises:
        DriftUnchanged: nothing has changed since the reference.
    """
    row = state(session, owner, lock=True)
    if row is None or row.state != "changed" or row.changed_window is None:
        raise DriftUnchanged(f"the jobs of {owner} do not differ from its reference; nothing to acknowledge")
    before = {"changed_window": row.changed_window, "features": changed_features(session, row)}
    newest = row.windows - reference_jobs // size
    since = (DriftSampleRow.owner == owner, DriftSampleRow.window_number > max(row.changed_window, newest))
    query = select(DriftSampleRow).where(*since)
    order = (DriftSampleRow.created_at, DriftSampleRow.registration_id)
    samples = list(session.scalars(query.order_by(*order)))
    row.state, row.reference, row.reference_jobs = "reference", {}, 0
    row.reference_from = row.reference_until = row.changed_window = row.changed_at = row.examples = None
    if samples:
        _extend(row, samples, reference_jobs)
    entry = audit.record(session, "drift.acknowledged", actor=actor, instrument=owner, **before)
    events.publish_drift(session, entry, owner, "acknowledged", {"window": row.windows, **before})
    return row


def values(samples: Sequence[DriftSampleRow]) -> Values:
    """Return the values of each feature by job; None where a job has none."""
    names = {name for sample in samples for name in sample.features}
    return {name: [sample.features.get(name) for sample in samples] for name in sorted(names)}


def changed_features(session: Session, row: DriftStateRow) -> list[str]:
    """Return the features of the window at which the present change began, the most changed one first."""
    number = row.changed_window or 0
    window = session.get(DriftWindowRow, (row.owner, number))
    return [change["feature"] for change in (window and window.changes) or () if change["changed"]]


def windows(session: Session, owner: str, limit: int) -> list[DriftWindowRow]:
    """Return the latest windows of an instrument, newest first."""
    query = select(DriftWindowRow).where(DriftWindowRow.owner == owner)
    return list(session.scalars(query.order_by(DriftWindowRow.number.desc()).limit(limit)))


def existing(session: Session, owner: str, examples: dict[str, Any] | None) -> dict[str, list[str]]:
    """Return the examples of a change that are still stored, ``before`` and ``after``."""
    found = {name: list((examples or {}).get(name, ())) for name in ("before", "after")}
    ids = [*found["before"], *found["after"]]
    query = select(RegistrationRow.id).where(RegistrationRow.id.in_(ids), RegistrationRow.owner == owner)
    kept = set(session.scalars(query)) if ids else set()
    return {name: [each for each in jobs if each in kept] for name, jobs in found.items()}


def states(session: Session) -> dict[str, str]:
    """Return the state of each instrument; without instruments, that of ``local``."""
    known = list(session.scalars(select(InstrumentRow.name))) or [LOCAL]
    found = session.execute(select(DriftStateRow.owner, DriftStateRow.state))
    return dict.fromkeys(known, "reference") | {owner: state for owner, state in found}


def _first(session: Session, owner: str) -> DriftStateRow:
    """Return the new state of an instrument; another relay that adds one at once fails and tries again."""
    row = DriftStateRow(owner=owner, state="reference", windows=0, reference={}, reference_jobs=0)
    session.add(row)
    session.flush()
    return row


def _extend(row: DriftStateRow, samples: Sequence[DriftSampleRow], wanted: int) -> None:
    """Add jobs to the reference; with enough of them, the watch begins."""
    new, missing = values(samples), [None] * row.reference_jobs
    row.reference = {
        name: [*row.reference.get(name, missing), *new.get(name, [None] * len(samples))]
        for name in sorted({*row.reference, *new})
    }
    row.reference_jobs += len(samples)
    row.reference_from = row.reference_from or samples[0].created_at
    row.reference_until = samples[-1].created_at
    if row.reference_jobs >= wanted:
        row.state = "unchanged"


def _note(session: Session, row: DriftStateRow, window: DriftWindowRow) -> None:
    """Publish that a change began, or that the jobs are again as in the reference."""
    assert window.changes is not None
    if window.changed and row.state == "unchanged":
        row.state, row.changed_window, row.changed_at = "changed", window.number, clock.now(session)
        row.examples = _examples(session, row, window)
    elif row.state == "changed" and not (window.changed or _changed_before(session, window)):
        row.state = "unchanged"
        row.changed_window = row.changed_at = row.examples = None
    else:
        return
    features = [change["feature"] for change in window.changes if change["changed"]]
    about = {"window": window.number, "features": features, "examples": row.examples}
    session.flush()
    entry = audit.record(session, f"drift.{row.state}", actor="relay", instrument=row.owner, **about)
    events.publish_drift(session, entry, row.owner, row.state, about)


def _changed_before(session: Session, window: DriftWindowRow) -> bool:
    """Return whether the window before differs from the reference."""
    before = session.get(DriftWindowRow, (window.owner, window.number - 1))
    return before is not None and before.changed


def _examples(session: Session, row: DriftStateRow, window: DriftWindowRow) -> dict[str, list[str]]:
    """Return jobs before the window and in it: typical ones by the most changed feature.

    They are those nearest to its medians in the reference and in the window.
    """
    assert window.changes is not None
    first = window.changes[0]
    name, before, after = first["feature"], first["reference_median"], first["median"]
    session.flush()
    own = DriftSampleRow.owner == row.owner
    earlier = select(DriftSampleRow).where(own, DriftSampleRow.window_number < window.number)
    latest = earlier.order_by(DriftSampleRow.window_number.desc()).limit(EARLIER)
    now = select(DriftSampleRow).where(own, DriftSampleRow.window_number == window.number)
    return {
        "before": _nearest(list(session.scalars(latest)), name, before),
        "after": _nearest(list(session.scalars(now)), name, after),
    }


def _nearest(samples: Sequence[DriftSampleRow], name: str, value: float) -> list[str]:
    having = [sample for sample in samples if name in sample.features]
    having.sort(key=lambda sample: abs(sample.features[name] - value))
    return [sample.registration_id for sample in having[:EXAMPLES]]
