"""Finished jobs with given features, in a database."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import numpy as np

from db import drift
from db.engine import Database
from db.rows import RegistrationRow
from db.types import utc_now
from support.jobs import upload


class Jobs:
    """Finished jobs of an instrument with given features, without images."""

    def __init__(self, database: Database, owner: str) -> None:
        self.database, self.owner = database, owner
        self.image = upload(database, owner)
        self.random, self.started = np.random.default_rng(len(owner)), utc_now()
        self.count = 0

    def add(self, number: int, shift: float = 0.0, verdict: str = "accept") -> list[str]:
        """Add jobs whose noise is shifted by this many standard deviations; return their ids."""
        with self.database.writing() as session:
            rows = [self._row() for _ in range(number)]
            session.add_all(rows)
            session.flush()
            for row in rows:
                noise, error = self.random.normal(size=2).tolist()
                features = {"fixed_noise": noise + shift, "error": error}
                assert drift.add_sample(session, row.id, verdict, features)
        return [row.id for row in rows]

    def _row(self) -> RegistrationRow:
        self.count += 1
        row = RegistrationRow(id=str(uuid4()), owner=self.owner, state="succeeded", actor="tester")
        row.fixed_image_id = row.moving_image_id = self.image
        row.request_id, row.created_at = "r1", self.started + timedelta(seconds=self.count)
        row.finished_at = row.created_at
        return row
