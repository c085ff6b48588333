"""The number of attempts that ended because a server was not available, apart from other faults."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("registrations", sa.Column("outages", sa.Integer, nullable=False, server_default="0"))
