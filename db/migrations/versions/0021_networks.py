"""Versions of the networks of an instrument, and their comparison with the active one."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0021"
down_revision = "0020"
STATES = ("queued", "running", "failed", "cancelled", "candidate", "shadow", "active", "retired")


def upgrade() -> None:
    op.create_table(
        "networks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.String(36)),
        sa.Column("previous_id", sa.String(36)),
        sa.Column("weights_sha256", sa.String(64)),
        sa.Column("parent_sha256", sa.String(64)),
        sa.Column("labels_sha256", sa.String(64)),
        sa.Column("archive_sha256", sa.String(64)),
        sa.Column("store_key", sa.String),
        sa.Column("graphs", sa.JSON),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Double, nullable=False),
        sa.Column("label_count", sa.Integer),
        sa.Column("scores", sa.JSON),
        sa.Column("certificate", sa.JSON),
        sa.Column("acceptable", sa.Boolean),
        sa.Column("reasons", sa.JSON),
        sa.Column("progress", sa.Double, nullable=False, server_default="0"),
        sa.Column("message", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("worker", sa.String),
        sa.Column("lease_until", UtcTime),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_networks_state_known")),
    )
    op.create_index(op.f("ix_networks_owner_created_at_id"), "networks", ["owner", "created_at", "id"])
    op.create_index(op.f("ix_networks_state_changed_at"), "networks", ["state", "changed_at"])
    for state in ("active", "shadow"):
        of_state = sa.text(f"state = '{state}'")
        op.create_index(
            f"uq_networks_{state}",
            "networks",
            ["owner"],
            unique=True,
            postgresql_where=of_state,
            sqlite_where=of_state,
        )
    op.create_table(
        "network_comparisons",
        sa.Column("network_id", sa.String(36), sa.ForeignKey("networks.id"), primary_key=True),
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), primary_key=True),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("shadow_verdict", sa.String(16), nullable=False),
        sa.Column("corner_error_px", sa.Double, nullable=False),
        sa.Column("agrees", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_index(
        op.f("ix_network_comparisons_registration_id"), "network_comparisons", ["registration_id"]
    )
    op.add_column("events", sa.Column("network_id", sa.String(36)))
