"""Images, registrations and their results, outbox, audit, heartbeats."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _images()
    _registrations()
    _results()
    _outbox()
    _audit()
    _heartbeats()


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("dtype", sa.String, nullable=False),
        sa.Column("pixel_spacing_um", sa.Double),
        sa.Column("spacing_source", sa.String),
        sa.Column("store_key", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_index("ix_images_created_at_id", "images", ["created_at", "id"])


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fixed_image_id", sa.String(36), sa.ForeignKey("images.id"), nullable=False),
        sa.Column("moving_image_id", sa.String(36), sa.ForeignKey("images.id"), nullable=False),
        sa.Column("network", sa.String),
        sa.Column("fixed_spacing_um", sa.Double),
        sa.Column("moving_spacing_um", sa.Double),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("worker", sa.String),
        sa.Column("lease_until", UtcTime),
        sa.Column("fault", sa.String(16)),
        sa.Column("failure_code", sa.String),
        sa.Column("failure_message", sa.Text),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state_known"
        ),
        sa.CheckConstraint("(state = 'failed') = (fault IS NOT NULL)", name="fault_if_failed"),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease_if_running"),
    )
    for columns in (["created_at", "id"], ["state", "created_at", "id"], ["lease_until"]):
        op.create_index(f"ix_registrations_{'_'.join(columns)}", "registrations", columns)


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("registered_key", sa.String, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("registration_id", sa.String(36), sa.ForeignKey("registrations.id"), nullable=False),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("sent_at", UtcTime),
        sa.UniqueConstraint("registration_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_sent_at_due_at", "outbox", ["sent_at", "due_at"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("seen_at", UtcTime, nullable=False),
    )
    op.create_index("ix_heartbeats_role_seen_at", "heartbeats", ["role", "seen_at"])


APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
        "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    ],
}
