"""The query by which KEDA scales the workers counts the queued and the running jobs."""

from __future__ import annotations

from pathlib import Path

import yaml
from sqlalchemy import text
from support.jobs import RESULT, claim_next, do, submit

from db import job_transitions
from db.engine import Database
from db.migrate import migrate

MANIFEST = Path(__file__).parents[2] / "deploy/kubernetes/autoscaling.yaml"


def test_query_counts_unfinished_jobs(new_postgres_url):
    objects = {
        document["metadata"]["name"]: document for document in yaml.safe_load_all(MANIFEST.read_text())
    }
    query = objects["worker"]["spec"]["triggers"][0]["metadata"]["query"]
    database = Database(new_postgres_url())
    migrate(database)
    for _ in range(3):
        submit(database)
    do(database, job_transitions.finish, claim_next(database), RESULT)
    claim_next(database)
    with database.reading() as session:
        assert session.scalar(text(query)) == 2
    database.close()
