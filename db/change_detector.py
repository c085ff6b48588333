"""Detection of database changes at a lower cost than a query for the changes themselves."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import psycopg
from sqlalchemy import PoolProxiedConnection

from db.engine import Database

SQLITE_POLL_S = 0.004  # 2 % of a core


class ChangeDetector:
    """Report whether other connections have committed: SQLite counts commits, PostgreSQL sends notifications.

    The passing of time causes changes too (a retried job becomes due), so that ``poll`` also returns True
    every ``max_age_s``. Not thread-safe.
    """

    def __init__(
        self, database: Database, max_age_s: float, channel: str, sqlite_poll_s: float = SQLITE_POLL_S
    ) -> None:
        self._database, self._max_age_s, self._channel = database, max_age_s, channel
        self._sqlite_poll_s = sqlite_poll_s
        self._connection: PoolProxiedConnection | None = None
        self._version: int | None = None
        self.notified: frozenset[str] = frozenset()  # texts of the notifications, if the last poll had any
        self._valid_until = 0.0

    def poll(self, wait_s: float = 0.0) -> bool:
        """Return True if there was a commit since the last call, or if that call is older than ``max_age_s``.

        Returns at the first change, after ``wait_s`` at the latest.
        """
        sqlite = self._database.engine.dialect.name == "sqlite"
        changed = self._version_changed(wait_s) if sqlite else self._notified(wait_s)
        if not changed and time.monotonic() < self._valid_until:
            return False
        self._valid_until = time.monotonic() + self._max_age_s
        return True

    def close(self) -> None:
        """Release the connection; the next call of ``poll`` opens another."""
        if self._connection is not None:
            with contextlib.suppress(Exception):  # the connection may be lost
                self._connection.close()
        self._connection = None

    def _version_changed(self, wait_s: float) -> bool:
        if self._connection is None:
            self._connection = self._database.engine.raw_connection()
        end, before = time.monotonic() + wait_s, self._version
        while True:
            time.sleep(min(wait_s, self._sqlite_poll_s))
            driver: Any = self._connection.driver_connection
            self._version = driver.execute("PRAGMA data_version").fetchone()[0]
            if self._version != before or time.monotonic() >= end:
                return self._version != before

    def _notified(self, wait_s: float) -> bool:
        try:
            if self._connection is None:
                return self._listen()
            driver: Any = self._connection.dbapi_connection
            found = driver.notifies(timeout=wait_s, stop_after=1)
            self.notified = frozenset(notification.payload for notification in found)
            return bool(self.notified)
        except psycopg.Error:
            self.close()
            raise

    def _listen(self) -> bool:
        """Subscribe to the channel; earlier commits count as a change."""
        connection = self._database.engine.raw_connection()
        driver: Any = connection.dbapi_connection
        driver.autocommit = True
        driver.execute(f"LISTEN {self._channel}")
        connection.detach()  # a listening connection must not return to the pool
        self.notified = frozenset()
        self._connection = connection
        return True
