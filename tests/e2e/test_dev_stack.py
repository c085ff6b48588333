"""``./dev stack``: every server and process of the deployed stack, started and stopped by one command."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from support.crashes import still_running
from support.service import PATIENCE_S, Service, environment

from xebra import sample

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """The process of the command, and its output when the stack is ready."""
    command = [CHECKOUT / "dev", "stack", "--keep", tmp_path / "kept"]
    process = subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    output = ""
    while not (output.endswith("\n") and "XEBRA_INFERENCE_URL" in output):
        line = process.stdout.readline()
        assert line, f"it ended with {process.wait()}; output {output!r}"
        output += line
    try:
        yield process, output
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
        process.stdout.close()


def seen_at(url: str, folder: Path, process: subprocess.Popen) -> Service:
    return Service(url, folder, process, httpx.Client(base_url=url, timeout=PATIENCE_S))


def test_stack_registers_a_pair_across_two_apis_and_stops_every_process(stack, tmp_path):
    process, output = stack
    one, other = (seen_at(url, tmp_path / "kept", process) for url in re.findall(r"http://\S+:\d+", output))
    fixed, moving = (one.upload(path.read_bytes(), path.name) for path in (sample.FIXED, sample.MOVING))
    job = one.wait(other.submit(fixed, moving))
    assert job["state"] == "succeeded", job["failure"]
    assert job["result"]["model"]["engine"].startswith("triton ")
    assert other.client.get(job["links"]["registered"]).content[:2] == b"II"

    processes = psutil.Process(process.pid).children(recursive=True)
    programs = {child.name() for child in processes}
    assert {"postgres", "redis-server", "rclone", "tritonserver"} <= programs, programs
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert still_running(processes) == []
