"""Logging of the API: its own request log replaces that of uvicorn."""

import logging

from api.requests import current_request_id
from db import logs


def configure() -> None:
    """Configure one log line for each request, with its id."""
    logs.configure(current_request_id)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("alembic").setLevel("WARNING")
