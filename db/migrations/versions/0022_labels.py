"""Labels: pairs of an instrument with known transforms, and whether it collects them."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "label_collections",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), unique=True),
        sa.Column("fixed_image_id", sa.String(36), sa.ForeignKey("images.id"), nullable=False),
        sa.Column("moving_image_id", sa.String(36), sa.ForeignKey("images.id"), nullable=False),
        sa.Column("fixed_channel", sa.String(200)),
        sa.Column("fixed_frame", sa.Integer),
        sa.Column("moving_channel", sa.String(200)),
        sa.Column("moving_frame", sa.Integer),
        sa.Column("fixed_spacing_um", sa.Double),
        sa.Column("moving_spacing_um", sa.Double),
        sa.Column("moving_from_fixed", sa.JSON, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("group_name", sa.String(200)),
        sa.Column("excluded", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.CheckConstraint(
            "source IN ('correction', 'confirmed', 'accepted', 'added')", name=op.f("ck_labels_source_known")
        ),
    )
    op.create_index(op.f("ix_labels_owner_created_at_id"), "labels", ["owner", "created_at", "id"])
    for image in ("fixed_image_id", "moving_image_id"):
        op.create_index(op.f(f"ix_labels_{image}"), "labels", [image])
