"""A function of PostgreSQL that appends an audit entry and its events in one round trip."""

from alembic import op

revision = "0020"
down_revision = "0019"

# The lock is that of db.audit.LOCK. Each statement of the function sees what was committed while it waited
# for the lock. 1048576 is db.audit.MAX_EVENTS.
APPEND = """
CREATE FUNCTION audit_append(entry_at text, entry_actor text, entry_event text, entry_payload text, head text,
    changes text, OUT seq bigint, OUT previous_hash text, OUT hash text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(418581342580);
    SELECT a.seq, a.hash INTO seq, previous_hash FROM audit a ORDER BY a.seq DESC LIMIT 1;
    seq := coalesce(seq, 0) + 1;
    previous_hash := coalesce(previous_hash, repeat('0', 64));
    hash := encode(sha256(convert_to(head || previous_hash || '","seq":' || seq || '}', 'UTF8')), 'hex');
    INSERT INTO audit (seq, at, actor, event, payload, previous_hash, hash)
        VALUES (seq, entry_at, entry_actor, entry_event, entry_payload, previous_hash, hash);
    IF changes IS NOT NULL THEN
        INSERT INTO events (seq, owner, registration_id, batch_id, state, attempt, at)
            SELECT seq * 1048576 + row_number() OVER () - 1,
                c.owner, c.registration_id, c.batch_id, c.state, c.attempt, c.at
            FROM json_to_recordset(changes::json) AS c(owner text, registration_id text, batch_id text,
                state text, attempt integer, at timestamptz);
    END IF;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(APPEND)
