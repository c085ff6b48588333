"""Database migrations; safe if several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from db.engine import Database, is_postgresql
from db.errors import BackendUnknown
from db.migrations import NEWEST

LOCK = 0x7865627261  # "xebra", as a key of PostgreSQL's advisory locks


def migrate(database: Database) -> None:
    """Apply the missing migrations, under a lock and in one transaction.

    Raises:
        BackendUnknown: the database is of a newer version of Xebra.
    """
    with database.reading() as session:
        revision = _revision(session.connection())
    if revision == NEWEST:
        return  # avoids the import of Alembic at an ordinary start
    if revision is not None and revision > NEWEST:
        raise BackendUnknown(
            f"XEBRA_DATABASE_URL: the database is at revision {revision}, but this Xebra supports at most"
            f" {NEWEST}; install the version that created the database, or a newer one"
        )
    with database.writing() as session:
        connection = session.connection()
        if is_postgresql(session):  # SQLite has a single writer
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # another process may migrate for minutes
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def main() -> int:
    """Migrate the database of the settings (``python -m db.migrate``)."""
    from db.settings import StorageSettings

    database = Database(StorageSettings().database_url)
    migrate(database)
    print(f"the database is at revision {NEWEST}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
