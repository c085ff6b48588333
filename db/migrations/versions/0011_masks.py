"""Masks of a registration: polygons, and uploaded images."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for role in ("fixed", "moving"):
        op.add_column("registrations", sa.Column(f"{role}_mask", sa.JSON()))
    if op.get_bind().dialect.name == "postgresql":
        for role in ("fixed", "moving"):
            op.add_column("registrations", sa.Column(f"{role}_mask_image_id", sa.String(36)))
            name = f"fk_registrations_{role}_mask_image_id"
            op.create_foreign_key(name, "registrations", "images", [f"{role}_mask_image_id"], ["id"])
        return
    for role in (
        "fixed",
        "moving",
    ):  # SQLite takes a reference in the column only; Alembic would copy the table
        op.execute(
            f"ALTER TABLE registrations ADD COLUMN {role}_mask_image_id VARCHAR(36) REFERENCES images (id)"
        )
