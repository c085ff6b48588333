"""A running service (``xebra serve``) and the steps of its clients."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from support.servers import LOOPBACK, free_port, program, wait_until
from xebra.image_files import write_tiff

ENDED = ("succeeded", "failed", "cancelled")
MAX_UPLOAD_BYTES = 64 << 20
KEEP_DAYS = 30
QUICK = {"network": "paper"}  # the fastest, for tests that accept any result
PATIENCE_S = 300.0  # for a busy machine


@dataclass
class Service:
    """A running service and a client of it."""

    url: str
    state_dir: Path
    process: subprocess.Popen
    client: httpx.Client

    def upload(self, pixels: np.ndarray | bytes, name: str = "image.tif", **fields: Any) -> dict:
        """Upload an image and return it."""
        content = pixels if isinstance(pixels, bytes) else tiff(pixels)
        answer = self.client.post("/api/v1/images", files={"file": (name, content)}, data=fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def submit(self, fixed: dict, moving: dict, **settings: Any) -> dict:
        """Submit a registration and return it."""
        body = {"fixed_image_id": fixed["id"], "moving_image_id": moving["id"], **settings}
        answer = self.client.post("/api/v1/registrations", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"] == answer.json()["links"]["self"]
        return answer.json()

    def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        return self.client.get(path).raise_for_status().json()

    def wait(self, job: dict, until: Callable[[dict], bool] = lambda job: job["state"] in ENDED) -> dict:
        """Return the registration when it has ended, or when ``until`` is true."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):  # the API may be restarting
                job = self.get(job["links"]["self"])
                if until(job):
                    return job
            time.sleep(0.02)
        raise AssertionError(f"still {job['state']} after {PATIENCE_S:.0f} s; logs:\n{self.logs()}")

    def parts(self, word: str) -> list[psutil.Process]:
        """Return the processes of the service whose command line contains this word, parents first."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess):
            return [process for process in found if word in " ".join(process.cmdline())]
        return self.parts(word)  # one has ended in the meantime

    def logs(self) -> str:
        """Return the end of each log."""
        files = sorted((self.state_dir / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text()[-3000:]}" for file in files)


@contextlib.contextmanager
def serving(state_dir: Path, port: int | None = None, **settings: str) -> Iterator[Service]:
    """Start a service and wait until it is ready; settings are environment variables without XEBRA_."""
    process, url = start(state_dir, port or free_port(), **settings)
    try:
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            service = Service(url, state_dir, process, client)
            wait_until_ready(service)
            yield service
    finally:
        end(process)


def start(state_dir: Path, port: int, *arguments: str, **settings: str) -> tuple[subprocess.Popen, str]:
    """Start ``xebra serve`` without waiting; return its process and its URL."""
    command = [program("xebra"), "serve", "--host", LOOPBACK, "--port", str(port), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, env=environment(state_dir, **settings), **pipes)
    return process, f"http://{LOOPBACK}:{port}"


def environment(state_dir: Path, **settings: str) -> dict[str, str]:
    """Return the environment of this process with only these settings of Xebra."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("XEBRA_")}
    given = {f"XEBRA_{name}": value for name, value in settings.items()}
    return outer | {"XEBRA_STATE_DIR": str(state_dir)} | given


def stop(process: subprocess.Popen) -> int:
    """Stop it as a service manager does; return its exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.stdout.close()


def end(process: subprocess.Popen) -> None:
    """Kill it with its children; the orderly stop has its own tests."""
    children = []
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    process.stdout.close()
    psutil.wait_procs(children, PATIENCE_S)  # they end with their parent


def wait_until_ready(service: Service) -> None:
    """Wait until all parts of the service are ready."""
    try:
        wait_until(lambda: service.client.get("/health/ready").is_success, "the service", PATIENCE_S)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{service.logs()}") from None


def tiff(pixels: np.ndarray, pixel_spacing: float | None = None) -> bytes:
    """Return the bytes of a TIFF file."""
    file = io.BytesIO()
    write_tiff(file, pixels, pixel_spacing)
    return file.getvalue()


def speckle(side: int = 256, seed: int = 0) -> np.ndarray:
    """Return an image of random blocks, uint16."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((side // 8, side // 8))
    return np.kron(coarse * 60_000, np.ones((8, 8))).astype(np.uint16)
