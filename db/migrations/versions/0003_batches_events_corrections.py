"""Batches, events, idempotency keys, manual corrections."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.add_column("registrations", sa.Column("batch_id", sa.String(36)))
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("registration_id", sa.String(36), nullable=False),
        sa.Column("batch_id", sa.String(36)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
    )
    _answers()
    _corrections()
    for table, columns in (
        ("batches", ["owner", "created_at", "id"]),
        ("registrations", ["batch_id", "state"]),
        ("events", ["owner", "seq"]),
        ("events", ["registration_id", "seq"]),
        ("events", ["at"]),
        ("answers", ["created_at"]),
        ("corrections", ["registration_id", "created_at"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("answer", sa.JSON),
    )


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), nullable=False),
        sa.Column("fixed_from_moving", sa.JSON, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
