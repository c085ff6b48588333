"""The log says of each event what it is about, for people or for machines."""

import json
import logging

from db import logs


def test_an_event_is_one_json_object_with_what_it_is_about():
    record = logging.LogRecord("worker", logging.INFO, "file", 1, "%s is \u00fc\nber", ("it",), None)
    record.request_id, record.attempt = "r1", 2
    said = json.loads(logs.json_formatter().format(record))
    assert (said["message"], said["request_id"], said["attempt"]) == ("it is ü\nber", "r1", 2)
    assert "registration" not in said and said["at"].endswith("+00:00")
    assert "\n" not in logs.json_formatter().format(record)


def test_text_names_the_request(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    before = logging.getLogger().level
    handler = logs.configure(lambda: "r7")
    handler.handle(logging.LogRecord("api", logging.INFO, "file", 1, "done", (), None))
    logging.getLogger().setLevel(before)
    assert "INFO request=r7 done" in capsys.readouterr().err
