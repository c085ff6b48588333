"""The hash of the decoded image of an upload; notifications of new events by PostgreSQL itself."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

NOTIFY = (
    "CREATE FUNCTION events_notify() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN NOTIFY xebra_events; RETURN NULL; END $$",
    "CREATE TRIGGER events_notify AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION events_notify()",
)


def upgrade() -> None:
    op.add_column("images", sa.Column("pixels_sha256", sa.String(64)))
    if op.get_bind().dialect.name == "postgresql":
        for statement in NOTIFY:
            op.execute(statement)
