"""The mirror option of a registration."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("registrations", sa.Column("mirror", sa.String(8), nullable=False, server_default="no"))
