"""Logging of every process: one line for each record, as text or as JSON."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from pythonjsonlogger.json import JsonFormatter

TEXT = "%(asctime)s %(levelname)s request=%(request_id)s %(message)s"
FORMAT_VARIABLE = "XEBRA_LOG_FORMAT"  # text or json


def configure(request_id: Callable[[], str] = lambda: "-") -> logging.Handler:
    """Send all log records of this process to stderr, each with the id of its request."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = os.environ.get(FORMAT_VARIABLE, "text") == "json"
    handler.setFormatter(json_formatter() if as_json else logging.Formatter(TEXT))

    def add_request_id(record: logging.LogRecord) -> bool:
        record.request_id = getattr(record, "request_id", None) or request_id()
        return True

    handler.addFilter(add_request_id)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel("INFO")
    return handler


def json_formatter() -> JsonFormatter:
    """Return a formatter that writes each record as a JSON object, with the fields of ``extra``."""
    return JsonFormatter(
        ["levelname", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        timestamp="at",
        json_ensure_ascii=False,
    )
