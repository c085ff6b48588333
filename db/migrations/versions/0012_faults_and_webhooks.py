"""Counts of an attempt's causes; the state of webhook endpoints, which are filled from the events."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for name in ("lost_workers", "system_faults"):
        op.add_column("registrations", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    for column in (
        sa.Column("cursor", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", UtcTime),
        sa.Column("paused_until", UtcTime),
        sa.Column("disabled_at", UtcTime),
    ):
        op.add_column("webhooks", column)
    op.execute("UPDATE webhooks SET cursor = (SELECT COALESCE(MAX(seq), 0) FROM events)")
    op.drop_index("ix_deliveries_due_at", table_name="deliveries")
    op.create_index("ix_deliveries_webhook_id_due_at", "deliveries", ["webhook_id", "due_at"])
