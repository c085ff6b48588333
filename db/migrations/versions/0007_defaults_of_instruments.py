"""Default modality and error thresholds of an instrument; modality of an image."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("instruments", sa.Column("modality", sa.String(40)))
    op.add_column("instruments", sa.Column("review_beyond_px", sa.Double))
    op.add_column("instruments", sa.Column("refuse_beyond_px", sa.Double))
    op.add_column("images", sa.Column("modality", sa.String(40)))
