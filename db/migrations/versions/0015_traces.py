"""The trace of the request that has submitted a job."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("registrations", sa.Column("traceparent", sa.String(55)))
