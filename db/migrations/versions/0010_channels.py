"""What an uploaded file holds, and which of its images a registration uses."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("images", sa.Column("contents", sa.JSON()))
    for role in ("fixed", "moving"):
        op.add_column("registrations", sa.Column(f"{role}_channel", sa.String(200)))
        op.add_column("registrations", sa.Column(f"{role}_frame", sa.Integer()))
