"""A process that was suspended within a transaction does not keep all others waiting for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from support.jobs import submit
from support.servers import running

from db.engine import IDLE_TIMEOUT_S, LOCK_TIMEOUT_S, Database
from db.migrate import migrate

HOLDER = """
import sys
from db import audit
from db.engine import Database
with Database(sys.argv[1]).writing() as session:
    audit.record(session, "held", actor="tester")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def postgresql(new_postgres_url) -> Iterator[tuple[str, Database]]:
    url = new_postgres_url()
    database = Database(url)
    migrate(database)
    yield url, database
    database.close()


def test_suspended_process_loses_the_lock_of_the_audit_log(postgresql):
    url, database = postgresql
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with running([sys.executable, "-c", HOLDER, url], signal.SIGKILL, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        submit(database)
        assert time.monotonic() - started < IDLE_TIMEOUT_S + 10


def test_timeouts_are_set_on_each_connection(postgresql):
    names = ("lock_timeout", "idle_in_transaction_session_timeout")
    with postgresql[1].reading() as session:
        shown = [session.scalar(text(f"SHOW {name}")) for name in names]
    assert shown == [f"{LOCK_TIMEOUT_S}s", f"{IDLE_TIMEOUT_S}s"]
