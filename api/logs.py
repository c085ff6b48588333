"""The log of the front door: uvicorn's own lines about requests are replaced by ours."""

import logging

from api.requests import request_id
from db import logs


def configure() -> None:
    """One line for each request, with its id."""
    logs.configure(request_id.get)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("alembic").setLevel("WARNING")
