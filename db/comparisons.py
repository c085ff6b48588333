"""How the answers of a version in shadow mode compare with the results that were shown."""

from __future__ import annotations

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from db import clock
from db.rows import ComparisonRow, NetworkRow, RegistrationRow


def add(
    session: Session,
    network_id: str,
    registration_id: str,
    verdicts: tuple[str, str],
    corner_error_px: float,
    *,
    agrees: bool,
) -> bool:
    """Store a comparison; False where job or version no longer exist, or have it already.

    Args:
        session: Of a writing transaction.
        network_id: The version in shadow mode.
        registration_id: A finished job of its instrument.
        verdicts: Of the result that was shown, and of the version.
        corner_error_px: Mean distance of the corners of both answers, px of the fixed image.
        agrees: Whether that distance is within the tolerance.
    """
    job = select(RegistrationRow.owner).where(RegistrationRow.id == registration_id)
    owner = session.scalar(job.with_for_update(read=True))
    version = session.get(NetworkRow, network_id)
    if version is None or owner != version.owner:
        return False
    if session.get(ComparisonRow, (network_id, registration_id)) is not None:
        return False
    row = ComparisonRow(network_id=network_id, registration_id=registration_id, agrees=agrees)
    row.verdict, row.shadow_verdict = verdicts
    row.corner_error_px, row.created_at = corner_error_px, clock.now(session)
    session.add(row)
    return True


def summary(session: Session, network_id: str) -> tuple[int, int, dict[tuple[str, str], int]]:
    """Return the numbers of jobs compared and of those that agree, and counts by both verdicts."""
    pair = (ComparisonRow.verdict, ComparisonRow.shadow_verdict)
    agree = func.sum(cast(ComparisonRow.agrees, Integer))
    query = select(*pair, func.count(), agree).where(ComparisonRow.network_id == network_id)
    rows = session.execute(query.group_by(*pair)).all()
    counts = {(row[0], row[1]): int(row[2]) for row in rows}
    return sum(counts.values()), sum(int(row[3]) for row in rows), counts
