"""Rename tables and columns to standard terms; all rows are kept."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = {"answers": "idempotency_keys", "unsettled": "pending_objects"}
COLUMNS = (
    ("idempotency_keys", "asked", "request_hash"),
    ("idempotency_keys", "answer", "response"),
    ("pending_objects", "since", "created_at"),
    ("instruments", "most_waiting", "max_queued_jobs"),
    ("instruments", "most_bytes", "max_stored_bytes"),
    ("deliveries", "said", "outcome"),
    ("webhooks", "ended_at", "removed_at"),
    ("sessions", "chosen_at", "selected_at"),
)
INDEXES = (
    ("ix_answers_created_at", "ix_idempotency_keys_created_at", "idempotency_keys"),
    ("ix_unsettled_since", "ix_pending_objects_created_at", "pending_objects"),
)


def upgrade() -> None:
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, old, new in COLUMNS:  # in SQL: for SQLite, op.alter_column would copy the whole table
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for old, new, table in INDEXES:
        op.drop_index(old, table_name=table)
        op.create_index(new, table, ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        for old, new in TABLES.items():
            op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")
