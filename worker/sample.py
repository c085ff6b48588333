"""The sample pair, registered through the API of the running service and compared with the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from db.rows import FINAL_STATES
from xebra import sample
from xebra.transform import corner_error

MAX_ERROR_PX = 3.0
TIMEOUT_S = 180.0
POLL_S = 0.05
Json = dict[str, Any]


def submit_sample(client: httpx.Client) -> Json:
    """Upload the pair and submit its registration; return the job."""
    fixed, moving = (_upload(client, path) for path in (sample.FIXED, sample.MOVING))
    request = {"fixed_image_id": fixed["id"], "moving_image_id": moving["id"]}
    return _checked_json(client.post("/api/v1/registrations", json=request))


def show_sample(client: httpx.Client, job: Json, folder: Path, show: Callable[[str], None]) -> float:
    """Wait for the job, show its result beside the truth, save the picture; return the corner error in px.

    Raises:
        RuntimeError: the job has not succeeded.
    """
    job = _wait(client, job)
    result, truth = job["result"], json.loads(sample.TRUTH.read_text())
    found, true = (np.array(body["fixed_from_moving"]) for body in (result, truth))
    error = corner_error(found, true, result["fixed"]["shape"])
    for line in _comparison(result, truth, error):
        show(line)
    show(f"  picture       {_save_picture(client, job, folder)}")
    return error


def _upload(client: httpx.Client, path: Path) -> Json:
    return _checked_json(client.post("/api/v1/images", files={"file": (path.name, path.read_bytes())}))


def _checked_json(answer: httpx.Response) -> Json:
    body: Json = answer.json()
    if answer.is_error:
        raise RuntimeError(body.get("detail", answer.text))
    return body


def _wait(client: httpx.Client, job: Json) -> Json:
    end = time.monotonic() + TIMEOUT_S
    while job["state"] not in FINAL_STATES and time.monotonic() < end:
        time.sleep(POLL_S)
        job = _checked_json(client.get(job["links"]["self"]))
    if job["state"] != "succeeded":
        raise RuntimeError(f"the job is {job['state']}: {(job['failure'] or {}).get('message', 'no reason')}")
    return job


def _comparison(result: Json, truth: Json, error: float) -> list[str]:
    """Return the four parameters beside the truth, one line each."""
    rows = [
        ("scale", result["scale"], truth["scale"], ""),
        ("angle", result["angle_deg"], truth["angle_deg"], " deg"),
        ("shift x", result["shift_px"][0], truth["shift_px"][0], " px"),
        ("shift y", result["shift_px"][1], truth["shift_px"][1], " px"),
    ]
    lines = ["Sample pair          found       truth"]
    lines += [f"  {name:<12}{found:>12.4f}{true:>12.4f}{unit}" for name, found, true, unit in rows]
    expected = result["expected_corner_error_px"]
    lines.append(f"  corner error{error:>12.2f} px, {expected:.2f} px expected; verdict: {result['verdict']}")
    return lines


def _save_picture(client: httpx.Client, job: Json, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "picture.png"
    picture.write_bytes(client.get(job["links"]["picture"]).raise_for_status().content)
    return picture
