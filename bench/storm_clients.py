"""Clients of a service whose parts are killed: each request is repeated until it is answered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import numpy as np
from support.service import speckle, tiff

GOOD, INVALID, CANCELLED = "good", "invalid", "cancelled"
SHARES = {GOOD: 0.92, INVALID: 0.04, CANCELLED: 0.04}
CONTRADICTORY = {"fixed_spacing_um": 1e3, "moving_spacing_um": 1e-3}  # a worker refuses this pair
SIDE = 64
TIMEOUT_S = 20
PAUSE_S = 0.2


@dataclass
class Clients:
    """Threads that submit jobs while few are queued; ``accepted`` has the kind of each job by its id."""

    urls: list[str]
    queue_length: Callable[[], int]
    most_queued: int = 60
    accepted: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)  # of accepted submissions, repetitions included
    repetitions: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def start(self, count: int, seed: int) -> list[threading.Thread]:
        """Upload the images and start the threads."""
        images = {name: self._upload(pixels) for name, pixels in _images().items()}
        threads = [threading.Thread(target=self._run, args=(images, seed + n)) for n in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def without_image(self, count: int, seed: int) -> int:
        """Return how many of ``count`` random jobs of good pairs have no registered image."""
        chance = random.Random(seed)
        good = [id for id, kind in self.accepted.items() if kind == GOOD]
        paths = [
            f"/api/v1/registrations/{id}/registered" for id in chance.sample(good, min(count, len(good)))
        ]
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            found = [self._repeat(client, "GET", path, chance) for path in paths]
        return sum(answer.content[:2] != b"II" for answer in found)

    def _run(self, images: dict[str, str], seed: int) -> None:
        chance = random.Random(seed)
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            while not self.stop.is_set():
                if self.queue_length() < self.most_queued:
                    self._submit(client, images, chance)
                else:
                    time.sleep(PAUSE_S)

    def _submit(self, client: httpx.Client, images: dict[str, str], chance: random.Random) -> None:
        kind = chance.choices([*SHARES], [*SHARES.values()])[0]
        pair = images | {"network": "paper"} | (CONTRADICTORY if kind == INVALID else {})
        key = {"Idempotency-Key": str(uuid4())}
        started = time.monotonic()
        answer = self._repeat(client, "POST", "/api/v1/registrations", chance, json=pair, headers=key)
        assert answer.status_code == 202, answer.text
        self.seconds.append(time.monotonic() - started)
        self.accepted[answer.json()["id"]] = kind
        if kind == CANCELLED:
            path = answer.json()["links"]["self"]
            assert self._repeat(client, "DELETE", path, chance).status_code in (200, 409)

    def _repeat(
        self, client: httpx.Client, method: str, path: str, chance: random.Random, **request
    ) -> httpx.Response:
        """Send a request to one API process or another until it is answered."""
        while True:
            try:
                answer = client.request(method, chance.choice(self.urls) + path, **request)
                if answer.status_code < 500 and "idempotency-key-in-flight" not in answer.text:
                    return answer
            except httpx.TransportError:
                pass
            self.repetitions += 1
            time.sleep(PAUSE_S)

    def _upload(self, pixels: np.ndarray) -> str:
        files = {"file": ("image.tif", tiff(pixels))}
        return httpx.post(f"{self.urls[0]}/api/v1/images", files=files).raise_for_status().json()["id"]


def _images() -> dict[str, np.ndarray]:
    fixed = speckle(SIDE)
    return {"fixed_image_id": fixed, "moving_image_id": np.roll(fixed, 3, 1)}
