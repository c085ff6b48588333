"""Measure positions of frames through the service: ./dev bench series_service [--seconds 60] [--rate 20]

--rate N      frames a second, of --side x --side px of 16 bit
--frames F    file of the frames, made where it is missing (10 minutes are 6 GB); by default in memory
--make        only make that file, so that nothing is computed beside the measurement
--url URL     a running service; by default one is started on this machine
--key KEY     API key of that service

The specimen drifts; every 100 frames it jumps by a quarter of the field, once in 50 frames a frame shows
nothing. Frames are recorded at fixed times and sent one after another on one connection. Printed are
percentiles from the time at which a frame is recorded to its answer (a wait for the frame before included),
the time of the tracker itself, those of `GET /health/live` in between (what the machine and HTTP take), lost
and disordered frames, errors, and in which frame a jump is found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import psutil
from support.series import counted, specimen, view
from support.service import serving, tiff
from tracker import COUNTS, JUMP_EVERY, acquisition

from xebra.transform import corner_error


def frames_of(chosen: argparse.Namespace, count: int) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """Return the frames (N, H, W) uint16, of a file where one is named, and their reference_from_frame."""
    shape = (count, chosen.side, chosen.side)
    made = acquisition(count, chosen.side, chosen.seed)
    if chosen.frames is None:
        frames, truths = zip(*made, strict=True)
        return np.stack(frames), list(truths)
    truths = chosen.frames.with_suffix(".json")
    if not truths.exists():
        held = np.lib.format.open_memmap(chosen.frames, "w+", np.uint16, shape)
        found = []
        for number, (frame, truth) in enumerate(made):
            held[number] = frame
            found.append(None if truth is None else truth.tolist())
        held.flush()
        truths.write_text(json.dumps(found))
    read = [None if truth is None else np.array(truth) for truth in json.loads(truths.read_text())]
    return np.load(chosen.frames, mmap_mode="r")[:count], read[:count]


def send(
    client: httpx.Client, path: str, number: int, frame: np.ndarray, times: tuple[float, float]
) -> tuple[dict, float]:
    """Return the answer to a frame, and the ms since it was recorded; times: by clock, in the series."""
    query = {"dtype": str(frame.dtype), "number": number, "time_s": times[1]}
    answer = client.post(path, content=frame.tobytes(), params=query)
    return answer.raise_for_status().json(), 1e3 * (time.perf_counter() - times[0])


def live(client: httpx.Client, ended: threading.Event, times: list[float]) -> None:
    """Measure a request that does nothing, once in a second."""
    while not ended.wait(1):
        started = time.perf_counter()
        client.get("/health/live")
        times.append(1e3 * (time.perf_counter() - started))


def cpu_s(process: psutil.Process | None) -> float:
    """Return the CPU time of the API's process."""
    return 0.0 if process is None else sum(process.cpu_times()[:2])


def percentiles(times: list[float]) -> str:
    """Return median, p99 and the longest."""
    return "median {:.1f}, p99 {:.1f}, longest {:.1f} ms".format(*np.percentile(times, [50, 99, 100]))


def main() -> None:
    """Run the bench and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--url")
    parser.add_argument("--key")
    chosen = parser.parse_args()
    count = int(chosen.seconds * chosen.rate)
    frames, truths = frames_of(chosen, count)
    if chosen.make:
        return
    image = view(specimen(chosen.seed, 2 * chosen.side), np.eye(3), chosen.side)
    reference = counted(image, COUNTS, np.random.default_rng(0))
    with ExitStack() as opened:
        url, process = chosen.url, None
        if url is None:
            service = opened.enter_context(serving(Path(opened.enter_context(tempfile.TemporaryDirectory()))))
            url, process = service.url, service.parts("api.server")[0]
        headers = {"Authorization": f"Bearer {chosen.key}"} if chosen.key else {}
        clients = [
            opened.enter_context(httpx.Client(base_url=url, headers=headers, timeout=60)) for _ in range(3)
        ]
        uploaded = (
            clients[0].post("/api/v1/images", files={"file": ("reference.tif", tiff(reference))}).json()
        )
        request = {"reference_image_id": uploaded["id"], "model": "rigid", "name": "bench"}
        links = clients[0].post("/api/v1/series", json=request).raise_for_status().json()["links"]
        idle: list[float] = []
        ended = threading.Event()
        opened.callback(ended.set)
        threading.Thread(target=live, args=(clients[1], ended, idle), daemon=True).start()
        sender = opened.enter_context(ThreadPoolExecutor(1))
        begin, cpu, sent = time.perf_counter() + 0.1, cpu_s(process), []
        for number, frame in enumerate(frames):
            at = number / chosen.rate
            time.sleep(max(0.0, begin + at - time.perf_counter()))
            sent.append(sender.submit(send, clients[0], links["frames"], number, frame, (begin + at, at)))
        answers = [each.result() for each in sent]
        cpu = cpu_s(process) - cpu
        ended.set()
        series = clients[0].post(links["finish"]).json()
        stored, after = [], -1
        while page := clients[0].get(links["frames"], params={"after": after, "limit": 2000}).json()["items"]:
            stored, after = stored + page, page[-1]["number"]
    report(truths, chosen.side, answers, stored, series, cpu, idle)


def report(truths, side, answers, stored, series, cpu, idle) -> None:
    """Print the figures."""
    bodies = [body for body, _ in answers]
    print(f"frame to answer: {percentiles([took for _, took in answers])}")
    print(f"tracker: {percentiles([body['duration_ms'] for body in bodies])}")
    print(f"GET /health/live: {percentiles(idle)}; CPU of the API: {1e3 * cpu / len(bodies):.1f} ms a frame")
    disordered = sum(a["number"] >= b["number"] for a, b in itertools.pairwise(stored))
    lost = len(truths) - len(stored) + sum(a != b for a, b in zip(stored, bodies, strict=False))
    print(f"frames {len(truths)}, stored {series['frames']}, lost {lost}, out of order {disordered}")
    print(f"dropped {series['dropped']}, late {sum(body['late'] for body in bodies)}")
    errors, wrong, after_jump, waiting = [], 0, [], None
    for number, (truth, body) in enumerate(zip(truths, bodies, strict=True)):
        if number % JUMP_EVERY == JUMP_EVERY - 1:
            waiting = 0
        if truth is None or body["state"] != "fits":
            wrong += (body["state"] == "fits") != (truth is not None)
            waiting = None if waiting is None else waiting + (truth is not None)
            continue
        errors.append(corner_error(np.array(body["reference_from_frame"]), truth, (side, side)))
        if waiting is not None:
            after_jump.append(waiting + 1)
            waiting = None
    print(
        f"error: mean {np.mean(errors):.3f}, p99 {np.percentile(errors, 99):.3f}, worst {max(errors):.2f} px"
    )
    print(f"judged wrongly: {wrong}; frames until a jump is found: {sorted(after_jump)}")


if __name__ == "__main__":
    main()
