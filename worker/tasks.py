"""What travels through the queue: wake-up calls, and a pulse that proves that somebody consumes."""

import logging

from db import claims, heartbeats
from worker.app import app
from worker.registering import work_on
from worker.workplace import workplace

log = logging.getLogger(__name__)


@app.task(name="xebra.work")
def work() -> None:
    """Take the job whose turn it is and work on it; a call too many finds nothing to claim."""
    place = workplace()
    with place.database.writing() as session:
        heartbeats.beat(session, "worker", place.name)
        claim = claims.take_next(session, place.name, place.lease)
    if claim is None:
        log.info("woken, but nobody waits")
        return
    work_on(claim, place)


@app.task(name="xebra.pulse")
def pulse() -> None:
    """Prove that this worker consumes."""
    place = workplace()
    with place.database.noting() as session:
        heartbeats.beat(session, "worker", place.name)
