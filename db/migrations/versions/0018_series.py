"""Series of frames that are appended while they are recorded, and their events."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("reference_image_id", sa.String, sa.ForeignKey("images.id"), nullable=False),
        sa.Column("reference_channel", sa.String(200)),
        sa.Column("reference_frame", sa.Integer),
        sa.Column("stale_after_s", sa.Double),
        sa.Column("deadline_ms", sa.Integer, nullable=False),
        *(_counter(name) for name in ("frames", "fitting", "dropped")),
        sa.Column("last_number", sa.Integer, nullable=False, server_default="-1"),
        *(_counter(name) for name in ("chunks", "chunked")),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("last_frame_at", UtcTime, nullable=False),
        sa.Column("finished_at", UtcTime),
        sa.CheckConstraint("state IN ('recording', 'finished')", name=op.f("ck_series_state_known")),
    )
    op.create_index(op.f("ix_series_owner_created_at_id"), "series", ["owner", "created_at", "id"])
    op.create_index(op.f("ix_series_state_last_frame_at"), "series", ["state", "last_frame_at"])
    op.create_index(op.f("ix_series_finished_at"), "series", ["finished_at"])
    op.create_index(op.f("ix_series_reference_image_id"), "series", ["reference_image_id"])
    op.create_table(
        "series_frames",
        sa.Column("series_id", sa.String, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("preview", sa.LargeBinary),
        sa.Column("chunk", sa.Integer),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_index(op.f("ix_series_frames_series_id_chunk"), "series_frames", ["series_id", "chunk"])
    with op.batch_alter_table("events") as events:
        events.alter_column("registration_id", existing_type=sa.String(36), nullable=True)
        events.add_column(sa.Column("series_id", sa.String(36)))
        events.add_column(sa.Column("frames", sa.Integer))


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")
