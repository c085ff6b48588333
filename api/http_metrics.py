"""Prometheus metrics of the HTTP requests of this process."""

from prometheus_client import Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
requests = Histogram(
    "xebra_http_request_duration_seconds",
    "Duration of the requests of this API process.",
    ["method", "status"],
    buckets=BUCKETS,
    registry=None,
)
