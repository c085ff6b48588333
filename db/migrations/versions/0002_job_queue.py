"""Owners, the job queue, and objects being written."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for table in ("images", "registrations", "outbox"):
        op.add_column(table, sa.Column("owner", sa.String, nullable=False, server_default="local"))
    op.add_column(
        "registrations", sa.Column("priority", sa.String(16), nullable=False, server_default="bulk")
    )
    for column in ("rank", "turn"):
        op.add_column("outbox", sa.Column(column, sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "unsettled",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("since", UtcTime, nullable=False),
    )
    _indexes()


def _indexes() -> None:
    for table, columns in (
        ("images", ["owner", "created_at", "id"]),
        ("registrations", ["owner", "created_at", "id"]),
        ("registrations", ["owner", "state", "created_at", "id"]),
        ("outbox", ["rank", "turn", "id"]),
        ("outbox", ["owner", "rank", "turn"]),
        ("unsettled", ["since"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
