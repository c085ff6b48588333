"""The Celery tasks: wake-up messages, and heartbeats that prove consumption."""

import time

from db import adaptations, heartbeats, tracing
from db.outbox import TASK
from worker import adaptation, draining
from worker.app import app
from worker.context import WorkerContext, worker_context
from worker.job_runner import Job, claim_next, run_job

JOBS_PER_MESSAGE = 20  # then Celery gets its turn: it acknowledges, and may stop or replace the process
HEARTBEAT_S = 1.0  # least time between the heartbeats of a busy process
_next_heartbeat = 0.0


@app.task(name=TASK)
def run_next_job() -> None:
    """Run jobs until the queue is empty or this worker stops; a superfluous message finds nothing to claim.

    If jobs may remain, the message is sent again: each job in the queue has a message, or a process that
    will look for it.
    """
    context = worker_context()
    for _ in range(JOBS_PER_MESSAGE):
        job = _claim(context)
        if job is None:
            return
        _run(job, context)
        if draining.requested():
            break
    run_next_job.delay()


@app.task(name=adaptations.TASK)
def adapt() -> None:
    """Run queued adaptations, on a worker that serves their queue: ``--queues adaptation``."""
    context = worker_context()
    while not draining.requested() and adaptation.run_next(context.database, context.store):
        pass


@app.task(name="xebra.heartbeat")
def heartbeat() -> None:
    """Record that this worker consumes messages."""
    context = worker_context()
    with context.database.writing_relaxed() as session:
        heartbeats.record(session, "worker", context.name)


def _run(job: Job, context: WorkerContext) -> None:
    """Run a claimed job, in the trace of the request that has submitted it."""
    claim = job.claim
    about: dict[str, str | int] = {"registration": claim.registration_id, "attempt": claim.attempt}
    with tracing.span("run registration", claim.traceparent, kind="CONSUMER", **about):
        run_job(job, context)


def _claim(context: WorkerContext) -> Job | None:
    """Claim and load the next job, and record from time to time that this worker consumes messages."""
    global _next_heartbeat
    with context.database.writing() as session:
        if (now := time.monotonic()) >= _next_heartbeat:
            heartbeats.record(session, "worker", context.name)
            _next_heartbeat = now + HEARTBEAT_S
        return claim_next(session, context)
