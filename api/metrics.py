"""/metrics for Prometheus: job statistics from the database, and request durations of this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from api.dependencies import DatabaseDep
from api.http_metrics import requests
from db import clock, drift, heartbeats, statistics
from db.engine import Database

router = APIRouter(include_in_schema=False)
QUANTILES = (0.5, 0.9, 0.99)
PHASES = ("waiting", "working", "engine", "total")


@router.get("/metrics")
def get_metrics(request: Request, database: DatabaseDep) -> Response:
    """Return the metrics; those of the jobs are the same in every API process."""
    registry = CollectorRegistry()
    registry.register(JobCollector(database, request.app.state.state_counter))
    registry.register(requests)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class JobCollector(Collector):
    """Collect the job statistics from the database."""

    def __init__(self, database: Database, counter: statistics.StateCounter) -> None:
        self._database, self._counter = database, counter

    def describe(self) -> list[Metric]:
        """Return nothing: the registry would otherwise collect once for the names alone."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of the present moment."""
        with self._database.reading() as session:
            states, queued = self._counter.count(session), statistics.queued(session)
            finished, silent = statistics.recent_jobs(session), _silent_s(session)
            changed = {owner: float(state == "changed") for owner, state in drift.states(session).items()}
        lengths = {entry.owner: entry.jobs for entry in queued}
        ages = {entry.owner: entry.oldest_s for entry in queued}
        yield _gauge("silent_seconds", "Time since any process of the part has worked.", "part", silent)
        outcomes = Counter(job.outcome for job in finished)
        yield _gauge("jobs", "Jobs in each state.", "state", states)
        yield _gauge("queued_jobs", "Jobs in the queue.", "instrument", lengths)
        yield _gauge("oldest_queued_seconds", "Age of the oldest job in the queue.", "instrument", ages)
        about = "Whether the latest jobs differ from the reference of the drift watch."
        yield _gauge("drift_changed", about, "instrument", changed)
        yield _gauge("recent_jobs", "Jobs of the last five minutes by outcome.", "outcome", outcomes)
        yield GaugeMetricFamily(
            "xebra_recent_retries",
            "Attempts of these jobs after the first.",
            value=sum(max(0, job.attempts - 1) for job in finished),
        )
        yield _quantiles(finished)


def _silent_s(session: Session) -> dict[str, float]:
    """Return the age of the last heartbeat of each part; of a part that has never worked, infinity."""
    now, ages = clock.now(session), {}
    for part in ("relay", "worker"):
        seen = heartbeats.last_seen(session, part)
        ages[part] = float("inf") if seen is None else max(0.0, (now - seen).total_seconds())
    return ages


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"xebra_{name}", about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _quantiles(finished: list[statistics.FinishedJob]) -> Metric:
    about = "Duration of each phase of the jobs of the last five minutes."
    family = GaugeMetricFamily("xebra_recent_job_seconds", about, labels=["phase", "quantile"])
    for phase in PHASES:
        seconds = sorted(job.seconds[phase] for job in finished if phase in job.seconds)
        for quantile in QUANTILES if seconds else ():
            index = min(len(seconds) - 1, int(quantile * len(seconds)))
            family.add_metric([phase, str(quantile)], seconds[index])
    return family
