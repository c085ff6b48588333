"""Measure the time of a pair: in the process on one thread, and from POST to finished job in the service.

./dev bench latency [--runs N] [--jobs N] [--cases DIR --limit N] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
from cases import first_of_each_cell, read

import xebra
from xebra import sample
from xebra.image_files import write_tiff
from xebra.resample import resample

SIDE = 256
POLL_S = 0.002
READY_S = 60
ENDED = ("succeeded", "failed", "cancelled")


def sample_pair() -> list[np.ndarray]:
    """Return the bundled pair, resampled to 256 x 256 px."""
    return [_of_side(xebra.read_image(path).pixels) for path in (sample.FIXED, sample.MOVING)]


def _of_side(pixels: np.ndarray) -> np.ndarray:
    rows, columns = pixels.shape[:2]
    return resample(pixels, np.diag([(columns - 1) / (SIDE - 1), (rows - 1) / (SIDE - 1), 1]), (SIDE, SIDE))


def timed(work: Callable[[], object], runs: int) -> np.ndarray:
    """Return the seconds of each run after some warm-up runs."""
    for _ in range(5):
        work()
    return np.array([timed_once(work) for _ in range(runs)])


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Restrict this process, with all threads of its libraries, to one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def embedded_service() -> Iterator[httpx.Client]:
    """Yield a client of a service on a free port with an empty state folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="xebra-bench-") as state:
        embedded = {name: value for name, value in os.environ.items() if not name.startswith("XEBRA_")}
        environment = embedded | {"XEBRA_STATE_DIR": state, "XEBRA_PORT": str(port)}
        command = [str(Path(sys.executable).with_name("xebra")), "serve"]
        log = Path(state, "log")
        with log.open("w") as file:
            service = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                _wait_until_ready(client, log)
                yield client
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)


def _wait_until_ready(client: httpx.Client, log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/health/ready").is_success:
                return
        time.sleep(0.1)
    raise SystemExit(f"the service was not ready within {READY_S} s; its log:\n{log.read_text()[-2000:]}")


def upload(client: httpx.Client, pixels: np.ndarray) -> str:
    """Upload an image; return its id."""
    file = io.BytesIO()
    write_tiff(file, pixels)
    answer = client.post("/api/v1/images", files={"file": ("image.tif", file.getvalue(), "image/tiff")})
    return answer.raise_for_status().json()["id"]


def register(client: httpx.Client, fixed: str, moving: str) -> None:
    """Submit a job and poll until it has finished."""
    job = {"fixed_image_id": fixed, "moving_image_id": moving}
    place = client.post("/api/v1/registrations", json=job).raise_for_status().headers["Location"]
    while (answer := client.get(place).raise_for_status().json())["state"] not in ENDED:
        time.sleep(POLL_S)
    if answer["state"] != "succeeded":
        raise SystemExit(f"the job {answer['state']}: {answer['failure']}")


def measure(runs: int, jobs: int) -> dict[str, np.ndarray]:
    """Return the seconds of each run, by what was measured."""
    fixed, moving = sample_pair()
    with one_core():
        found = {"xebra.register, one thread": timed(lambda: xebra.register(fixed, moving), runs)}
    with embedded_service() as client:
        ids = [upload(client, pixels) for pixels in (fixed, moving)]
        found["POST to finished job, embedded service"] = timed(lambda: register(client, *ids), jobs)
    return found


def over(folder: Path, limit: int | None) -> np.ndarray:
    """Return the seconds of ``xebra.register`` on one core for each pair in a folder of ``make_cases.py``."""
    cases = first_of_each_cell(read(folder), limit)
    xebra.register(cases[0].fixed, cases[0].moving)  # opens the network
    with one_core():
        return np.array([timed_once(lambda c=case: xebra.register(c.fixed, c.moving)) for case in cases])


def timed_once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def summary(seconds: np.ndarray) -> dict[str, float]:
    median, p95 = np.percentile(seconds * 1e3, [50, 95])
    return {"median_ms": round(float(median), 2), "p95_ms": round(float(p95), 2), "runs": len(seconds)}


def report(found: dict[str, dict[str, float]]) -> None:
    """Print the figures."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{SIDE} x {SIDE} px; {machine}")
    print(f"{'':40s} {'median':>10s} {'95 %':>10s} {'runs':>6s}")
    for what, of in found.items():
        print(f"{what:40s} {of['median_ms']:7.1f} ms {of['p95_ms']:7.1f} ms {of['runs']:6d}")


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--runs", type=int, default=200, help="registrations in the process")
    parser.add_argument("--jobs", type=int, default=100, help="jobs through the service, one by one")
    parser.add_argument("--cases", type=Path, help="folder of pairs, each registered once as well")
    parser.add_argument("--limit", type=int, help="of these the first N of each kind and level")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    chosen = parser.parse_args()
    found = {what: summary(seconds) for what, seconds in measure(chosen.runs, chosen.jobs).items()}
    if chosen.cases:
        found["xebra.register, each pair once"] = summary(over(chosen.cases, chosen.limit))
    report(found)
    if chosen.json:
        figures = {"side_px": SIDE, "cores": os.cpu_count(), **found}
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
