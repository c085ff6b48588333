"""Starting and stopping: what cannot be is said in words, and nothing is left running."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psutil
import pytest
from support.crashes import still_running
from support.servers import free_port, wait_until
from support.service import PATIENCE_S, Service, serving, speckle, start, stop, wait_until_ready


def down(service: Service) -> list[str]:
    """The parts that are not ready."""
    return [part["part"] for part in service.client.get("/health/ready").json().get("down", [])]


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Service]:
    """A service that may be harmed, in a folder whose name is too long for a socket."""
    with serving(tmp_path_factory.mktemp("state") / ("long" * 40), SILENT_AFTER_SECONDS="4") as service:
        yield service


def test_a_state_folder_with_a_long_name_is_taken(own):
    image = own.upload(speckle())
    assert own.wait(own.submit(image, image))["state"] == "succeeded"


def test_readiness_shows_a_worker_that_lives_but_does_not_consume(own):
    frozen = own.parts("worker.app")
    for process in frozen:
        process.suspend()
    try:
        wait_until(lambda: down(own) == ["worker"], "the alarm for the worker alone")
    finally:
        for process in frozen:
            process.resume()
    wait_until_ready(own)


def test_ctrl_c_stops_every_process(own):
    whole = psutil.Process(own.process.pid).children(recursive=True)
    assert len(whole) >= 5
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(PATIENCE_S) == 0
    assert still_running(whole) == []


def test_a_taken_port_is_said_in_words(service, tmp_path):
    port = int(service.url.rpartition(":")[2])
    process, _ = start(tmp_path / "other", port)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f":{port}" in said and "--port" in said and "Traceback" not in said


def test_a_second_service_on_the_same_state_is_refused_in_words(service):
    process, _ = start(service.state_dir, free_port())
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "another xebra serve" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "mysql://host/xebra"),
        ("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/xebra"),
        ("IMAGES_URL", "ftp://host/images"),
        ("BROKER_URL", "amqp://host"),
        ("INFERENCE_URL", "http://host"),
    ],
)
def test_a_wrong_url_is_said_in_words(tmp_path, name, url):
    process, _ = start(tmp_path / "state", free_port(), **{name: url})
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f"XEBRA_{name}" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "value"), [("LEASE_SECONDS", "-1"), ("LEASE_SECONDS", "soon"), ("WORKER_PROCESSES", "0")]
)
def test_a_setting_that_cannot_be_is_said_by_its_name(tmp_path, name, value):
    process, _ = start(tmp_path / "state", free_port(), **{name: value})
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f"XEBRA_{name}" in said and value in said and said.count("\n") == 1


def test_a_port_that_cannot_be_is_said_in_words(tmp_path):
    process, _ = start(tmp_path / "state", 99999)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "99999" in said and "Traceback" not in said


def test_a_database_file_that_is_none_is_said_in_words(tmp_path):
    (tmp_path / "xebra.sqlite").write_text("not a database, and long enough to look like one " * 100)
    process, _ = start(tmp_path, free_port())
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "XEBRA_DATABASE_URL" in said and "Traceback" not in said


def test_stop_is_clean_right_after_start(tmp_path):
    process, _ = start(tmp_path / "state", free_port())
    serving = psutil.Process(process.pid)
    wait_until(lambda: serving.children() != [], "the first part")
    whole = serving.children(recursive=True)
    assert stop(process) == 0
    assert still_running(whole) == []
