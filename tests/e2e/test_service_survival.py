"""Start and stop: errors are reported with a remedy, and no process is left running."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psutil
import pytest
from support.crashes import still_running
from support.servers import free_port, wait_until
from support.service import PATIENCE_S, Service, serving, speckle, start, stop, wait_until_ready


def down(service: Service) -> list[str]:
    """Return the parts that are not ready."""
    return [part["part"] for part in service.client.get("/health/ready").json().get("down", [])]


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Service]:
    """A service that the tests may harm, in a folder whose name is too long for a socket."""
    with serving(tmp_path_factory.mktemp("state") / ("long" * 40), SILENT_AFTER_SECONDS="4") as service:
        yield service


def test_state_folder_with_a_long_name(own):
    image = own.upload(speckle())
    assert own.wait(own.submit(image, image))["state"] == "succeeded"


def test_readiness_detects_a_worker_that_does_not_consume(own):
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
    processes = psutil.Process(own.process.pid).children(recursive=True)
    assert len(processes) >= 5
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(PATIENCE_S) == 0
    assert still_running(processes) == []


def test_port_in_use_is_reported(service, tmp_path):
    port = int(service.url.rpartition(":")[2])
    process, _ = start(tmp_path / "other", port)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f":{port}" in output and "--port" in output and "Traceback" not in output


def test_second_service_on_the_same_state_is_rejected(service):
    process, _ = start(service.state_dir, free_port())
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "another xebra serve" in output and "Traceback" not in output


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
def test_unsupported_url_is_reported(tmp_path, name, url):
    process, _ = start(tmp_path / "state", free_port(), **{name: url})
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f"XEBRA_{name}" in output and "Traceback" not in output


@pytest.mark.parametrize(
    ("name", "value"), [("LEASE_SECONDS", "-1"), ("LEASE_SECONDS", "soon"), ("WORKER_PROCESSES", "0")]
)
def test_invalid_setting_is_reported_by_name(tmp_path, name, value):
    process, _ = start(tmp_path / "state", free_port(), **{name: value})
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert f"XEBRA_{name}" in output and value in output and output.count("\n") == 1


def test_invalid_port_is_reported(tmp_path):
    process, _ = start(tmp_path / "state", 99999)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "99999" in output and "Traceback" not in output


def test_invalid_database_file_is_reported(tmp_path):
    (tmp_path / "xebra.sqlite").write_text("not a database, and long enough to look like one " * 100)
    process, _ = start(tmp_path, free_port())
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "XEBRA_DATABASE_URL" in output and "Traceback" not in output


def test_stop_right_after_start(tmp_path):
    process, _ = start(tmp_path / "state", free_port())
    serving = psutil.Process(process.pid)
    wait_until(lambda: serving.children() != [], "the first part")
    processes = serving.children(recursive=True)
    assert stop(process) == 0
    assert still_running(processes) == []
