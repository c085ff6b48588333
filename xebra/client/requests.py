"""HTTP requests with retries and backoff."""

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

RETRIED_STATUS = (429, 502, 503, 504)
MAX_BACKOFF_S = 30.0


class Requests:
    """A connection to the service, for requests that may be repeated without a second effect."""

    def __init__(self, url: str, api_key: str | None, timeout_s: float, tries: int) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)
        self.tries = tries

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, again after a temporary failure, and return the response.

        Raises:
            Refused: The service answered with a problem.
            httpx.TransportError: The service cannot be reached.
        """
        for tried in range(1, self.tries + 1):
            try:
                answer = self.http.request(method, path, **options)
            except httpx.TransportError:
                if tried == self.tries:
                    raise
                time.sleep(_pause(tried))
                continue
            if answer.status_code not in RETRIED_STATUS or tried == self.tries or _deadline(answer):
                return _accepted(answer)
            time.sleep(_pause(tried, answer.headers.get("Retry-After")))
        raise AssertionError("tries must be at least 1")

    def close(self) -> None:
        """Close the connection."""
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
    """Return whether a deadline was missed, which a repetition would miss too."""
    return answer.status_code == 504 and "deadline-missed" in answer.text


def _pause(tried: int, retry_after: str | None = None) -> float:
    """Return the seconds to wait: those of ``Retry-After``, else exponential backoff with jitter."""
    if retry_after and retry_after.isdigit():
        return min(float(retry_after), MAX_BACKOFF_S)
    backoff: float = min(MAX_BACKOFF_S, 0.2 * 2**tried)
    return backoff * random.uniform(0.5, 1)
