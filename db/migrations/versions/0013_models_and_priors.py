"""The family of the transform, a prior and known tilts of a registration."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "registrations", sa.Column("model", sa.String(16), nullable=False, server_default="similarity")
    )
    for name in ("prior", "fixed_tilt", "moving_tilt"):
        op.add_column("registrations", sa.Column(name, sa.JSON()))
