"""The bundled pair, registered through the running API like anybody's, beside the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from xebra import sample
from xebra.transform import corner_error

FITS_PX = 3.0
DONE_WITHIN_S = 180.0
ENDED = ("succeeded", "failed", "cancelled")


def submit_sample(client: httpx.Client) -> dict[str, Any]:
    """Upload the pair and ask for its registration; the job."""
    fixed, moving = (_upload(client, path) for path in (sample.FIXED, sample.MOVING))
    wish = {"fixed_image_id": fixed["id"], "moving_image_id": moving["id"]}
    return _accepted(client.post("/api/v1/registrations", json=wish))


def show_sample(client: httpx.Client, job: dict, folder: Path, say: Callable[[str], None]) -> float:
    """Wait for the job, say what it found beside the truth, keep the picture; the corner error in px.

    Raises RuntimeError where the job does not succeed.
    """
    job = _ended(client, job)
    result, truth = job["result"], json.loads(sample.TRUTH.read_text())
    matrices = (np.array(said["fixed_from_moving"]) for said in (result, truth))
    error = corner_error(*matrices, result["fixed"]["shape"])
    for line in _compared(result, truth, error):
        say(line)
    say(f"  picture       {_keep_picture(client, job, folder)}")
    return error


def _upload(client: httpx.Client, path: Path) -> dict[str, Any]:
    return _accepted(client.post("/api/v1/images", files={"file": (path.name, path.read_bytes())}))


def _accepted(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise RuntimeError(answer.json().get("detail", answer.text))
    return answer.json()


def _ended(client: httpx.Client, job: dict) -> dict[str, Any]:
    end = time.monotonic() + DONE_WITHIN_S
    while job["state"] not in ENDED and time.monotonic() < end:
        time.sleep(0.05)
        job = _accepted(client.get(job["links"]["self"]))
    if job["state"] != "succeeded":
        raise RuntimeError(f"the job is {job['state']}: {(job['failure'] or {}).get('message', 'no reason')}")
    return job


def _compared(result: dict, truth: dict, error: float) -> list[str]:
    """The four parameters beside the truth, one line each."""
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


def _keep_picture(client: httpx.Client, job: dict, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "picture.png"
    picture.write_bytes(client.get(job["links"]["picture"]).raise_for_status().content)
    return picture
