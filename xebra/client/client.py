"""The service as Python sees it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Unpack

from xebra.client.errors import Failed, TookTooLong
from xebra.client.models import Image, Job, Setting, Wish
from xebra.client.requests import Requests

REGISTRATIONS = "/api/v1/registrations"
LONGEST_WAIT_S = 20.0
Source = str | Path | bytes


class Client:
    """Upload, submit, wait; what a request repeats is done once. For one thread; use as a context manager."""

    def __init__(
        self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, *, tries: int = 5
    ) -> None:
        self._requests = Requests(url, api_key, timeout_s=LONGEST_WAIT_S + 40, tries=tries)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()

    def upload(self, file: Source, name: str | None = None, pixel_spacing_um: float | None = None) -> Image:
        """A TIFF or PNG file, as a path or as its bytes."""
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        called = name or ("image" if isinstance(file, bytes) else Path(file).name)
        data = {} if pixel_spacing_um is None else {"pixel_spacing_um": str(pixel_spacing_um)}
        answer = self._requests.send("POST", "/api/v1/images", files={"file": (called, content)}, data=data)
        return Image.of(answer.json())

    def submit(self, fixed: Image, moving: Image, *, key: str | None = None, **wish: Unpack[Wish]) -> Job:
        """Queue a pair.

        ``key`` names the request: submitted again under it, even by another process, it is the same job.
        """
        body = {"fixed_image_id": fixed.id, "moving_image_id": moving.id, **wish}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return Job.of(self._requests.send("POST", REGISTRATIONS, json=body, headers=headers).json())

    def submit_many(
        self, fixed: Image, movings: Iterable[Image], *, key: str | None = None, **wish: Unpack[Wish]
    ) -> str:
        """Queue a batch of up to 10,000 pairs; its id."""
        body = {"fixed_image_id": fixed.id, "moving_image_ids": [image.id for image in movings], **wish}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self._requests.send("POST", "/api/v1/batches", json=body, headers=headers).json()["id"]

    def batch(self, batch_id: str) -> dict[str, Any]:
        """How many of its jobs are in which state."""
        return self._requests.send("GET", f"/api/v1/batches/{batch_id}").json()

    def job(self, job_id: str) -> Job:
        """The job as it is now."""
        return Job.of(self._requests.send("GET", f"{REGISTRATIONS}/{job_id}").json())

    def cancel(self, job: Job) -> Job:
        """End it without a result."""
        return Job.of(self._requests.send("DELETE", f"{REGISTRATIONS}/{job.id}").json())

    def wait(
        self, job: Job, timeout_s: float = 600.0, progress: Callable[[Job], None] = lambda job: None
    ) -> Job:
        """The job once it has ended; ``progress`` hears of each state. Raises ``TookTooLong``."""
        end, told, pause = time.monotonic() + timeout_s, None, 0.02
        while True:
            if (job.state, job.attempt) != told:
                told, pause = (job.state, job.attempt), 0.02
                progress(job)
            if job.ended:
                return job
            if time.monotonic() > end:
                raise TookTooLong(f"{job.id} is still {job.state} after {timeout_s:.0f} s")
            time.sleep(pause)
            pause = min(1.0, pause * 1.3)
            job = self.job(job.id)

    def result(self, job: Job, timeout_s: float = 600.0) -> dict[str, Any]:
        """What was found, once it was; raises ``Failed`` or ``TookTooLong``."""
        job = self.wait(job, timeout_s)
        if job.result is None:
            why = (job.failure or {}).get("message", "no reason was given")
            raise Failed(f"{job.id} is {job.state}: {why}")
        return job.result

    def register(
        self, fixed: Source, moving: Source, timeout_s: float = 600.0, **wish: Unpack[Wish]
    ) -> dict[str, Any]:
        """Upload, submit, wait: the result."""
        return self.result(self.submit(self.upload(fixed), self.upload(moving), **wish), timeout_s)

    def register_at_once(
        self, fixed: bytes, moving: bytes, deadline_ms: int, **setting: Unpack[Setting]
    ) -> dict[str, Any]:
        """Without the queue, by the deadline or not at all; raises ``Refused`` (``deadline-missed``)."""
        files = {"fixed": ("fixed", fixed), "moving": ("moving", moving)}
        data = {"deadline_ms": str(deadline_ms), **{name: str(value) for name, value in setting.items()}}
        return self._requests.send("POST", "/api/v1/register", files=files, data=data).json()

    def registered(self, job: Job) -> bytes:
        """The registered image, a TIFF file."""
        return self._requests.send("GET", f"{REGISTRATIONS}/{job.id}/registered").content

    def transform(self, job: Job, format: str = "json") -> str:
        """The transform as json, itk, ngff, bigwarp, napari, elastix or csv."""
        return self._requests.send(
            "GET", f"{REGISTRATIONS}/{job.id}/transform", params={"format": format}
        ).text
