"""Database connections: SQLite in a file or PostgreSQL, chosen by URL."""

from __future__ import annotations

import functools
import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import stamina
from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Engine,
    Update,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.orm import Session

from db.errors import BackendUnknown

BUSY_TIMEOUT_S = 30
LOCK_TIMEOUT_S = 30  # of PostgreSQL, after which a statement fails; as the busy timeout of SQLite
IDLE_TIMEOUT_S = 20  # of an open transaction: its process was suspended, and others wait for its locks
POSTGRESQL_OPTIONS = (
    f"-c lock_timeout={LOCK_TIMEOUT_S}s -c idle_in_transaction_session_timeout={IDLE_TIMEOUT_S}s"
)
AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
NO_SESSION_SYNC = {"synchronize_session": False}  # for statements on rows without an object in the session


class Database:
    """Short transactions on one engine: readers run concurrently, writers one after another."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._writer = self.engine.execution_options(xebra_synchronous="FULL")
        self._relaxed_writer = self.engine.execution_options(xebra_synchronous="NORMAL")
        on_postgresql = self.engine.dialect.name == "postgresql"
        self.queries = self.engine.execution_options(**(AUTOCOMMIT if on_postgresql else {}))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that reads one consistent snapshot."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def querying(self) -> Iterator[Session]:
        """Open a session for independent queries, for which PostgreSQL needs no transaction."""
        with Session(self.queries, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that is committed at the end of the block, or rolled back if the block raises."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing_relaxed(self) -> Iterator[Session]:
        """Open a writing session with relaxed durability: the commit does not wait for the disk.

        Use it only for data that is written again after a power failure (heartbeats, leases, relay marks),
        never for data that a client may have seen, such as the audit log and its events.
        """
        with Session(self._relaxed_writer, expire_on_commit=False) as session, session.begin():
            if is_postgresql(session):
                session.execute(text("SET LOCAL synchronous_commit TO OFF"))
            yield session

    def ping(self) -> None:
        """Raise an error if the database does not answer."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def is_postgresql(session: Session) -> bool:
    """Return whether the session is connected to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def affected_rows(session: Session, statement: Update | Delete) -> int:
    """Execute the statement and return the number of rows that it changed."""
    result = session.execute(statement, execution_options=NO_SESSION_SYNC)
    return cast("CursorResult[Any]", result).rowcount


def _open(url: str) -> Engine:
    try:
        scheme = make_url(url).drivername
    except ArgumentError as error:
        raise BackendUnknown(f"XEBRA_DATABASE_URL: {url!r} is not a database URL; {_SUPPORTED}") from error
    if scheme == "sqlite":
        return _open_sqlite(url)
    if scheme == "postgresql+psycopg":
        return _open_postgresql(url)
    raise BackendUnknown(f"XEBRA_DATABASE_URL: the database '{scheme}' is not supported; {_SUPPORTED}")


_SUPPORTED = "use sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME"


def _open_postgresql(url: str) -> Engine:
    engine = create_engine(url, pool_size=10, max_overflow=30, connect_args={"options": POSTGRESQL_OPTIONS})
    event.listen(engine, "checkout", functools.partial(_check_open, engine.dialect))
    return engine


def _check_open(dialect: Dialect, connection: Any, *_: object) -> None:
    """Have the pool open new connections where the server has closed this one, for example at its restart.

    A server that closes a connection leaves an end of file to be read; an idle open connection has nothing to
    be read. Only the former costs a query, which a "pre-ping" of the pool sends at each checkout.
    """
    try:
        if _is_readable(connection.fileno()):
            dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError(str(error)) from error


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()  # select.select has no descriptors above 1,023
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _open_sqlite(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise BackendUnknown("XEBRA_DATABASE_URL: SQLite needs a file, which several processes share")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins the transactions, see _begin_sqlite
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    _enable_wal(connection)


@stamina.retry(
    on=sqlite3.OperationalError, attempts=None, timeout=BUSY_TIMEOUT_S, wait_initial=0.01, wait_max=0.1
)
def _enable_wal(connection: sqlite3.Connection) -> None:
    """Enable the write-ahead log; SQLite ignores the busy timeout here if several processes do it at once."""
    connection.execute("PRAGMA journal_mode = WAL").close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the beginning: an upgrade from reader to writer would fail instead of wait."""
    synchronous = connection.get_execution_options().get("xebra_synchronous")
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
