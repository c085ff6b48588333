"""The HTTP client of the service."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Unpack

from xebra.client.errors import Failed, TookTooLong
from xebra.client.models import Channels, Image, Job, RegistrationRequest, Setting
from xebra.client.requests import Requests

REGISTRATIONS = "/api/v1/registrations"
LONGEST_WAIT_S = 20.0
Source = str | Path | bytes


class Client:
    """A client that uploads images, submits jobs and waits for their results.

    Failed requests are repeated with backoff where that is safe. Jobs are submitted under an idempotency
    key, so that a repeated request creates no second job. An instance is for one thread; use it as a context
    manager.

    Args:
        url: Address of the service.
        api_key: Key of an instrument; None where the service needs none.
        tries: Attempts at each request.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, *, tries: int = 5
    ) -> None:
        self._requests = Requests(url, api_key, timeout_s=LONGEST_WAIT_S + 40, tries=tries)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()

    def upload(self, file: Source, name: str | None = None, pixel_spacing_um: float | None = None) -> Image:
        """Upload an image file and return the stored image.

        Args:
            file: A path, or the bytes of a file.
            name: Name of the image; by default that of the file.
            pixel_spacing_um: Micrometres per pixel; overrides the value in the file.

        Raises:
            Refused: The service does not accept the file.
        """
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        file_name = name or ("image" if isinstance(file, bytes) else Path(file).name)
        data = {} if pixel_spacing_um is None else {"pixel_spacing_um": str(pixel_spacing_um)}
        answer = self._requests.send(
            "POST", "/api/v1/images", files={"file": (file_name, content)}, data=data
        )
        return Image.of(answer.json())

    def submit(
        self, fixed: Image, moving: Image, *, key: str | None = None, **request: Unpack[RegistrationRequest]
    ) -> Job:
        """Submit a pair and return its job.

        Args:
            fixed: The fixed image.
            moving: The moving image.
            key: Idempotency key; the same key gives the same job, from any process. By default a new one.
            **request: Settings and priority of the job.
        """
        body = {"fixed_image_id": fixed.id, "moving_image_id": moving.id, **request}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return Job.of(self._requests.send("POST", REGISTRATIONS, json=body, headers=headers).json())

    def submit_many(
        self,
        fixed: Image,
        movings: Iterable[Image],
        *,
        key: str | None = None,
        **request: Unpack[RegistrationRequest],
    ) -> str:
        """Submit a batch of at most 10,000 pairs of one fixed image and return its id."""
        body = {"fixed_image_id": fixed.id, "moving_image_ids": [image.id for image in movings], **request}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        batch = self._requests.send("POST", "/api/v1/batches", json=body, headers=headers).json()
        return str(batch["id"])

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Return a batch with the number of its jobs in each state."""
        batch: dict[str, Any] = self._requests.send("GET", f"/api/v1/batches/{batch_id}").json()
        return batch

    def job(self, job_id: str) -> Job:
        """Return the present state of a job."""
        return Job.of(self._requests.send("GET", f"{REGISTRATIONS}/{job_id}").json())

    def cancel(self, job: Job) -> Job:
        """Cancel a job and return it; a job that has ended stays as it is."""
        return Job.of(self._requests.send("DELETE", f"{REGISTRATIONS}/{job.id}").json())

    def wait(
        self, job: Job, timeout_s: float = 600.0, progress: Callable[[Job], None] = lambda job: None
    ) -> Job:
        """Wait until a job has ended and return it.

        Args:
            job: The job.
            timeout_s: Seconds to wait.
            progress: Called with the job at each change of its state or attempt.

        Raises:
            TookTooLong: The job has not ended in time; it continues.
        """
        end, reported, pause = time.monotonic() + timeout_s, None, 0.02
        while True:
            if (job.state, job.attempt) != reported:
                reported, pause = (job.state, job.attempt), 0.02
                progress(job)
            if job.ended:
                return job
            if time.monotonic() > end:
                raise TookTooLong(f"{job.id} is still {job.state} after {timeout_s:.0f} s")
            time.sleep(pause)
            pause = min(1.0, pause * 1.3)
            job = self.job(job.id)

    def result(self, job: Job, timeout_s: float = 600.0) -> dict[str, Any]:
        """Wait for a job and return its result, in the form of ``Registration.to_json``.

        Raises:
            Failed: The job has ended without a result.
            TookTooLong: The job has not ended in time.
        """
        job = self.wait(job, timeout_s)
        if job.result is None:
            why = (job.failure or {}).get("message", "no reason was given")
            raise Failed(f"{job.id} is {job.state}: {why}")
        return job.result

    def register(
        self, fixed: Source, moving: Source, timeout_s: float = 600.0, **request: Unpack[RegistrationRequest]
    ) -> dict[str, Any]:
        """Upload two files, register them and return the result.

        Raises:
            Refused: The service does not accept a file or a setting.
            Failed: The job has ended without a result.
            TookTooLong: The job has not ended in time.
        """
        return self.result(self.submit(self.upload(fixed), self.upload(moving), **request), timeout_s)

    def register_at_once(
        self, fixed: bytes, moving: bytes, deadline_ms: int, **setting: Unpack[Setting]
    ) -> dict[str, Any]:
        """Register two files outside the queue and return the result.

        Args:
            fixed: Bytes of the fixed image's file.
            moving: Bytes of the moving image's file.
            deadline_ms: Time limit of the service.
            **setting: Settings of the registration.

        Raises:
            Refused: Code ``deadline-missed`` where the result is not ready in time.
        """
        files = {"fixed": ("fixed", fixed), "moving": ("moving", moving)}
        data = {
            "deadline_ms": str(deadline_ms),
            **{name: _form_value(value) for name, value in setting.items()},
        }
        answer = self._requests.send("POST", "/api/v1/register", files=files, data=data)
        result: dict[str, Any] = answer.json()
        return result

    def registered(self, job: Job, format: Literal["tiff", "ome-tiff"] = "tiff") -> bytes:
        """Return the registered image as the bytes of a TIFF file."""
        return self._get(job, "registered", format)

    def transform(self, job: Job, format: str = "json") -> str:
        """Return the transform in a format of ``xebra.transform_files.FORMATS``."""
        return self._get(job, "transform", format).decode()

    def apply(
        self,
        job: Job,
        images: Iterable[Image | Channels],
        *,
        interpolation: Literal["nearest", "linear", "cubic"] = "linear",
        same_field: bool = False,
        format: Literal["tiff", "ome-tiff"] = "tiff",
    ) -> bytes:
        """Put the result of a job on further channels of the moving scan.

        Args:
            job: A job that has succeeded.
            images: Uploaded images, or channels of uploaded files.
            interpolation: Between pixels; ``nearest`` for labels.
            same_field: Images with another number of pixels show the same field.
            format: A TIFF file for each image, or one OME-TIFF.

        Returns:
            The bytes of a TIFF file, or of a ZIP archive of several.

        Raises:
            Refused: The service does not accept an image or a setting.
        """
        chosen = [each if isinstance(each, Channels) else Channels(each) for each in images]
        body: dict[str, Any] = {"images": [each.body() for each in chosen], "format": format}
        body |= {"interpolation": interpolation, "same_field": same_field}
        return self._requests.send("POST", f"{REGISTRATIONS}/{job.id}/apply", json=body).content

    def apply_to_points(self, job: Job, table: str, to: Literal["fixed", "moving"] = "fixed") -> str:
        """Return a CSV table with its columns x and y, in px, mapped to the other image."""
        return self._mapped(job, "points", table, "text/csv", to)

    def apply_to_regions(self, job: Job, geojson: str, to: Literal["fixed", "moving"] = "fixed") -> str:
        """Return GeoJSON with its coordinates, in px, mapped to the other image."""
        return self._mapped(job, "regions", geojson, "application/geo+json", to)

    def _get(self, job: Job, what: str, format: str) -> bytes:
        path = f"{REGISTRATIONS}/{job.id}/{what}"
        return self._requests.send("GET", path, params={"format": format}).content

    def _mapped(self, job: Job, what: str, content: str, media_type: str, to: str) -> str:
        path, headers = f"{REGISTRATIONS}/{job.id}/apply/{what}", {"Content-Type": media_type}
        return self._requests.send(
            "POST", path, params={"to": to}, content=content.encode(), headers=headers
        ).content.decode()


def _form_value(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)
