"""PostgreSQL's notifications of new events tell whether a registration has ended."""

from alembic import op

revision = "0023"
down_revision = "0022"

# The states are db.rows.FINAL_STATES, the text is db.events.ENDED.
NOTIFY = (
    """
CREATE OR REPLACE FUNCTION events_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_events WHERE state IN ('succeeded', 'failed', 'cancelled')) THEN
        NOTIFY xebra_events, 'ended';
    ELSE
        NOTIFY xebra_events;
    END IF;
    RETURN NULL;
END $$
""",
    "DROP TRIGGER events_notify ON events",
    "CREATE TRIGGER events_notify AFTER INSERT ON events REFERENCING NEW TABLE AS new_events"
    " FOR EACH STATEMENT EXECUTE FUNCTION events_notify()",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in NOTIFY:
            op.execute(statement)
