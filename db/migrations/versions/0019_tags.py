"""Tags of registrations."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), primary_key=True),
        sa.Column("name", sa.String(50), primary_key=True),
    )
    op.create_index(op.f("ix_tags_name"), "tags", ["name"])
