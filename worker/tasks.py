"""The Celery tasks: wake-up messages, and heartbeats that prove consumption."""

import logging

from db import claims, heartbeats, tracing
from worker.app import app
from worker.context import worker_context
from worker.job_runner import run_job

log = logging.getLogger(__name__)


@app.task(name="xebra.run_next_job")
def run_next_job() -> None:
    """Claim the next job and run it; a superfluous message finds nothing to claim."""
    context = worker_context()
    with context.database.writing() as session:
        heartbeats.record(session, "worker", context.name)
        claim = claims.claim_next(session, context.name, context.lease)
    if claim is None:
        log.info("the queue is empty")
        return
    about: dict[str, str | int] = {"registration": claim.registration_id, "attempt": claim.attempt}
    with tracing.span("run registration", claim.traceparent, kind="CONSUMER", **about):
        run_job(claim, context)


@app.task(name="xebra.heartbeat")
def heartbeat() -> None:
    """Record that this worker consumes messages."""
    context = worker_context()
    with context.database.writing_relaxed() as session:
        heartbeats.record(session, "worker", context.name)
