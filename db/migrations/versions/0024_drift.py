"""Drift of an instrument: features of its jobs, windows, state; events of changes."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0024"
down_revision = "0023"
STATES = ("reference", "unchanged", "changed")


def upgrade() -> None:
    op.create_table(
        "drift_samples",
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("features", sa.JSON, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("window_number", sa.Integer),
    )
    op.create_index(op.f("ix_drift_samples_owner_window_number"), "drift_samples", ["owner", "window_number"])
    free = sa.text("window_number IS NULL")
    op.create_index(
        "ix_drift_samples_free",
        "drift_samples",
        ["owner", "created_at"],
        postgresql_where=free,
        sqlite_where=free,
    )
    op.create_table(
        "drift_windows",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("first_at", UtcTime, nullable=False),
        sa.Column("last_at", UtcTime, nullable=False),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("changes", sa.JSON),
        sa.Column("changed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "drift_states",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("windows", sa.Integer, nullable=False),
        sa.Column("reference", sa.JSON, nullable=False),
        sa.Column("reference_jobs", sa.Integer, nullable=False),
        sa.Column("reference_from", UtcTime),
        sa.Column("reference_until", UtcTime),
        sa.Column("changed_window", sa.Integer),
        sa.Column("changed_at", UtcTime),
        sa.Column("examples", sa.JSON),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_drift_states_state_known")),
    )
    op.add_column("events", sa.Column("drift", sa.JSON))
