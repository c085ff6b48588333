"""Requests that are tried again where that is safe and may help."""

from __future__ import annotations

import random
import time
from typing import Any

from xebra.client.errors import Refused
from xebra.extras import with_hint

try:
    import httpx
except ModuleNotFoundError as error:
    raise with_hint(error) from None

AGAIN = (429, 502, 503, 504)
LONGEST_PAUSE_S = 30.0


class Requests:
    """One connection to the service; only for requests that do no harm when they arrive twice."""

    def __init__(self, url: str, api_key: str | None, timeout_s: float, tries: int) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)
        self.tries = tries

    def send(self, method: str, path: str, **asked: Any) -> httpx.Response:
        """The answer; raises ``Refused``, or httpx's error where the service cannot be reached."""
        for tried in range(1, self.tries + 1):
            try:
                answer = self.http.request(method, path, **asked)
            except httpx.TransportError:
                if tried == self.tries:
                    raise
                time.sleep(_pause(tried))
                continue
            if answer.status_code not in AGAIN or tried == self.tries or _deadline(answer):
                return _accepted(answer)
            time.sleep(_pause(tried, answer.headers.get("Retry-After")))
        raise AssertionError("tries must be at least 1")

    def close(self) -> None:
        self.http.close()


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {"detail": answer.text[:500]}
    raise Refused(answer.status_code, problem)


def _deadline(answer: httpx.Response) -> bool:
    """What came too late once would only come later still."""
    return answer.status_code == 504 and "deadline-missed" in answer.text


def _pause(tried: int, asked_for: str | None = None) -> float:
    """As long as the service asks for, else longer each time, and never the same for all clients."""
    if asked_for and asked_for.isdigit():
        return min(float(asked_for), LONGEST_PAUSE_S)
    return min(LONGEST_PAUSE_S, 0.2 * 2**tried) * random.uniform(0.5, 1)
