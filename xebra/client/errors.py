"""Exceptions of the client."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The service refused a request; ``problem`` is the problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail') or problem.get('title') or problem}")
        self.status, self.problem = status, problem

    @property
    def code(self) -> str:
        """Return the kind of problem, for instance ``image-not-found``."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class Failed(Exception):
    """The registration has ended without a result."""


class TookTooLong(Exception):
    """The registration has not ended within the timeout; it continues."""
