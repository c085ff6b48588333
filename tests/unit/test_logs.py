"""Log records as text and as JSON, each with the id of its request."""

import json
import logging

from db import logs


def test_json_record_is_one_line_with_its_fields():
    record = logging.LogRecord("worker", logging.INFO, "file", 1, "%s is \u00fc\nber", ("it",), None)
    record.request_id, record.attempt = "r1", 2
    line = logs.json_formatter().format(record)
    fields = json.loads(line)
    assert (fields["message"], fields["request_id"], fields["attempt"]) == ("it is ü\nber", "r1", 2)
    assert (fields["level"], fields["logger"]) == ("INFO", "worker")
    assert "registration" not in fields and fields["at"].endswith("+00:00")
    assert "\n" not in line


def test_json_record_has_its_exception():
    try:
        raise ValueError("wrong")
    except ValueError as error:
        details = (type(error), error, error.__traceback__)
        record = logging.LogRecord("worker", logging.ERROR, "file", 1, "failed", (), details)
    assert "ValueError: wrong" in json.loads(logs.json_formatter().format(record))["exception"]


def test_text_record_has_the_request_id(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    before = logging.getLogger().level
    handler = logs.configure(lambda: "r7")
    handler.handle(logging.LogRecord("api", logging.INFO, "file", 1, "done", (), None))
    logging.getLogger().setLevel(before)
    assert "INFO request=r7 done" in capsys.readouterr().err
