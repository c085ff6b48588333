"""Instruments and their API keys."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "instruments",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("pixel_spacing_um", sa.Double),
        sa.Column("network", sa.String),
        sa.Column("most_waiting", sa.Integer),
        sa.Column("most_bytes", sa.BigInteger),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("instrument", sa.String(64), sa.ForeignKey("instruments.name"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("revoked_at", UtcTime),
    )
    op.create_index("ix_api_keys_instrument", "api_keys", ["instrument"])
