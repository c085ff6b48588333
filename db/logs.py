"""How every process of the service writes its log: one line for each event, as text or as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

TEXT = "%(asctime)s %(levelname)s request=%(request_id)s %(message)s"
VARIABLE = "XEBRA_LOG_FORMAT"  # text, or json


def configure(request_id: Callable[[], str] = lambda: "-") -> logging.Handler:
    """Send all logging of this process to stderr, with the id of the request that it is about."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = os.environ.get(VARIABLE, "text") == "json"
    handler.setFormatter(Json() if as_json else logging.Formatter(TEXT))

    def about(record: logging.LogRecord) -> bool:
        record.request_id = getattr(record, "request_id", None) or request_id()
        return True

    handler.addFilter(about)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel("INFO")
    return handler


class Json(logging.Formatter):
    """One JSON object for each event; what is given as ``extra`` becomes fields of it."""

    FIELDS = ("request_id", "registration", "attempt", "worker")

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= {name: getattr(record, name) for name in self.FIELDS if getattr(record, name, None)}
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)
