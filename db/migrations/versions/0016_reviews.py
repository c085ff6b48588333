"""Decisions of people on the position of a registration."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.CheckConstraint(
            "decision IN ('accept', 'reject', 'withdraw')", name=op.f("ck_reviews_decision_known")
        ),
    )
    op.create_index(
        op.f("ix_reviews_registration_id_created_at"), "reviews", ["registration_id", "created_at"]
    )
