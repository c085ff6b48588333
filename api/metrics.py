"""/metrics, for Prometheus: what the rows say of the jobs, and what this process says of its requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from api.dependencies import DatabaseDep
from api.measured import requests
from db import statistics
from db.engine import Database

router = APIRouter(include_in_schema=False)
QUANTILES = (0.5, 0.9, 0.99)


@router.get("/metrics")
def metrics(request: Request, database: DatabaseDep) -> Response:
    """The same whichever API process is asked, but for the requests."""
    registry = CollectorRegistry()
    registry.register(_Jobs(database, request.app.state.states))
    registry.register(requests)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Jobs:
    """Reads the rows once for each time that it is asked."""

    def __init__(self, database: Database, states: statistics.States) -> None:
        self._database, self._states = database, states

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._database.reading() as session:
            states, waiting = self._states.count(session), statistics.waiting(session)
            ended = statistics.ended_lately(session)
        yield _gauge("jobs", "Jobs in each state.", "state", states)
        yield _gauge("waiting_jobs", "Jobs in the queue.", "instrument", {w.owner: w.jobs for w in waiting})
        ages = {w.owner: w.oldest_s for w in waiting}
        yield _gauge("oldest_waiting_seconds", "How long the oldest of them waits.", "instrument", ages)
        outcomes = Counter(job.outcome for job in ended)
        yield _gauge("recent_jobs", "Jobs of the last five minutes, by how they ended.", "outcome", outcomes)
        yield GaugeMetricFamily(
            "xebra_recent_retries",
            "Attempts of these beyond the first.",
            value=sum(max(0, job.attempts - 1) for job in ended),
        )
        yield _quantiles(ended)


def _gauge(name: str, about: str, label: str, values: dict) -> Metric:
    family = GaugeMetricFamily(f"xebra_{name}", about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _quantiles(ended: list[statistics.Ended]) -> Metric:
    about = "How long each phase of the jobs of the last five minutes took."
    family = GaugeMetricFamily("xebra_recent_job_seconds", about, labels=["phase", "quantile"])
    for phase in ("waiting", "working", "engine", "total"):
        seconds = sorted(job.seconds[phase] for job in ended if phase in job.seconds)
        for quantile in QUANTILES if seconds else ():
            place = min(len(seconds) - 1, int(quantile * len(seconds)))
            family.add_metric([phase, str(quantile)], seconds[place])
    return family
