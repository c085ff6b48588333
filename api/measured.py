"""What this process measures of itself."""

from prometheus_client import Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
requests = Histogram(
    "xebra_http_request_seconds",
    "Requests of this API process.",
    ["method", "status"],
    buckets=BUCKETS,
    registry=None,
)
