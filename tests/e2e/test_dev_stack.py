"""./dev stack: every server and process of the deployed stack, up by one command and down again."""

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
    """The command, and what it has said once all was up."""
    command = [CHECKOUT / "dev", "stack", "--keep", tmp_path / "kept"]
    process = subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    said = ""
    while not (said.endswith("\n") and "XEBRA_INFERENCE_URL" in said):
        line = process.stdout.readline()
        assert line, f"it ended with {process.wait()} after it said {said!r}"
        said += line
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
        process.stdout.close()


def seen_at(url: str, folder: Path, process: subprocess.Popen) -> Service:
    return Service(url, folder, process, httpx.Client(base_url=url, timeout=PATIENCE_S))


def test_stack_registers_a_pair_across_its_two_apis_and_ends_with_all_that_it_started(stack, tmp_path):
    process, said = stack
    one, other = (seen_at(url, tmp_path / "kept", process) for url in re.findall(r"http://\S+:\d+", said))
    fixed, moving = (one.upload(path.read_bytes(), path.name) for path in (sample.FIXED, sample.MOVING))
    job = one.wait(other.submit(fixed, moving))
    assert job["state"] == "succeeded", job["failure"]
    assert job["result"]["model"]["engine"].startswith("triton ")
    assert other.client.get(job["links"]["registered"]).content[:2] == b"II"

    whole = psutil.Process(process.pid).children(recursive=True)
    programs = {child.name() for child in whole}
    assert {"postgres", "redis-server", "rclone", "tritonserver"} <= programs, programs
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert still_running(whole) == []
