"""The Triton server of the wheel that ``./dev test`` installs, with the bundled networks, on free ports."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from support.servers import LOOPBACK, free_port, running, wait_until

CHECKOUT = Path(__file__).parents[2]
READY_TIMEOUT_S = 5.0
IMPATIENT = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 100)]


@contextlib.contextmanager
def triton(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen]:
    """Start a server and wait until it is ready; its models and its log are in ``folder``."""
    with starting_triton(folder, port, *options) as process:
        wait_until_triton_is_ready(folder, port)
        yield process


def set_priority(process: subprocess.Popen, nice: int) -> None:
    """Set the share of processor time of a session among the others (Linux), where the system permits it.

    A start takes some 10 s of processor time: six processes import ONNX Runtime. Beside 40 processes that
    wait for two cores that is more than five minutes.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))


def triton_is_ready(port: int) -> bool:
    """Return whether a server has loaded every network."""
    client = InferenceServerClient(f"{LOOPBACK}:{port}", channel_args=IMPATIENT)
    try:
        return bool(client.is_server_ready(client_timeout=READY_TIMEOUT_S))
    except InferenceServerException:
        return False
    finally:
        client.close()


def wait_until_triton_is_ready(folder: Path, port: int) -> None:
    client = InferenceServerClient(f"{LOOPBACK}:{port}", channel_args=IMPATIENT)
    wait_until(lambda: client.is_server_ready(), f"Triton (see {folder / 'log'})", 300)
    client.close()


@contextlib.contextmanager
def starting_triton(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen]:
    """Start a server without waiting for it."""
    assert (CHECKOUT / ".dev/triton").is_dir(), "Triton is missing: tools/triton install"
    ports = [f"--grpc-port={port}", f"--http-port={free_port()}", f"--metrics-port={free_port()}", *options]
    environment = {**os.environ, "TRITON_MODELS": str(folder / "models")}
    with (
        open(folder / "log", "w") as log,
        running(
            [CHECKOUT / "tools/triton", "serve", *ports], env=environment, stdout=log, stderr=log
        ) as process,
    ):
        yield process


def triton_at(port: int) -> str:
    """Return the XEBRA_INFERENCE_URL of a server."""
    return f"grpc://{LOOPBACK}:{port}"


@pytest.fixture(scope="session")
def triton_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of one server for all tests that do not harm it."""
    port = free_port()
    with triton(tmp_path_factory.mktemp("triton"), port):
        yield triton_at(port)
