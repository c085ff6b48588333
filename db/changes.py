"""Whether there may be news in the database, for less than the price of asking what they are."""

from __future__ import annotations

import contextlib
import time

import psycopg
from sqlalchemy import PoolProxiedConnection

from db.engine import Database

ASK_EVERY_S = 0.004  # 2 % of a core


class Changes:
    """SQLite counts the commits of all others, PostgreSQL says on a channel when there is news.

    Time alone brings news too (a job tried again is due later), so that a quiet database is believed for
    ``trusted_s`` only. For one thread.
    """

    def __init__(self, database: Database, trusted_s: float, channel: str) -> None:
        self._database, self._trusted_s, self._channel = database, trusted_s, channel
        self._connection: PoolProxiedConnection | None = None
        self._count, self._believed_until = None, 0.0

    def any(self, wait_s: float = 0.0) -> bool:
        """True where somebody has written since this was last asked, or where it was long ago.

        Returns once there is news, after ``wait_s`` at the latest; SQLite does not tell and is asked often.
        """
        sqlite = self._database.engine.dialect.name == "sqlite"
        told = self._counted(wait_s) if sqlite else self._notified(wait_s)
        if not told and time.monotonic() < self._believed_until:
            return False
        self._believed_until = time.monotonic() + self._trusted_s
        return True

    def close(self) -> None:
        """Give the connection up; the next question opens another."""
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be gone already
                self._connection.close()
        self._connection = None

    def _counted(self, wait_s: float) -> bool:
        if self._connection is None:
            self._connection = self._database.engine.raw_connection()
        end, before = time.monotonic() + wait_s, self._count
        while True:
            time.sleep(min(wait_s, ASK_EVERY_S))
            self._count = self._connection.cursor().execute("PRAGMA data_version").fetchone()[0]
            if self._count != before or time.monotonic() >= end:
                return self._count != before

    def _notified(self, wait_s: float) -> bool:
        try:
            if self._connection is None:
                return self._listen()
            notices = self._connection.dbapi_connection.notifies(timeout=wait_s, stop_after=1)
            return any(True for _ in notices)
        except psycopg.Error:
            self.close()
            raise

    def _listen(self) -> bool:
        """What was written before this counts as news."""
        connection = self._database.engine.raw_connection()
        connection.dbapi_connection.autocommit = True
        connection.dbapi_connection.execute(f"LISTEN {self._channel}")
        connection.detach()  # it listens: the pool must not lend it to anybody else
        self._connection = connection
        return True
