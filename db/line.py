"""The waiting line: whose job is next.

Each waiting job has a turn, and the lowest goes first. A newcomer starts at the turn being served; whoever
waits already goes on from its own last turn. So owners are served in rotation, however many jobs each has.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from db.engine import ROWS_ALONE
from db.rows import PRIORITIES, OutboxRow, RegistrationRow
from db.types import utc_now

HELD_AT_MOST_S, ASK_AGAIN_S = 10.0, 0.005
CHANNEL = "xebra_outbox"  # on which PostgreSQL tells the relays that somebody joined


def join(session: Session, row: RegistrationRow, due_at: datetime, ahead: bool = False) -> None:
    """Queue behind the owner's own jobs, or ahead of everybody where the job has waited once already."""
    rank = PRIORITIES.index(row.priority)
    turn = _served(session, rank) - 1 if ahead else _turn(session, row.owner, rank)
    session.add(OutboxRow(registration_id=row.id, owner=row.owner, rank=rank, turn=turn, due_at=due_at))
    _tell(session)


def join_all(session: Session, rows: Sequence[RegistrationRow], due_at: datetime) -> None:
    """Queue many jobs of one owner and one priority, in this order."""
    rank = PRIORITIES.index(rows[0].priority)
    turn = _turn(session, rows[0].owner, rank)
    common = {"owner": rows[0].owner, "rank": rank, "due_at": due_at}
    places = [
        common | {"registration_id": row.id, "turn": number} for number, row in enumerate(rows, start=turn)
    ]
    session.execute(insert(OutboxRow), places)
    _tell(session)


def leave(session: Session, registration_id: str) -> None:
    """This job waits no longer."""
    place = OutboxRow.registration_id == registration_id
    session.execute(delete(OutboxRow).where(place), execution_options=ROWS_ALONE)


def first(session: Session, now: datetime | None = None) -> str | None:
    """The id of the job whose turn it is, held for this transaction; None where nobody waits.

    Places that others hold are passed over. Where there is no other, one is waited for: the relay may just be
    marking it, and whom it has woken must not go away empty-handed. Not for ever: its holder may be frozen.
    """
    query = select(OutboxRow.registration_id).where(OutboxRow.due_at <= (now or utc_now()))
    query = query.order_by(OutboxRow.rank, OutboxRow.turn, OutboxRow.id).limit(1)
    end = time.monotonic() + HELD_AT_MOST_S
    while True:
        free = session.scalar(query.with_for_update(skip_locked=True))
        if free is not None or session.scalar(query) is None or time.monotonic() > end:
            return free
        time.sleep(ASK_AGAIN_S)


def _tell(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def _turn(session: Session, owner: str, rank: int) -> int:
    own = session.scalar(
        select(func.max(OutboxRow.turn)).where(OutboxRow.owner == owner, OutboxRow.rank == rank)
    )
    served = _served(session, rank)
    return served if own is None else max(served, own + 1)


def _served(session: Session, rank: int) -> int:
    """The turn of whoever is first in line."""
    return session.scalar(select(func.min(OutboxRow.turn)).where(OutboxRow.rank == rank)) or 0
