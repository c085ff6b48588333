"""The script of the deployed PostgreSQL creates a role that has what Xebra needs, and no more."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sqlalchemy import text
from support.jobs import submit
from support.servers import LOOPBACK, free_port, postgres, postgres_programs, temporary_home

from db.engine import Database
from db.migrate import migrate

SCRIPT = Path(__file__).parents[2] / "docker/postgres/create-role.sh"


def test_role_can_migrate_and_submit_and_is_no_superuser():
    with temporary_home() as home, postgres(home, port := free_port(), "fsync=off"):
        settings = {"PGHOST": LOOPBACK, "PGPORT": str(port), "POSTGRES_USER": "postgres"}
        path = f"{postgres_programs()}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | settings | {"XEBRA_PASSWORD": "it's", "PATH": path}
        subprocess.run([SCRIPT], env=environment, check=True)
        database = Database(f"postgresql+psycopg://xebra@{LOOPBACK}:{port}/xebra")
        migrate(database)
        submit(database)
        with database.reading() as session:
            rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication"
            found = session.execute(text(f"SELECT {rights} FROM pg_roles WHERE rolname = 'xebra'")).one()
        assert found == (False, False, False, False)
        database.close()
