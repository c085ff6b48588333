"""The hash of the decoded image of an upload."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("images", sa.Column("pixels_sha256", sa.String(64)))
